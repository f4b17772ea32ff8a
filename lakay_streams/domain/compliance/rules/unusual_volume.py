"""Unusual volume: one business day far above what the customer usually moves.

Source: 31 CFR 1022.320(a)(2) (not the sort in which the customer normally would engage); runbook section 2.3,
COMPLIANCE_VOLUME_MULTIPLIER ("multiplier over 30-day mean"). Input: US cents in and out of the business day, a circle's
payouts left out since a plan foretold them; the thirty calendar days before it, days without movements included; and
the days with movements of all that are kept, about two months. Result: a finding from 5,000 US dollars
(COMPLIANCE_VOLUME_FLOOR) on, above the multiplier times both means: that of the thirty calendar days, and that of the
customer's own days with movements. It recommends a review.

By calendar days alone whoever pays rent once a month would be found each month; by five days with movements, as before,
who moves 200 dollars every two weeks never was. A customer's habits are known after thirty days, or five days with
movements. Of a customer of longer standing who moved nothing for two months, any day from the floor on is found.
Confidence: 0.4 at the limit (at the floor where that is higher), rising to 0.9 at three times as much.
"""

from __future__ import annotations

from lakay_streams.domain.business_day import business_day, iso_day
from lakay_streams.domain.compliance.alert import REVIEW, ComplianceFinding, Totals
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import found
from lakay_streams.domain.compliance.movement import PAYOUT
from lakay_streams.domain.compliance.state import days_between, on_day
from lakay_streams.domain.compliance.totals import Day
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
    known = days_between(facts.state, day.day - limits.days_kept + 1, day.day - 1)
    month = [each for each in known if each.day >= day.day - limits.volume_history_days]
    if len(month) < limits.volume_active_days_min and not _is_of_standing(facts, day.day):
        return None
    histories = (month, limits.volume_history_days), (known, max(1, len(known)))
    # Compared before the means are rounded.
    if any(volume * days <= limits.volume_multiplier * sum(map(_volume, each)) for each, days in histories):
        return None
    mean, usual = (sum(map(_volume, each)) // days for each, days in histories)
    limit = int(max(mean, usual) * limits.volume_multiplier)
    today = [each for each in facts.state.movements if each.day == day.day and each.channel != PAYOUT]
    return found(
        facts,
        rule=NAME,
        regulation=REGULATION,
        confidence=round(min(0.9, 0.4 + 0.25 * (volume / max(limit, limits.volume_floor_minor) - 1.0)), 4),
        recommendation=REVIEW,
        reason=f"{usd(volume)} moved in and out on {iso_day(day.day)}; {usd(mean)} is the mean of the "
        f"{limits.volume_history_days} days before, {usd(usual)} that of days with movements",
        movements=today,
        missing=len(today) < day.movements and facts.is_truncated(today[0].at if today else 0),
        totals=Totals(day.movements, day.in_minor, day.out_minor, day.cash_in_minor, day.cash_out_minor),
        values={
            "volume_minor": volume,
            "mean_minor": mean,
            "active_mean_minor": usual,
            "multiplier": limits.volume_multiplier,
            "floor_minor": limits.volume_floor_minor,
            "days_with_movements": len(known),
        },
    )


def _volume(day: Day) -> int:
    return day.in_minor + day.out_minor - day.explained_minor


def _is_of_standing(facts: Facts, day: int) -> bool:
    """Whether the customer has moved money for as long as a history is."""
    first = facts.state.first_at
    return first is not None and business_day(first, facts.limits.zone) <= day - facts.limits.volume_history_days
