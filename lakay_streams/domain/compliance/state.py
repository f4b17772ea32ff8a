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
from collections.abc import Callable
from hashlib import blake2b
from operator import attrgetter

from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.movement import IN, PAYOUT, Movement
from lakay_streams.domain.frozen import Frozen, replace
from lakay_streams.domain.money import Dollars

RECORD_BYTES_MAX = 64 * 1024
"""Bound of the encoded record."""

MOVEMENTS_KEPT = 112
RECEIPTS_KEPT = 32
ATTEMPTS_KEPT = 12
ALERTS_KEPT = 24
HASH_BYTES = 8
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


class Day(Frozen):
    """One business day: how many movements and how much, in and out, never netted.

    `cash` counts those in which currency changed hands. `handed_in` and `handed_out` count currency and money orders in
    amounts up to the reporting threshold. `explained_minor` are a circle's payouts, which a plan foretold.
    `unconverted` counts movements in currencies without a rate, `unsorted` those of an unknown type, which are in no
    sum. Cash counts on the day on which it was handed over, a movement on the day of its completion. What is `short` of
    a sum is as in `money.Dollars`: only once all is added is it rounded, to be compared.
    """

    day: int
    movements: int = 0
    in_minor: int = 0
    out_minor: int = 0
    cash: int = 0
    cash_in_minor: int = 0
    cash_out_minor: int = 0
    handed_in: int = 0
    handed_in_minor: int = 0
    handed_out: int = 0
    handed_out_minor: int = 0
    explained_minor: int = 0
    unconverted: int = 0
    cash_in_short: int = 0
    cash_out_short: int = 0
    handed_in_short: int = 0
    handed_out_short: int = 0
    unsorted: int = 0

    @property
    def cash_in(self) -> Dollars:
        """Currency handed in."""
        return Dollars(self.cash_in_minor, self.cash_in_short)

    @property
    def cash_out(self) -> Dollars:
        """Currency handed out."""
        return Dollars(self.cash_out_minor, self.cash_out_short)

    def handed_over(self, way: str) -> tuple[int, Dollars]:
        """Return what was handed over that way in amounts up to the reporting threshold: how many, how much."""
        if way == IN:
            return self.handed_in, Dollars(self.handed_in_minor, self.handed_in_short)
        return self.handed_out, Dollars(self.handed_out_minor, self.handed_out_short)


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
    `oldest` and `newest` are the ids of the entries first told first and last, which entries' `later` join (`ledger`);
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


def hash_of(movement_id: str) -> bytes:
    """Return what the ring keeps of a movement's id."""
    return blake2b(movement_id.encode(), digest_size=HASH_BYTES).digest()


def place_in(ring: bytes, digest: bytes) -> int:
    """Return where a hash stands in a ring, -1 where it does not."""
    at = ring.find(digest)
    # A hit across the border of two hashes is chance: look on.
    while at > 0 and at % HASH_BYTES:
        at = ring.find(digest, at + 1)
    return at


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


def with_movement(state: ComplianceState, movement: Movement, limits: ComplianceLimits) -> ComplianceState:
    """Return the state with one more movement, which takes its place in order of time."""
    newest = state.movements[-1].at if state.movements else movement.at
    begins = max(state.details_from, max(newest, movement.at) - limits.details_ms)
    movements, dropped = state.movements, state.dropped_until
    if movement.at >= begins and movement.at > dropped:
        movements = _placed(movements, movement)
    if movements and movements[0].at < begins:
        movements = movements[bisect_left(movements, begins, key=_at) :]
    if len(movements) > MOVEMENTS_KEPT:
        dropped = max(dropped, movements[-MOVEMENTS_KEPT - 1].at)
        # All of that moment: whether details are whole is told by time.
        movements = movements[bisect_right(movements, dropped, key=_at) :]
    days, days_from = _counted(state, movement.day, _with_movement, movement, 1, limits)
    return replace(
        state,
        movements=movements,
        days=days,
        dropped_until=dropped,
        first_at=movement.at if state.first_at is None else min(movement.at, state.first_at),
        details_from=begins,
        days_from=days_from,
    )


