"""Tiers: where they begin, and that a score on a border does not flap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.circles.limits import DEFAULT_LIMITS
from lakay_streams.domain.circles.tiers import AT_RISK, CRITICAL, HEALTHY, WATCH, next_tier, tier_of

MARGIN = DEFAULT_LIMITS.hysteresis_margin
THRESHOLDS = [DEFAULT_LIMITS.healthy_threshold, DEFAULT_LIMITS.watch_threshold, DEFAULT_LIMITS.at_risk_threshold]
scores = st.floats(0, 1)


@pytest.mark.parametrize(
    ("score", "tier"),
    [
        (1.0, HEALTHY),
        (0.9, HEALTHY),
        (0.899, WATCH),
        (0.75, WATCH),
        (0.749, AT_RISK),
        (0.5, AT_RISK),
        (0.499, CRITICAL),
    ],
)
def test_a_score_at_a_threshold_is_in_the_better_tier(score: float, tier: int) -> None:
    assert tier_of(score, DEFAULT_LIMITS) == tier


def test_a_circle_falls_at_once_and_through_several_tiers() -> None:
    assert next_tier(HEALTHY, 0.3, DEFAULT_LIMITS) == CRITICAL
    assert next_tier(WATCH, 0.74, DEFAULT_LIMITS) == AT_RISK


def test_a_circle_rises_a_margin_above_the_threshold_only() -> None:
    assert next_tier(WATCH, 0.92, DEFAULT_LIMITS) == WATCH
    assert next_tier(WATCH, 0.93, DEFAULT_LIMITS) == HEALTHY
    assert next_tier(CRITICAL, 0.76, DEFAULT_LIMITS) == AT_RISK, (
        "it rises to where it is a margin above, and no further"
    )


@given(st.sampled_from(THRESHOLDS), st.lists(st.floats(-MARGIN / 2.01, MARGIN / 2.01), min_size=1))
def test_a_score_that_swings_about_a_border_changes_the_tier_once_at_most(border: float, swings: list[float]) -> None:
    tier = first = tier_of(border + 0.02, DEFAULT_LIMITS)
    tiers = [tier := next_tier(tier, border + swing, DEFAULT_LIMITS) for swing in swings]
    assert sum(now != was for was, now in zip([first, *tiers], tiers, strict=False)) <= 1


@given(st.integers(0, 3), scores, scores)
def test_a_better_score_never_ends_in_a_worse_tier(tier: int, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert next_tier(tier, high, DEFAULT_LIMITS) <= next_tier(tier, low, DEFAULT_LIMITS)


@given(st.integers(0, 3), scores)
def test_the_tier_settles_with_the_score(tier: int, score: float) -> None:
    settled = next_tier(tier, score, DEFAULT_LIMITS)
    assert next_tier(settled, score, DEFAULT_LIMITS) == settled
