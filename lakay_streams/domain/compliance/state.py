"""Everything kept about one customer's money: the record behind `tables.compliance`.

Movements are kept one by one for as long as a rule looks at details, at most `MOVEMENTS_KEPT` of them; totals by
business day reach further back and are always whole. Only details are ever dropped; `dropped_until` says up to when.
The record stays below `RECORD_BYTES_MAX`. It is encoded as arrays: a new field goes last and has a default.

Amounts are US cents, times event times in ms UTC, days business days since 1970-01-01.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from hashlib import blake2b
from operator import attrgetter

from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.movement import IN, PAYOUT, Movement
from lakay_streams.domain.frozen import Frozen, replace
from lakay_streams.domain.money import Dollars

RECORD_BYTES_MAX = 64 * 1024
"""Bound of the encoded record."""

MOVEMENTS_KEPT = 112
PENDING_KEPT = 40
ALERTS_KEPT = 24
COUNTRIES_KEPT = 16
COUNTED_KEPT = 256
HASH_BYTES = 8
DAYS_MAX = 368


class Pending(Frozen):
    """A movement of which not everything is known yet: it is counted when it has details and is completed.

    `channel` is empty until it was initiated. `completed_at` and `failed_at` are when that happened, None before; the
    later of both counts.
    """

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
    `unconverted` counts movements in currencies without a rate, which are in no sum. What is `short` of a sum is as in
    `money.Dollars`: only once all is added is it rounded, to be compared.
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

    `seen`: hashes of the event ids of `lakay.internal.movements` already counted. `counted`: hashes of the ids of the
    newest movements, so that one that is told again counts once. `countries`: where remittances went, with how many.
    `reports`: how many alerts recommended a suspicious activity report, withdrawn ones left out.
    `untraced`: failures of movements whose details were gone, which were not taken back.
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


def added(
    state: ComplianceState,
    movement: Movement,
    limits: ComplianceLimits,
    pending: tuple[Pending, ...],
    countries: tuple[tuple[str, int], ...],
) -> ComplianceState:
    """Return the state with one more movement, which takes its place in order of time, and with what else changes."""
    movements, dropped = state.movements, state.dropped_until
    if not movements or movement.at >= movements[-1].at:
        movements = (*movements, movement)
    else:
        place = bisect_right(movements, movement.at, key=_at)
        movements = (*movements[:place], movement, *movements[place:])
    horizon = movements[-1].at - limits.details_ms
    if movements[0].at < horizon:
        movements = movements[bisect_left(movements, horizon, key=_at) :]
    if len(movements) > MOVEMENTS_KEPT:
        dropped = max(dropped, movements[-MOVEMENTS_KEPT - 1].at)
        movements = movements[-MOVEMENTS_KEPT:]
    return replace(
        state,
        counted=(state.counted + hash_of(movement.id))[-COUNTED_KEPT * HASH_BYTES :],
        pending=pending,
        movements=movements,
        days=_totalled(state.days, movement, 1, limits),
        dropped_until=dropped,
        first_at=movement.at if state.first_at is None else min(movement.at, state.first_at),
        countries=countries,
    )


def removed(state: ComplianceState, movement: Movement, limits: ComplianceLimits) -> ComplianceState:
    """Return the state without a movement that is kept in it, as if it had never been counted."""
    place = state.movements.index(movement)
    counted = state.counted
    for each in filter(None, (movement.id, movement.twin)):
        at = place_in(counted, hash_of(each))
        counted = counted[:at] + counted[at + HASH_BYTES :] if at >= 0 else counted
    return replace(
        state,
        counted=counted,
        movements=(*state.movements[:place], *state.movements[place + 1 :]),
        days=_totalled(state.days, movement, -1, limits),
    )


def _totalled(days: tuple[Day, ...], movement: Movement, sign: int, limits: ComplianceLimits) -> tuple[Day, ...]:
    day = movement.day
    if days and days[-1].day == day:
        place, known = len(days) - 1, days[-1]
    else:
        place = bisect_left(days, day, key=_day)
        known = days[place] if place < len(days) and days[place].day == day else Day(day)
    total = _with_movement(known, movement, sign, limits)
    after = place + (place < len(days) and days[place].day == day)
    days = (*days[:place], total, *days[after:]) if total.movements else (*days[:place], *days[after:])
    if not days:
        return days
    horizon = days[-1].day - limits.days_kept
    if days[0].day <= horizon:
        days = days[bisect_right(days, horizon, key=_day) :]
    return days[-DAYS_MAX:]


def _with_movement(day: Day, movement: Movement, sign: int, limits: ComplianceLimits) -> Day:
    amount, short = sign * movement.dollars, sign * movement.usd_short
    came_in, left = (amount, 0) if movement.direction == IN else (0, amount)
    day = replace(day, movements=day.movements + sign, in_minor=day.in_minor + came_in, out_minor=day.out_minor + left)
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
    if movement.channel == PAYOUT:
        day = replace(day, explained_minor=day.explained_minor + amount)
    if movement.usd_minor is None:
        day = replace(day, unconverted=day.unconverted + sign)
    return day
