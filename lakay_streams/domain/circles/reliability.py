"""How reliable a member is, across all circles: counts of what was paid, late and missed, the latest months foremost.

Counts are kept by month (UTC) of when each contribution was due, for the latest `MONTHS_KEPT`, and in one total for all
before. Adding is commutative, so any order of a member's changes ends in the same counts and score.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lakay_streams.domain.circles.limits import LATE_LOSS
from lakay_streams.domain.circles.membership import NOTHING, Tally
from lakay_streams.domain.events import MemberChanged
from lakay_streams.domain.frozen import Frozen

MONTHS_KEPT = 24
HALF_LIFE_MONTHS = 6
LEFT_OWING_LOSS = 6.0
"""Taking a pot and leaving counts as so many contributions missed."""
TAKEN_FOR_GRANTED = 3.0
"""A member nothing is known of begins with so many contributions paid in time."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MemberState(Frozen):
    """One member. `months` are (month, its changes), ascending; a month is 12 times the year, and the month from 0.

    A month's own changes may be negative: paying in March what was missed in February without a due date.
    """

    seen: bytes = b""
    since_at: int | None = None
    last_at: int | None = None
    months: tuple[tuple[int, Tally], ...] = ()
    before: Tally = NOTHING


NEW_MEMBER = MemberState()
"""The state of a member before the first event."""


class Reliability(Frozen):
    """`score` in [0, 1], and the contributions it rests on: the more, the surer. `recent` weighs them by age."""

    score: float
    contributions: int
    recent: float


def observe(state: MemberState, event: MemberChanged, seen: bytes | None = None) -> MemberState:
    """Return the state with what one more event changed; `seen` is the ring of event ids the result carries."""
    month, at = month_of(event.counts_at), event.occurred_at
    months, before = dict(state.months), state.before
    months[month] = months.get(month, NOTHING).plus(_difference(event))
    newest = max(months)
    for old in [each for each in months if each <= newest - MONTHS_KEPT]:
        before = before.plus(months.pop(old))
    return MemberState(
        state.seen if seen is None else seen,
        at if state.since_at is None else min(state.since_at, at),
        at if state.last_at is None else max(state.last_at, at),
        tuple(sorted(months.items())),
        before,
    )


def total_of(state: MemberState) -> Tally:
    """Return the counts of all time."""
    total = state.before
    for _, tally in state.months:
        total = total.plus(tally)
    return total


def reliability_of(state: MemberState) -> Reliability:
    """Return how reliable the member is. A month weighs half of what it weighed `HALF_LIFE_MONTHS` later."""
    newest = state.months[-1][0] if state.months else 0
    aged = [(0.5 ** ((newest - month) / HALF_LIFE_MONTHS), tally) for month, tally in state.months]
    aged.append((0.5 ** (MONTHS_KEPT / HALF_LIFE_MONTHS), state.before))
    due = sum(weight * (tally.in_time + tally.late + tally.missed) for weight, tally in aged)
    left = sum(weight * LEFT_OWING_LOSS * tally.left_owing for weight, tally in aged)
    lost = sum(weight * (tally.missed + LATE_LOSS * tally.late) for weight, tally in aged) + left
    total = total_of(state)
    share = lost / (max(0.0, due + left) + TAKEN_FOR_GRANTED)
    return Reliability(
        round(min(1.0, max(0.0, 1.0 - share)), 6), total.in_time + total.late + total.missed, round(due, 3)
    )


def month_of(at: int) -> int:
    """Return the month of an event time (ms UTC): 12 times the year, and the month from 0."""
    date = _EPOCH + timedelta(milliseconds=at)
    return date.year * 12 + date.month - 1


def _difference(event: MemberChanged) -> Tally:
    return Tally(event.circles, event.in_time, event.late, event.missed, event.pots, event.left, event.left_owing)
