"""How much a user usually sends: mean and variance of the logarithm of the amount.

Logarithms let one threshold serve a 20 USD and a 2,000 USD sender. The first `1 / FORGETTING` amounts weigh the same
(Welford's recursion, exact); from then on older amounts fade (exponentially weighted), so that a profile follows its
user. "No data" is `history == 0`, never a mean of zero.
"""

from __future__ import annotations

from math import expm1, log1p, sqrt
from typing import NamedTuple

FORGETTING = 0.05
"""The weight of the newest amount once the profile is warm."""


class AmountProfile(NamedTuple):
    """Mean and population variance of log1p(US cents), and how many amounts they rest on."""

    history: int = 0
    mean: float = 0.0
    variance: float = 0.0

    @property
    def usual_minor(self) -> int:
        """The amount (US cents) that the mean stands for."""
        return round(expm1(self.mean))


def learn(profile: AmountProfile, amount_minor: int) -> AmountProfile:
    """Return the profile with one more amount (US cents)."""
    history = profile.history + 1
    weight = max(1.0 / history, FORGETTING)
    delta = log1p(amount_minor) - profile.mean
    return AmountProfile(
        history, profile.mean + weight * delta, (1.0 - weight) * (profile.variance + weight * delta * delta)
    )


def spreads_above(profile: AmountProfile, amount_minor: int, min_spread: float) -> float:
    """Return by how many standard deviations the amount (US cents) lies above usual; below zero when it is smaller.

    `min_spread` (in units of log amount) stands in for a smaller deviation: someone who always sends 100 USD may send
    120 once.
    """
    return (log1p(amount_minor) - profile.mean) / max(sqrt(profile.variance), min_spread)
