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
from typing import NamedTuple

from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.movement import IN, PAYOUT, Movement

RECORD_BYTES_MAX = 64 * 1024
"""Bound of the encoded record."""

MOVEMENTS_KEPT = 112
PENDING_KEPT = 40
ALERTS_KEPT = 24
COUNTRIES_KEPT = 16
COUNTED_KEPT = 256
HASH_BYTES = 8
DAYS_MAX = 368


class Pending(NamedTuple):
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


class Day(NamedTuple):
    """One business day: how many movements and how much, in and out, never netted.

    `cash` counts those in which currency changed hands. `handed_in` and `handed_out` count currency and money orders in
    amounts up to the reporting threshold. `explained_minor` are a circle's payouts, which a plan foretold.
    `unconverted` counts movements in currencies without a rate, which are in no sum.
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


class OpenAlert(NamedTuple):
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


class Risk(NamedTuple):
    """A customer's risk in [0, 1], its level, and the highest level that an enhanced due diligence was begun for."""

    score: float = 0.0
    level: str = "low"
    triggered: str = ""


class ComplianceState(NamedTuple):
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


_PENDING, _RISK = (ComplianceState._fields.index(name) for name in ("pending", "risk"))


def with_pending(state: ComplianceState, pending: tuple[Pending, ...]) -> ComplianceState:
    """Return the state with other movements waiting: `_replace`, at half its cost, for what every event does."""
    return ComplianceState._make((*state[:_PENDING], pending, *state[_PENDING + 1 :]))


def with_risk(state: ComplianceState, risk: Risk) -> ComplianceState:
    """Return the state with another risk: as `with_pending`."""
    return ComplianceState._make((*state[:_RISK], risk, *state[_RISK + 1 :]))


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
    return ComplianceState(
        state.seen,
        (state.counted + hash_of(movement.id))[-COUNTED_KEPT * HASH_BYTES :],
        pending,
        movements,
        _totalled(state.days, movement, 1, limits),
        state.alerts,
        dropped,
        movement.at if state.first_at is None or movement.at < state.first_at else state.first_at,
        state.registered_at,
        countries,
        state.reports,
        state.risk,
        state.untraced,
    )


def removed(state: ComplianceState, movement: Movement, limits: ComplianceLimits) -> ComplianceState:
    """Return the state without a movement that is kept in it, as if it had never been counted."""
    place = state.movements.index(movement)
    counted = state.counted
    for each in filter(None, (movement.id, movement.twin)):
        at = place_in(counted, hash_of(each))
        counted = counted[:at] + counted[at + HASH_BYTES :] if at >= 0 else counted
    return state._replace(
        counted=counted,
        movements=(*state.movements[:place], *state.movements[place + 1 :]),
        days=_totalled(state.days, movement, -1, limits),
    )


def _totalled(days: tuple[Day, ...], movement: Movement, sign: int, limits: ComplianceLimits) -> tuple[Day, ...]:
    day, usd = movement.day, movement.dollars
    if days and days[-1].day == day:
        place, known = len(days) - 1, days[-1]
    else:
        place = bisect_left(days, day, key=_day)
        known = days[place] if place < len(days) and days[place].day == day else Day(day)
    _, count, came_in, left, cash, cash_in, cash_out, n_in, handed_in, n_out, handed_out, explained, unknown = known
    amount = sign * usd
    if movement.direction == IN:
        came_in += amount
    else:
        left += amount
    if movement.cash:
        cash += sign
        if movement.cash == IN:
            cash_in += amount
        else:
            cash_out += amount
    handed = movement.handed
    if handed and usd <= limits.ctr_threshold_minor:
        if handed == IN:
            n_in, handed_in = n_in + sign, handed_in + amount
        else:
            n_out, handed_out = n_out + sign, handed_out + amount
    if movement.channel == PAYOUT:
        explained += amount
    if movement.usd_minor is None:
        unknown += sign
    total = Day(
        day,
        count + sign,
        came_in,
        left,
        cash,
        cash_in,
        cash_out,
        n_in,
        handed_in,
        n_out,
        handed_out,
        explained,
        unknown,
    )
    after = place + (place < len(days) and days[place].day == day)
    days = (*days[:place], total, *days[after:]) if total.movements else (*days[:place], *days[after:])
    if not days:
        return days
    horizon = days[-1].day - limits.days_kept
    if days[0].day <= horizon:
        days = days[bisect_right(days, horizon, key=_day) :]
    return days[-DAYS_MAX:]
