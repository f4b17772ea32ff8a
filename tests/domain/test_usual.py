"""What is usual, against the whole history, on a scale of logarithms."""

from __future__ import annotations

from math import isclose, log1p
from statistics import fmean, pvariance

from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.ema import Ema
from lakay_streams.domain.usual import learn, spreads_above, usual_quantity

DECAY = 0.15
amounts = st.integers(0, 10**13)


def learned(history: list[int]) -> Ema:
    usual = Ema()
    for amount in history:
        usual = learn(usual, amount, DECAY)
    return usual


@given(st.lists(amounts, min_size=1, max_size=6))
def test_young_it_is_the_mean_and_variance_of_all_logarithms(history: list[int]) -> None:
    logs, usual = [log1p(amount) for amount in history], learned(history)
    assert usual.history == len(history)
    assert isclose(usual.mean, fmean(logs), abs_tol=1e-9)
    assert isclose(usual.variance, pvariance(logs), abs_tol=1e-9)


@given(st.lists(amounts, min_size=1, max_size=40), amounts, amounts)
def test_a_larger_amount_is_never_fewer_spreads_above(history: list[int], one: int, other: int) -> None:
    usual = learned(history)
    less, more = sorted((one, other))
    assert spreads_above(usual, less, 0.4) <= spreads_above(usual, more, 0.4)


def test_the_usual_amount_is_one_in_cents() -> None:
    assert usual_quantity(learned([100_00] * 8)) == 100_00


def test_someone_who_always_sends_the_same_may_send_a_little_more() -> None:
    assert spreads_above(learned([100_00] * 20), 120_00, 0.4) < 0.5
