"""From a score to a tier. A circle falls at a threshold, and rises only when it is a margin above it.

So a score that swings about a threshold by less than the margin changes the tier once, not every time. Between a
threshold and the margin above it the tier depends on where the score comes from; everywhere else on the score alone. A
circle that failed is critical whatever its score.
"""

from __future__ import annotations

from lakay_streams.domain.circles.limits import CircleLimits

TIERS = ("healthy", "watch", "at-risk", "critical")
HEALTHY, WATCH, AT_RISK, CRITICAL = range(4)


def tier_of(score: float, limits: CircleLimits) -> int:
    """Return the place in `TIERS` of a score; a score at a threshold is in the better tier."""
    return (score < limits.healthy_threshold) + (score < limits.watch_threshold) + (score < limits.at_risk_threshold)


def next_tier(tier: int, score: float, limits: CircleLimits) -> int:
    """Return the place in `TIERS` after a circle of `tier` got this score."""
    falls_to = tier_of(score, limits)
    if falls_to >= tier:
        return falls_to
    return min(tier, tier_of(score - limits.hysteresis_margin, limits))
