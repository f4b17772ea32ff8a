"""The moving average, against its weights written out in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from lakay_streams.domain.ema import Ema, learn

SERIES = 10_000


def weights(count: int, decay: float) -> np.ndarray:
    """The weight of each of `count` observations, oldest first: each new one takes its share from all before."""
    found = np.zeros(count)
    for place in range(count):
        share = max(decay, 1.0 / (place + 1))
        found[:place] *= 1.0 - share
        found[place] = share
    return found


def test_ten_thousand_random_series_have_the_mean_and_variance_that_numpy_finds() -> None:
    random = np.random.default_rng(20260302)
    for _ in range(SERIES):
        count, decay = int(random.integers(1, 60)), float(random.choice([0.05, 0.15, 0.2, 0.5, 1.0]))
        scale, shift = 10.0 ** random.integers(-3, 7), 10.0 ** random.integers(0, 7)
        series = random.normal(shift, scale, count)
        ema = Ema()
        for value in series:
            ema = learn(ema, float(value), decay)
        weight = weights(count, decay)
        mean = np.average(series, weights=weight)
        variance = np.average((series - mean) ** 2, weights=weight)
        assert weight.sum() == pytest.approx(1.0)
        assert ema.history == count
        assert ema.mean == pytest.approx(mean, rel=1e-12, abs=1e-12)
        assert ema.variance == pytest.approx(variance, rel=1e-8, abs=1e-9 * scale**2 + 1e-15 * shift**2)


def test_a_large_offset_does_not_drown_a_small_spread() -> None:
    """The sum of squares less the squared mean would be all rounding error here."""
    ema = Ema()
    for number in range(200):
        ema = learn(ema, 1e9 + number % 2, 0.15)
    assert ema.variance == pytest.approx(0.25, rel=0.05)


def test_a_profile_follows_its_user() -> None:
    ema = Ema()
    for value in [10.0] * 50 + [20.0] * 50:
        ema = learn(ema, value, 0.15)
    assert ema.mean == pytest.approx(20.0, abs=0.01)


def test_without_data_there_is_no_mean_of_zero() -> None:
    assert Ema().history == 0
    assert learn(Ema(), 0.0, 0.15) == Ema(1, 0.0, 0.0)
