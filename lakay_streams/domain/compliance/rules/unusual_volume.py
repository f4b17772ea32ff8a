"""Unusual volume: one business day far above what the customer usually moves.

Source: 31 CFR 1022.320(a)(2) (not the sort in which the customer normally would engage); runbook section 2.3,
COMPLIANCE_VOLUME_MULTIPLIER. Input: US cents in and out of the business day, a circle's payouts left out since a plan
foretold them; the mean of the days with movements among the 30 days before, of which there must be five. Result: a
finding above the multiplier times the mean, from 5,000 US dollars (COMPLIANCE_VOLUME_FLOOR) on; it recommends a review.
Confidence: 0.4 at the limit, rising to 0.9 at three times as much.
"""

from __future__ import annotations

from lakay_streams.domain.business_day import iso_day
from lakay_streams.domain.compliance.alert import REVIEW, ComplianceFinding, Totals
from lakay_streams.domain.compliance.facts import Facts, named
from lakay_streams.domain.compliance.movement import PAYOUT
from lakay_streams.domain.compliance.state import Day, days_between, on_day
from lakay_streams.domain.money import usd

NAME = "unusual_volume"
REGULATION = "31 CFR 1022.320"


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return a finding when the day's volume is unusual for the customer."""
    limits = facts.limits
    if facts.movement is not None and facts.movement.channel == PAYOUT:
        return None
    day = on_day(facts.state, facts.day)
    volume = _volume(day)
    if volume < limits.volume_floor_minor:
        return None
    before = days_between(facts.state, day.day - limits.volume_history_days, day.day - 1)
    if len(before) < limits.volume_active_days_min:
        return None
    mean = sum(map(_volume, before)) // len(before)
    limit = int(mean * limits.volume_multiplier)
    if volume <= limit:
        return None
    today = [each for each in facts.state.movements if each.day == day.day and each.channel != PAYOUT]
    evidence, truncated = named(today, len(today) < day.movements and facts.is_truncated(today[0].at if today else 0))
    times = [each.at for each in today] or [facts.at]
    return ComplianceFinding(
        NAME,
        REGULATION,
        iso_day(day.day),
        round(min(0.9, 0.4 + 0.25 * (volume / max(1, limit) - 1.0)), 4),
        REVIEW,
        f"{usd(volume)} moved on {iso_day(day.day)}, {volume / max(1, mean):.1f} times the mean of {usd(mean)}",
        evidence,
        Totals(day.movements, day.in_minor, day.out_minor, day.cash_in_minor, day.cash_out_minor),
        min(times),
        max(times),
        truncated=truncated,
        values={
            "volume_minor": volume,
            "mean_minor": mean,
            "multiplier": limits.volume_multiplier,
            "floor_minor": limits.volume_floor_minor,
            "days_with_movements": len(before),
        },
    )


def _volume(day: Day) -> int:
    return day.in_minor + day.out_minor - day.explained_minor
