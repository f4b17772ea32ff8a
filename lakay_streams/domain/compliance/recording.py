"""Putting what counts into a customer's record, in order of time and within its bounds, and taking it out again.

What falls out of a bound stands in the ledger; from when on the record is whole is told by `details_from`,
`dropped_until` and `days_from` (`state`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter

from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.movement import Movement
from lakay_streams.domain.compliance.state import (
    ATTEMPTS_KEPT,
    DAYS_MAX,
    MOVEMENTS_KEPT,
    RECEIPTS_KEPT,
    ComplianceState,
    is_early,
)
from lakay_streams.domain.compliance.totals import Day, totalled
from lakay_streams.domain.frozen import replace

_at = attrgetter("at")
_day = attrgetter("day")


def with_movement(state: ComplianceState, movement: Movement, limits: ComplianceLimits) -> ComplianceState:
    """Return the state with one more movement, which takes its place in order of time."""
    at, movements, dropped = movement.at, state.movements, state.dropped_until
    newest = movements[-1].at if movements and movements[-1].at > at else at
    begins = max(state.details_from, newest - limits.details_ms)
    if at >= begins and at > dropped:
        movements = _placed(movements, movement)
    if movements and movements[0].at < begins:
        movements = movements[bisect_left(movements, begins, key=_at) :]
    if len(movements) > MOVEMENTS_KEPT:
        dropped = max(dropped, movements[-MOVEMENTS_KEPT - 1].at)
        # All of that moment: whether details are whole is told by time.
        movements = movements[bisect_right(movements, dropped, key=_at) :]
    days, days_from = _totalled(state, movement, 1, limits, receipt=False)
    return replace(
        state,
        movements=movements,
        days=days,
        dropped_until=dropped,
        first_at=at if state.first_at is None else min(at, state.first_at),
        details_from=begins,
        days_from=days_from,
    )


def without_movement(state: ComplianceState, movement: Movement, limits: ComplianceLimits) -> ComplianceState:
    """Return the state without a movement, as if it had never been counted."""
    days, days_from = _totalled(state, movement, -1, limits, receipt=False)
    return replace(state, movements=_without(state.movements, movement), days=days, days_from=days_from)


def with_receipt(state: ComplianceState, receipt: Movement, limits: ComplianceLimits) -> ComplianceState:
    """Return the state with what was handed in for a remittance."""
    receipts, dropped = state.receipts, state.receipts_dropped_until
    if not is_early(state, receipt.at):
        receipts = _placed(receipts, receipt)
    if receipts and receipts[0].at < state.details_from:
        receipts = receipts[bisect_left(receipts, state.details_from, key=_at) :]
    if len(receipts) > RECEIPTS_KEPT:
        dropped = max(dropped, receipts[-RECEIPTS_KEPT - 1].at)
        receipts = receipts[bisect_right(receipts, dropped, key=_at) :]
    days, days_from = _totalled(state, receipt, 1, limits, receipt=True)
    return replace(state, receipts=receipts, days=days, days_from=days_from, receipts_dropped_until=dropped)


def without_receipt(state: ComplianceState, receipt: Movement, limits: ComplianceLimits) -> ComplianceState:
    """Return the state without a receipt that was none."""
    days, days_from = _totalled(state, receipt, -1, limits, receipt=True)
    return replace(state, receipts=_without(state.receipts, receipt), days=days, days_from=days_from)


def with_attempt(state: ComplianceState, attempt: Movement) -> ComplianceState:
    """Return the state with one more attempt; beyond the bound the smallest goes, so that none is hidden by others."""
    attempts = tuple([each for each in _placed(state.attempts, attempt) if each.at >= state.details_from])
    if len(attempts) > ATTEMPTS_KEPT:
        smallest = min(attempts, key=lambda each: (each.dollars, each.at))
        attempts = tuple([each for each in attempts if each is not smallest])
    return replace(state, attempts=attempts)


def without_attempt(state: ComplianceState, attempt: Movement) -> ComplianceState:
    """Return the state without an attempt that was completed after all."""
    return replace(state, attempts=_without(state.attempts, attempt))


def with_country(state: ComplianceState, country: str) -> ComplianceState:
    """Return the state with one more remittance to a country: all of them, for the rarest may be the one listed."""
    countries = state.countries
    if any(each == country for each, _ in countries):
        return replace(state, countries=tuple([(each, n + (each == country)) for each, n in countries]))
    return replace(state, countries=(*countries, (country, 1)))


def _placed(movements: tuple[Movement, ...], movement: Movement) -> tuple[Movement, ...]:
    if not movements or movement.at >= movements[-1].at:
        return (*movements, movement)
    place = bisect_right(movements, movement.at, key=_at)
    return (*movements[:place], movement, *movements[place:])


def _without(movements: tuple[Movement, ...], movement: Movement) -> tuple[Movement, ...]:
    return tuple([each for each in movements if each.id != movement.id])


def _totalled(
    state: ComplianceState, movement: Movement, sign: int, limits: ComplianceLimits, *, receipt: bool
) -> tuple[tuple[Day, ...], int]:
    """Return the days with one total changed, and from which day on they are whole."""
    days, begins, day = state.days, state.days_from, movement.day
    if day < begins:
        return days, begins
    if not days or days[-1].day < day:
        place, known = len(days), None
    else:
        place = len(days) - 1 if days[-1].day == day else bisect_left(days, day, key=_day)
        known = days[place] if days[place].day == day else None
    nothing = Day(day)
    total = totalled(known or nothing, movement, sign, limits, receipt=receipt)
    after = days[place:] if known is None else days[place + 1 :]
    days = (*days[:place], *after) if total == nothing else (*days[:place], total, *after)
    if not days:
        return days, begins
    begins = max(begins, days[-1].day - limits.days_kept + 1)
    if len(days) > DAYS_MAX:
        begins = max(begins, days[-DAYS_MAX].day)
    if days[0].day < begins:
        days = days[bisect_left(days, begins, key=_day) :]
    return days, begins
