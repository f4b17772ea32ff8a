"""Structuring: several amounts below the reporting threshold that together exceed it, in a day or over weeks.

Source: 31 USC 5324(a)(3) and 31 CFR 1010.314 (structuring to evade the reports of 1010.311 and the records of
1010.415); runbook section 2.3, COMPLIANCE_STRUCTURING_LOOKBACK_DAYS and COMPLIANCE_SAR_CONFIDENCE. Cash and money
orders count, each way apart, in amounts up to the threshold. Over weeks they count from 500 US dollars on average.

The confidence is in [0, 1], the sum of these signals, each at most its weight:

    base         0.20  several amounts below the threshold exceed it together
    closeness    0.25  amounts at 80 to 100% of the reporting threshold, or of 3,000 dollars (recordkeeping)
    count        0.20  how many, from two (nothing) to seven
    regularity   0.15  how like the amounts are, less for few of them
    variety      0.05  several methods, channels or recipients
    timing       0.15  within one day; over weeks: two on either side of midnight
    history      0.15  the customer did not do the like before
    given up     0.30  an amount above the threshold was asked for before, or meanwhile, and came to nothing: attempted
                       transactions count (31 CFR 1022.320(a)(2))

A report is recommended from COMPLIANCE_SAR_CONFIDENCE on, and only where closeness, variety, timing or what was given
up speaks of intent:
FinCEN's answers of October 2025 say that amounts near the threshold alone call for none. One movement is never found,
and none is reported unless what is left without the largest makes 2,000 US dollars: petty cash makes no parts of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

from lakay_streams.domain.business_day import day_start, iso_day
from lakay_streams.domain.compliance.alert import REVIEW, SAR, SAR_MIN_MINOR, ComplianceFinding, Signal
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import (
    EVIDENCE_KEPT,
    basis_of,
    confidence_of,
    found,
    rates_text,
    totals_of,
)
from lakay_streams.domain.compliance.limits import DAY_MS, HOUR_MS, ComplianceLimits
from lakay_streams.domain.compliance.movement import IN, Movement
from lakay_streams.domain.compliance.state import days_between, handed_within, on_day
from lakay_streams.domain.compliance.totals import Day
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.money import Dollars, usd

NAME = "structuring"
REGULATION = "31 USC 5324; 31 CFR 1010.314, 1022.320"

_INTENT = frozenset({"closeness", "variety", "timing", "given_up"})

MIDNIGHT_MS = 2 * HOUR_MS
"""So close to midnight on both sides are two amounts of one errand."""


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return the surer of what the day and what the weeks show, for the way in which the movement went."""
    movement = facts.movement
    if movement is not None and not movement.handed:
        return None
    ways = (movement.handed,) if movement is not None else ("in", "out")
    both = [each for way in ways for each in (_in_a_day(facts, way), _over_weeks(facts, way)) if each is not None]
    return max(both, key=lambda finding: finding.confidence, default=None)


def _in_a_day(facts: Facts, way: str) -> ComplianceFinding | None:
    day = on_day(facts.state, facts.day)
    number, handed = day.handed_over(way)
    total = handed.rounded_up
    if number < 2 or total <= facts.limits.ctr_threshold_minor:
        return None
    start, end = day_start(day.day, facts.limits.zone), day_start(day.day + 1, facts.limits.zone) - 1
    parts = _parts(facts, way, start, end)
    timing = Signal("timing", min(1.0, (number - 1) / 2), 0.15, "within one business day")
    when = f"on {iso_day(day.day)}"
    return _judged(facts, way, parts, number, total, timing, start, end, when, (day.day, day.day))


def _over_weeks(facts: Facts, way: str) -> ComplianceFinding | None:
    """Look back from the movement, or from a later one that it belongs to."""
    limits = facts.limits
    later = days_between(facts.state, facts.day, facts.day + limits.lookback_days - 1)
    last = later[-1].day if later else facts.day
    first = last - limits.lookback_days + 1
    days = [each for each in days_between(facts.state, first, last) if each.handed_over(way)[0]]
    number, handed = _together(days, way)
    total = handed.rounded_up
    if len(days) < 2 or total <= limits.ctr_threshold_minor or total < number * limits.structuring_mean_min_minor:
        return None
    start, end = day_start(first, limits.zone), day_start(last + 1, limits.zone) - 1
    parts = _parts(facts, way, start, end)
    straddled = any(
        one.day != other.day and _near_midnight(one, limits) and _near_midnight(other, limits) and _follows(one, other)
        for one, other in pairwise(parts)
    )
    timing = Signal("timing", float(straddled), 0.15, "on either side of midnight" if straddled else "on several days")
    when = f"from {iso_day(days[0].day)} to {iso_day(days[-1].day)}"
    return _judged(facts, way, parts, number, total, timing, start, end, when, (first, last))


def _together(days: Sequence[Day], way: str) -> tuple[int, Dollars]:
    told = [day.handed_over(way) for day in days]
    return sum(number for number, _ in told), Dollars(
        sum(each.cents for _, each in told), sum(e.short for _, e in told)
    )


def _parts(facts: Facts, way: str, since: int, until: int) -> list[Movement]:
    most = facts.limits.ctr_threshold_minor
    handed = handed_within(facts.state, since, until)
    return [each for each in handed if each.handed == way and each.worth.rounded_up <= most]