def without_movement(state: ComplianceState, movement: Movement, limits: ComplianceLimits) -> ComplianceState:
    """Return the state without a movement, as if it had never been counted."""
    days, days_from = _counted(state, movement.day, _with_movement, movement, -1, limits)
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
    days, days_from = _counted(state, receipt.day, _with_cash, receipt, 1, limits)
    return replace(state, receipts=receipts, days=days, days_from=days_from, receipts_dropped_until=dropped)


def without_receipt(state: ComplianceState, receipt: Movement, limits: ComplianceLimits) -> ComplianceState:
    """Return the state without a receipt that was none."""
    days, days_from = _counted(state, receipt.day, _with_cash, receipt, -1, limits)
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


def totalled(day: Day, movement: Movement, sign: int, limits: ComplianceLimits, *, receipt: bool = False) -> Day:
    """Return a day's totals with a movement or receipt more (`sign` 1) or less (-1)."""
    return (_with_cash if receipt else _with_movement)(day, movement, sign, limits)


def _placed(movements: tuple[Movement, ...], movement: Movement) -> tuple[Movement, ...]:
    if not movements or movement.at >= movements[-1].at:
        return (*movements, movement)
    place = bisect_right(movements, movement.at, key=_at)
    return (*movements[:place], movement, *movements[place:])


def _without(movements: tuple[Movement, ...], movement: Movement) -> tuple[Movement, ...]:
    return tuple([each for each in movements if each.id != movement.id])


def _counted(
    state: ComplianceState,
    day: int,
    count: Callable[[Day, Movement, int, ComplianceLimits], Day],
    movement: Movement,
    sign: int,
    limits: ComplianceLimits,
) -> tuple[tuple[Day, ...], int]:
    """Return the days with one total changed, and from which day on they are whole."""
    days, begins = state.days, state.days_from
    if day < begins:
        return days, begins
    place = len(days) - 1 if days and days[-1].day == day else bisect_left(days, day, key=_day)
    is_known = place < len(days) and days[place].day == day
    total = count(days[place] if is_known else Day(day), movement, sign, limits)
    after = place + is_known
    days = (*days[:place], total, *days[after:]) if total != Day(day) else (*days[:place], *days[after:])
    if not days:
        return days, begins
    begins = max(begins, days[-1].day - limits.days_kept + 1)
    if len(days) > DAYS_MAX:
        begins = max(begins, days[-DAYS_MAX].day)
    if days[0].day < begins:
        days = days[bisect_left(days, begins, key=_day) :]
    return days, begins


def _with_movement(day: Day, movement: Movement, sign: int, limits: ComplianceLimits) -> Day:
    amount = sign * movement.dollars
    if not movement.direction:
        return replace(day, movements=day.movements + sign, unsorted=day.unsorted + sign)
    came_in, left = (amount, 0) if movement.direction == IN else (0, amount)
    day = replace(day, movements=day.movements + sign, in_minor=day.in_minor + came_in, out_minor=day.out_minor + left)
    if movement.channel == PAYOUT:
        day = replace(day, explained_minor=day.explained_minor + amount)
    return day if movement.received else _with_cash(day, movement, sign, limits)


def _with_cash(day: Day, movement: Movement, sign: int, limits: ComplianceLimits) -> Day:
    amount, short = sign * movement.dollars, sign * movement.usd_short
    if movement.cash == IN:
        day = replace(
            day,
            cash=day.cash + sign,
            cash_in_minor=day.cash_in_minor + amount,
            cash_in_short=day.cash_in_short + short,
        )
    elif movement.cash:
        day = replace(
            day,
            cash=day.cash + sign,
            cash_out_minor=day.cash_out_minor + amount,
            cash_out_short=day.cash_out_short + short,
        )
    handed = movement.handed
    if handed and movement.worth.rounded_up <= limits.ctr_threshold_minor:
        if handed == IN:
            day = replace(
                day,
                handed_in=day.handed_in + sign,
                handed_in_minor=day.handed_in_minor + amount,
                handed_in_short=day.handed_in_short + short,
            )
        else:
            day = replace(
                day,
                handed_out=day.handed_out + sign,
                handed_out_minor=day.handed_out_minor + amount,
                handed_out_short=day.handed_out_short + short,
            )
    if movement.usd_minor is None:
        day = replace(day, unconverted=day.unconverted + sign)
    return day
