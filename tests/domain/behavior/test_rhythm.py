"""Hours on a circle: their mean, their concentration, and what is unusual."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.behavior.clock import phases
from lakay_streams.domain.behavior.rhythm import (
    DECAY,
    KERNEL,
    PRIOR_SESSIONS,
    Rhythm,
    concentration,
    density,
    learn,
    mean_phase,
    rarity,
)
from lakay_streams.domain.local_time import Home
from tests.domain.story import DAY

phase = st.floats(0, 1, exclude_max=True)
BOSTON = Home(-71.0589, "US")


def learned(told: list[float]) -> Rhythm:
    rhythm = Rhythm()
    for each in told:
        rhythm = learn(rhythm, each)
    return rhythm


def apart(one: float, other: float) -> float:
    """The way between two phases, the shorter one."""
    return min((one - other) % 1.0, (other - one) % 1.0)


def test_the_mean_of_the_hours_around_midnight_is_midnight() -> None:
    mean = mean_phase(learned([hour / 24 for hour in (22.5, 23, 23.5, 0, 0.5, 1, 1.5)]))
    assert mean is not None
    assert apart(mean, 0.0) < 1e-9


def test_half_past_eleven_and_half_past_midnight_are_not_noon() -> None:
    mean = mean_phase(learned([23.5 / 24, 0.5 / 24]))
    assert mean is not None
    assert apart(mean, 0.5) == pytest.approx(0.5)


def test_sessions_all_around_the_clock_have_no_mean() -> None:
    assert mean_phase(learned([0.0, 0.25, 0.5, 0.75])) is None
    assert mean_phase(Rhythm()) is None


@given(st.lists(phase, min_size=2, max_size=40), phase)
def test_who_lives_some_hours_later_has_the_same_rhythm_some_hours_later(told: list[float], later: float) -> None:
    here, there = learned(told), learned([(each + later) % 1.0 for each in told])
    assert concentration(there) == pytest.approx(concentration(here), rel=1e-6, abs=1e-6)
    for at in (0.0, 0.3, 0.7):
        assert density(there, (at + later) % 1.0) == pytest.approx(density(here, at), abs=1e-9)
    if concentration(here) > 0.1:
        one, other = mean_phase(here), mean_phase(there)
        assert one is not None
        assert other is not None
        assert apart(other, (one + later) % 1.0) < 1e-6


@given(st.lists(phase, min_size=1, max_size=60))
def test_the_density_is_the_von_mises_kernel_estimate(told: list[float]) -> None:
    """The weighted sum of von Mises densities, written out in numpy; the series is cut off after five harmonics."""
    weights = np.zeros(len(told))
    for place in range(len(told)):
        share = max(DECAY, 1.0 / (place + 1))
        weights[:place] *= 1.0 - share
        weights[place] = share
    rhythm, sessions = learned(told), min(len(told), (2 - DECAY) / DECAY)
    for at in np.arange(0, 1, 0.05):
        kernel = np.exp(5.0 * np.cos(2 * np.pi * (at - np.array(told)))) / np.i0(5.0)
        estimate = (sessions * float(weights @ kernel) + PRIOR_SESSIONS) / (sessions + PRIOR_SESSIONS)
        assert density(rhythm, float(at)) == pytest.approx(estimate, abs=0.08)


def test_the_kernels_coefficients_are_the_bessel_functions_ratios() -> None:
    angles = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    kernel = np.exp(5.0 * np.cos(angles))
    for multiple, coefficient in enumerate(KERNEL, 1):
        assert coefficient == pytest.approx(float((kernel * np.cos(multiple * angles)).sum() / kernel.sum()), abs=1e-5)


@pytest.mark.parametrize("kappa", [0.3, 1.0, 2.0, 5.0, 20.0])
def test_the_concentration_is_that_of_the_von_mises_distribution_it_was_drawn_from(kappa: float) -> None:
    # Quantiles, so that nothing hangs on a draw; the recursion's fading weights blur them a little.
    angles = np.linspace(-np.pi, np.pi, 100_001)
    cumulative = np.cumsum(np.exp(kappa * np.cos(angles)))
    random = np.random.default_rng(5)
    found = []
    for _ in range(60):
        drawn = np.interp(random.random(200), cumulative / cumulative[-1], angles)
        found.append(concentration(learned([float(each / (2 * np.pi)) % 1.0 for each in drawn])))
    assert np.median(found) == pytest.approx(kappa, rel=0.2, abs=0.25)


@given(st.lists(phase, max_size=60))
def test_the_concentration_of_any_sessions_is_a_number_and_not_negative(told: list[float]) -> None:
    assert 0.0 <= concentration(learned(told)) < 1e7


@given(st.lists(phase, max_size=60), phase, st.floats(1, 3))
def test_rarity_is_in_bounds_and_a_wider_tolerance_never_raises_it(told: list[float], at: float, wider: float) -> None:
    rhythm = learned(told)
    assert 0.0 <= rarity(rhythm, at, wider) <= rarity(rhythm, at) <= 1.0


def test_three_in_the_morning_is_rare_for_who_comes_in_the_evening_and_usual_for_the_night_shift() -> None:
    evening = learned([(20 + 0.5 * (number % 5)) / 24 for number in range(30)])
    night = learned([(1 + 0.5 * (number % 5)) / 24 for number in range(30)])
    assert rarity(evening, 3 / 24) == 1.0
    assert rarity(night, 3 / 24) == 0.0
    assert rarity(night, 15 / 24) == 1.0
    assert rarity(evening, 21.5 / 24) == 0.0


def test_a_single_session_makes_no_time_rare() -> None:
    assert rarity(learned([0.8]), 0.3) == 0.0


def test_who_comes_before_and_after_work_is_not_expected_at_noon() -> None:
    """One von Mises distribution would put the mean of the two, and the most of its density, at a time nobody comes."""
    rhythm = learned([7.5 / 24, 17.5 / 24] * 20)
    assert rarity(rhythm, 7 / 24) == rarity(rhythm, 18 / 24) == 0.0
    assert density(rhythm, 12.5 / 24) < density(rhythm, 7.5 / 24) / 4


@pytest.mark.parametrize("change", [datetime(2026, 3, 8), datetime(2026, 11, 1)])  # noqa: DTZ001 - made aware below
def test_a_habit_of_eight_in_the_evening_outlives_the_change_of_clocks(change: datetime) -> None:
    evening = change.replace(hour=20, tzinfo=ZoneInfo("America/New_York"))
    told = []
    for day in range(-30, 30):
        at = int(evening.timestamp() * 1000) + day * DAY
        # By the wall clock: an hour earlier or later by UTC on the other side of the change.
        local = datetime.fromtimestamp(at / 1000, tz=ZoneInfo("America/New_York"))
        at += (20 - local.hour) * 3_600_000
        told.append(phases(at, BOSTON)[0])
    assert told == pytest.approx([20 / 24] * 60)
    before = learned(told[:30])
    assert all(rarity(before, each) == 0.0 for each in told[30:])