def _given_up(facts: Facts, way: str, start: int, end: int) -> Signal:
    """Whoever asks for more than the threshold, gives it up and comes with less has heard of the report."""
    lookback = facts.limits.lookback_days * DAY_MS
    above = [
        each.dollars
        for each in facts.state.attempts
        if each.handed == way
        and each.worth.rounded_up > facts.limits.ctr_threshold_minor
        and start - lookback <= each.at <= end
    ]
    told = f"{usd(max(above))} asked for and given up" if above else "no larger amount asked for and given up"
    return Signal("given_up", float(bool(above)), 0.3, told)


def _near_midnight(movement: Movement, limits: ComplianceLimits) -> bool:
    since = movement.at - day_start(movement.day, limits.zone)
    until = day_start(movement.day + 1, limits.zone) - movement.at
    return since <= MIDNIGHT_MS or until <= MIDNIGHT_MS


def _follows(one: Movement, other: Movement) -> bool:
    return other.at - one.at <= 2 * MIDNIGHT_MS


def _judged(
    facts: Facts,
    way: str,
    parts: Sequence[Movement],
    number: int,
    total: int,
    timing: Signal,
    start: int,
    end: int,
    when: str,
    days: tuple[int, int],
) -> ComplianceFinding | None:
    limits = facts.limits
    signals = (
        Signal("base", 1.0, 0.2, f"each at most {usd(limits.ctr_threshold_minor)}, together more"),
        _closeness(parts, limits),
        Signal("count", max(0.0, min(1.0, (number - 2) / 5)), 0.2, f"{number} amounts"),
        _regularity(parts),
        _variety(parts),
        timing,
        _history(facts, way, total, days),
        _given_up(facts, way, start, end),
    )
    confidence = confidence_of(signals)
    if confidence < limits.structuring_confidence_min:
        return None
    intent = any(signal.value > 0 for signal in signals if signal.signal in _INTENT)
    others = total - max([part.dollars for part in parts], default=0)
    reported = intent and confidence >= limits.sar_confidence and others >= SAR_MIN_MINOR
    missing, totals = len(parts) < number or facts.is_truncated(start), totals_of(parts)
    if missing or len(parts) > EVIDENCE_KEPT:
        totals = replace(totals, movements=number, **{f"{way}_minor": total})
    handed = "handed in" if way == IN else "handed out"
    return found(
        facts,
        rule=NAME,
        regulation=REGULATION,
        confidence=confidence,
        recommendation=SAR if reported else REVIEW,
        reason=f"{number} amounts of cash or money orders {handed} {when}, "
        f"none above {usd(limits.ctr_threshold_minor)}, together {usd(total)}{rates_text(parts)}",
        movements=parts,
        missing=missing,
        span=None if parts else (start, end),
        totals=totals,
        basis=basis_of(parts),
        signals=signals,
        values={
            "threshold_minor": limits.ctr_threshold_minor,
            "total_minor": total,
            "amounts": number,
            "way": way,
            "pattern": "day" if days[0] == days[1] else "lookback",
            "lookback_days": limits.lookback_days,
            "sar_confidence": limits.sar_confidence,
        },
    )


def _closeness(parts: Sequence[Movement], limits: ComplianceLimits) -> Signal:
    marks = (limits.ctr_threshold_minor, limits.recordkeeping_minor)
    near = [max(_nearness(part.dollars, mark) for mark in marks) for part in parts]
    value = round(sum(near) / len(near), 4) if near else 0.0
    return Signal("closeness", value, 0.25, f"amounts just below {usd(marks[0])} or {usd(marks[1])}")


def _nearness(amount: int, mark: int) -> float:
    """0 up to 80% of the mark, 1 from 90% to the mark itself, 0 above it."""
    return 0.0 if amount > mark else max(0.0, min(1.0, (10 * amount - 8 * mark) / mark))


def _regularity(parts: Sequence[Movement]) -> Signal:
    value = 0.0
    if len(parts) > 1:
        mean = sum(part.dollars for part in parts) / len(parts)
        spread = sqrt(sum((part.dollars - mean) ** 2 for part in parts) / len(parts)) / mean if mean else 1.0
        value = round(max(0.0, 1.0 - 4.0 * spread) * min(1.0, (len(parts) - 1) / 3), 4)
    return Signal("regularity", value, 0.15, "amounts like each other")


def _variety(parts: Sequence[Movement]) -> Signal:
    kinds = {(part.channel, part.payment_method, part.counterparty) for part in parts}
    return Signal("variety", max(0.0, min(1.0, (len(kinds) - 1) / 2)), 0.05, f"{len(kinds)} ways to hand it over")


def _history(facts: Facts, way: str, total: int, days: tuple[int, int]) -> Signal:
    """Compare with as many days before; for one day, with the mean of thirty."""
    first, last = days
    length = max(last - first + 1, facts.limits.volume_history_days)
    before = days_between(facts.state, first - length, first - 1)
    moved = _together(before, way)[1].rounded_up
    usual = moved * (last - first + 1) / length
    return Signal("history", round(max(0.0, 1.0 - usual / total), 4), 0.15, f"{usd(moved)} in the time before")
