"""What the rules look at of one customer's money: the record behind `tables.compliance`.

Movements are kept one by one for as long as a rule looks at details, at most `MOVEMENTS_KEPT` of them; totals by
business day reach further back and are always whole. The record stays below `RECORD_BYTES_MAX`, so it is only the
newest part: every movement and every day has a record of its own besides (`ledger`), out of which the same is put
together for any earlier time. `details_from`, `dropped_until` and `days_from` say where this record ends.

Cash handed in for a remittance is a receipt, apart from the remittance, which is a movement when it is completed; what
was asked for with cash and came to nothing is an attempt. All are `Movement`s.

It is encoded as arrays: a new field goes last and has a default.

Amounts are US cents, times event times in ms UTC, days business days since 1970-01-01.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter

from lakay_streams.domain.compliance.movement import Movement
from lakay_streams.domain.compliance.totals import Day
from lakay_streams.domain.frozen import Frozen

RECORD_BYTES_MAX = 64 * 1024
"""Bound of the encoded record."""

MOVEMENTS_KEPT = 112
RECEIPTS_KEPT = 32
ATTEMPTS_KEPT = 12
ALERTS_KEPT = 24
DAYS_MAX = 368


class Pending(Frozen):
    """A movement that waited to be completed, in records of before there were entries (`entry`), which took it over."""

    id: str
    at: int
    channel: str = ""
    amount_minor: int | None = None
    currency: str = ""
    counterparty: str = ""
    device: str = ""
    payment_method: str = ""
    country: str = ""
    origin: str = ""
    completed_at: int | None = None
    failed_at: int | None = None


class OpenAlert(Frozen):
    """An alert that was sent, for its updates: `since` and `until` bound its movements, `day` is that of the last."""

    rule: str
    window: str
    detected_at: int
    revision: int
    since: int
    until: int
    day: int
    status: str
    recommendation: str
    confidence: float


class Risk(Frozen):
    """A customer's risk in [0, 1], its level, and the highest level that an enhanced due diligence was begun for."""

    score: float = 0.0
    level: str = "low"
    triggered: str = ""


class ComplianceState(Frozen):
    """One customer.

    `countries`: where remittances went, with how many. `reports`: how many alerts recommended a suspicious activity
    report, withdrawn ones left out. Details at or before `dropped_until` (of receipts, `receipts_dropped_until`) or
    before `details_from`, and days before `days_from`, stand in the ledger only. `last_at` is the newest event's time.
    `oldest` and `newest` are the ids of the entries first told first and last, which entries' `later` join (`expiry`);
    the first of `oldest` was last told of at `oldest_at` or after it. No day after `paged_until` has a page there.
    `seen` has the ids of officers' decisions; `counted`, `pending` and `untraced` are of older records.
    """

    seen: bytes = b""
    counted: bytes = b""
    pending: tuple[Pending, ...] = ()
    movements: tuple[Movement, ...] = ()
    days: tuple[Day, ...] = ()
    alerts: tuple[OpenAlert, ...] = ()
    dropped_until: int = 0
    first_at: int | None = None
    registered_at: int | None = None
    countries: tuple[tuple[str, int], ...] = ()
    reports: int = 0
    risk: Risk = Risk()
    untraced: int = 0
    receipts: tuple[Movement, ...] = ()
    attempts: tuple[Movement, ...] = ()
    details_from: int = 0
    days_from: int = 0
    last_at: int = 0
    oldest: tuple[str, ...] = ()
    newest: tuple[str, ...] = ()
    receipts_dropped_until: int = 0
    oldest_at: int = 0
    paged_until: int = 0


NEW_CUSTOMER = ComplianceState()
"""The state of a customer before the first movement."""

_at = attrgetter("at")
_day = attrgetter("day")


def within(state: ComplianceState, since: int, until: int) -> tuple[Movement, ...]:
    """Return the movements kept with `since` <= time <= `until`, oldest first."""
    movements = state.movements
    if not movements:
        return ()
    low = 0 if movements[0].at >= since else bisect_left(movements, since, key=_at)
    high = len(movements) if movements[-1].at <= until else bisect_right(movements, until, key=_at)
    return movements[low:high]


def on_day(state: ComplianceState, day: int) -> Day:
    """Return the totals of a business day."""
    for each in reversed(state.days):
        if each.day == day:
            return each
        if each.day < day:
            break
    return Day(day)


def days_between(state: ComplianceState, first: int, last: int) -> tuple[Day, ...]:
    """Return the totals of the business days from `first` to `last`, both included, that had movements."""
    days = state.days
    return days[bisect_left(days, first, key=_day) : bisect_right(days, last, key=_day)]


def cash_on(state: ComplianceState, day: int) -> list[Movement]:
    """Return the movements and receipts in which currency changed hands on a business day, oldest first."""
    found = [each for each in state.movements if each.day == day and each.cash]
    receipts = [each for each in state.receipts if each.day == day and each.cash]
    return sorted((*found, *receipts), key=_at) if receipts else found


def handed_within(state: ComplianceState, since: int, until: int) -> list[Movement]:
    """Return the movements and receipts in which currency or money orders changed hands then, oldest first."""
    found = [each for each in within(state, since, until) if each.handed]
    receipts = [each for each in state.receipts if since <= each.at <= until]
    return sorted((*found, *receipts), key=_at) if receipts else found


def is_early(state: ComplianceState, at: int) -> bool:
    """Whether what happened at `at` lies before the details of this record."""
    return at < state.details_from or at <= state.dropped_until or at <= state.receipts_dropped_until
