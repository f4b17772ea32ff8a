"""The amount profile, against the whole history."""

from __future__ import annotations

from math import isclose, log1p
from statistics import fmean, pvariance

from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.amount_profile import FORGETTING, AmountProfile, learn, spreads_above

amounts = st.integers(0, 10**13)


def learned(history: list[int]) -> AmountProfile:
    profile = AmountProfile()
    for amount in history:
        profile = learn(profile, amount)
    return profile


@given(st.lists(amounts, min_size=1, max_size=round(1 / FORGETTING)))
def test_a_young_profile_is_the_mean_and_variance_of_all_log_amounts(history: list[int]) -> None:
    logs, profile = [log1p(amount) for amount in history], learned(history)
    assert profile.history == len(history)
    assert isclose(profile.mean, fmean(logs), abs_tol=1e-9)
    assert isclose(profile.variance, pvariance(logs), abs_tol=1e-9)


@given(st.lists(amounts, min_size=21, max_size=80))
def test_an_old_profile_is_the_exponentially_weighted_mean_and_variance(history: list[int]) -> None:
    young = round(1 / FORGETTING)
    # The weights written out: equal for the first twenty, and each later amount takes its share from all before.
    weights = [(1 - FORGETTING) ** (len(history) - young) / young] * young
    weights += [FORGETTING * (1 - FORGETTING) ** (len(history) - 1 - place) for place in range(young, len(history))]
    logs = [log1p(amount) for amount in history]
    mean = sum(weight * log for weight, log in zip(weights, logs, strict=True))
    variance = sum(weight * (log - mean) ** 2 for weight, log in zip(weights, logs, strict=True))
    profile = learned(history)
    assert isclose(sum(weights), 1.0)
    assert isclose(profile.mean, mean, abs_tol=1e-9)
    assert isclose(profile.variance, variance, abs_tol=1e-9)


@given(st.lists(amounts, min_size=1, max_size=40), amounts, amounts)
def test_a_larger_amount_is_never_fewer_spreads_above(history: list[int], one: int, other: int) -> None:
    profile = learned(history)
    less, more = sorted((one, other))
    assert spreads_above(profile, less, 0.4) <= spreads_above(profile, more, 0.4)


def test_the_usual_amount_is_one_in_cents() -> None:
    assert learned([100_00] * 8).usual_minor == 100_00
