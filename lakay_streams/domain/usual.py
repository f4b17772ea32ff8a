"""What is usual for a user: how much money, how many seconds, how many actions.

Kept as the moving average of logarithms, which lets one threshold serve a 20 USD and a 2,000 USD sender.
"""

from __future__ import annotations

from math import expm1, log1p, sqrt

from lakay_streams.domain import ema
from lakay_streams.domain.ema import Ema


def learn(usual: Ema, quantity: float, decay: float) -> Ema:
    """Return what is usual after one more `quantity` (0 or more)."""
    return ema.learn(usual, log1p(quantity), decay)


def usual_quantity(usual: Ema) -> int:
    """Return the quantity that the mean stands for, in the unit it was learned in."""
    return round(expm1(usual.mean))


def spreads_above(usual: Ema, quantity: float, min_spread: float) -> float:
    """Return by how many standard deviations `quantity` lies above usual; below zero when it is smaller.

    `min_spread` (in units of the logarithm) stands in for a smaller deviation: someone who always sends 100 USD may
    send 120 once.
    """
    return (log1p(quantity) - usual.mean) / max(sqrt(usual.variance), min_spread)
