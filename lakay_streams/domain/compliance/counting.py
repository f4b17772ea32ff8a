"""From events to movements: each is counted once, when it is completed, and taken back when it fails afterwards.

The amount may stand only in the event that initiated a movement, and topics deliver late and twice. So what is not
known whole waits in `state.pending`: a movement is counted as soon as it has details and was completed, in whatever
order that becomes known; of completed and failed the later one counts.

Trebanx tells some movements twice: a circle's contribution is a transaction and an event of the circle. Two of one
channel, counterparty and amount, told by different topics within a day, are one movement.
"""

from __future__ import annotations

from lakay_streams.domain.business_day import business_day, day_start
from lakay_streams.domain.compliance.limits import DAY_MS, ComplianceLimits
from lakay_streams.domain.compliance.movement import (
    ASSUMED,
    BOTH,
    CASH,
    CONTRIBUTION,
    COUNTERPART,
    DEPOSIT,
    IN,
    OF_CIRCLE,
    OF_REMITTANCE,
    OUT,
    PAYOUT,
    REMITTANCE,
    STATED,
    TRANSACTION,
    WITHDRAWAL,
    Movement,
)
from lakay_streams.domain.compliance.state import (
    COUNTRIES_KEPT,
    PENDING_KEPT,
    ComplianceState,
    Pending,
    added,
    hash_of,
    place_in,
    removed,
)
from lakay_streams.domain.events import MoneyMoved, RemittanceEvent, TransactionInitiated, TransactionUpdated
from lakay_streams.domain.frozen import Frozen, replace
from lakay_streams.domain.known import kept_value
from lakay_streams.domain.money import USD_MINOR_MAX, Dollars, Rates, worth

MoneyEvent = TransactionInitiated | TransactionUpdated | RemittanceEvent | MoneyMoved

INCOMING = frozenset({DEPOSIT, PAYOUT, "refund"})
"""Channels that bring money to the customer; all others take it away."""

HANDED_OUT = frozenset({WITHDRAWAL, PAYOUT, "refund"})
"""Channels in which it is the customer who is handed cash."""

TWIN_MS = DAY_MS
_TOLD_TWICE = frozenset({CONTRIBUTION, PAYOUT, REMITTANCE})


class Counted(Frozen):
    """The state after an event; `counted` when it completed a movement, `returned` when it took one back.

    `corrected` is a movement that counted otherwise before: another topic has told how it was paid.
    """

    state: ComplianceState
    counted: Movement | None = None
    returned: Movement | None = None
    corrected: Movement | None = None


def count(state: ComplianceState, event: MoneyEvent, limits: ComplianceLimits, rates: Rates) -> Counted:
    """Return the state with what the event tells of a movement."""
    told = _told(event)
    if told is None:
        return Counted(state)
    known = None
    for each in state.pending:
        if each.id == told.id:
            known = each
            break
    if known is None and place_in(state.counted, hash_of(told.id)) >= 0:
        return _after_counted(state, told, limits)
    pending = told if known is None else _joined(known, told)
    others = state.pending
    if known is not None:
        others = () if len(others) == 1 else tuple([each for each in others if each is not known])
    if not _is_complete(pending):
        return Counted(replace(state, pending=_waiting(others, pending, limits)))
    return _counted(state, others, _movement(pending, limits, rates), limits)


def _told(event: MoneyEvent) -> Pending | None:
    """Return what one event tells of its movement; None for one that tells nothing."""
    at, kind = event.occurred_at, event.event_type
    amount: int | None
    if isinstance(event, TransactionInitiated):
        return Pending(
            kept_value(event.transaction_id),
            at,
            event.type,
            event.amount_minor,
            event.currency,
            kept_value(event.recipient_id) if event.recipient_id else "",
            kept_value(event.device_id) if event.device_id else "",
            event.payment_method or "",
            "",
            TRANSACTION,
        )
    if isinstance(event, TransactionUpdated):
        movement_id, origin = kept_value(event.transaction_id), TRANSACTION
        amount, currency = event.amount_minor, event.currency or ""
    elif isinstance(event, RemittanceEvent):
        movement_id, origin = kept_value(event.remittance_id), OF_REMITTANCE
        amount, currency = event.amount_minor, event.currency or ""
        if kind == "remittance-initiated":
            return Pending(
                movement_id,
                at,
                REMITTANCE,
                amount,
                currency,
                kept_value(event.recipient_id or ""),
                kept_value(event.device_id or ""),
                event.payment_method or "",
                event.destination_country or "",
                origin,
            )
    else:
        movement_id = kept_value(event.movement_id)
        origin = OF_CIRCLE if event.channel in {CONTRIBUTION, PAYOUT} else COUNTERPART
        if kind == "money-moved":
            return Pending(
                movement_id,
                at,
                event.channel or "",
                event.amount_minor,
                event.currency or "",
                kept_value(event.counterparty_id or ""),
                kept_value(event.device_id or ""),
                event.payment_method or "",
                "",
                origin,
                at,
            )
        amount, currency = None, ""
    if kind.endswith("-completed"):
        return Pending(movement_id, at, "", amount, currency, origin=origin, completed_at=at)
    if kind.endswith(("-failed", "-returned")):
        return Pending(movement_id, at, origin=origin, failed_at=at)
    return None


def _joined(known: Pending, told: Pending) -> Pending:
    """Return both together. What was completed is what was moved: its amount goes before the one asked for."""
    first, second = (told, known) if known.completed_at is None and told.completed_at is not None else (known, told)
    details = told if told.channel else known
    amount, currency = first.amount_minor, first.currency
    if amount is None or not currency:
        amount, currency = second.amount_minor, second.currency
    return Pending(
        details.id,
        details.at,
        details.channel,
        amount,
        currency,
        details.counterparty,
        details.device,
        details.payment_method,
        details.country,
        details.origin,
        _later(known.completed_at, told.completed_at),
        _later(known.failed_at, told.failed_at),
    )


def _later(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)


def _is_complete(pending: Pending) -> bool:
    if not pending.channel or pending.completed_at is None or pending.amount_minor is None:
        return False
    return pending.failed_at is None or pending.failed_at < pending.completed_at


def _waiting(others: tuple[Pending, ...], pending: Pending, limits: ComplianceLimits) -> tuple[Pending, ...]:
    """Return what waits, without what has waited too long; beyond the bound the oldest goes."""
    horizon = pending.at - limits.pending_ms
    if others and (others[0].at < horizon or len(others) >= PENDING_KEPT):
        others = tuple([each for each in others if each.at >= horizon])[-(PENDING_KEPT - 1) :]
    return (*others, pending)


def _movement(pending: Pending, limits: ComplianceLimits, rates: Rates) -> Movement:
    at, channel, currency = pending.completed_at or pending.at, pending.channel, pending.currency
    amount = pending.amount_minor or 0
    of_counterpart = pending.origin == COUNTERPART
    direction = IN if of_counterpart or channel in INCOMING else OUT
    method = pending.payment_method
    cash, basis = "", STATED
    if not of_counterpart:
        if not method:
            basis = ASSUMED
        if method == CASH or (not method and limits.assume_cash):
            cash = OUT if channel in HANDED_OUT else IN
    day = business_day(at, limits.zone)
    rate = rate_at = ""
    is_old = False
    usd: Dollars | None = None
    if currency == "USD":
        usd = Dollars(min(amount, USD_MINOR_MAX))
    # Whenever it is counted: the last rate before the movement.
    elif (quote := rates.at(currency, at)) is not None:
        usd, rate, rate_at = worth(amount, currency, quote), str(quote.usd_per_unit), quote.since
        is_old = quote.at < day_start(day, limits.zone)
    return Movement(
        pending.id,
        at,
        day,
        direction,
        channel,
        amount,
        currency,
        None if usd is None else usd.cents,
        rate,
        rate_at,
        method,
        cash,
        basis,
        pending.counterparty,
        pending.device,
        pending.country,
        pending.origin,
        usd_short=0 if usd is None else usd.short,
        rate_is_old=is_old,
    )


def _counted(
    state: ComplianceState, pending: tuple[Pending, ...], movement: Movement, limits: ComplianceLimits
) -> Counted:
    if movement.channel in _TOLD_TWICE:
        twin = _twin_of(state, movement)
        if twin is not None:
            return _as_one(replace(state, pending=pending), twin, movement, limits)
    countries = _with_country(state.countries, movement.country) if movement.country else state.countries
    return Counted(added(state, movement, limits, pending, countries), movement)


def _twin_of(state: ComplianceState, movement: Movement) -> Movement | None:
    """Return the same movement as another topic told it, the nearest in time; None when this is the first."""
    twins = [
        each
        for each in state.movements
        if each.channel == movement.channel
        and each.counterparty == movement.counterparty
        and each.amount_minor == movement.amount_minor
        and each.currency == movement.currency
        and each.direction == movement.direction
        and each.source not in {movement.source, BOTH}
        and abs(each.at - movement.at) <= TWIN_MS
    ]
    return min(twins, key=lambda each: abs(each.at - movement.at), default=None)


def _as_one(state: ComplianceState, first: Movement, second: Movement, limits: ComplianceLimits) -> Counted:
    """Count both as one: the transaction's, which tells how it was paid, at the time that was counted already."""
    told, other = (first, second) if first.source == TRANSACTION else (second, first)
    one = replace(told, at=first.at, day=first.day, source=BOTH, twin=other.id)
    state = removed(state, first, limits)
    state = added(state, one, limits, state.pending, state.countries)
    state = replace(state, counted=state.counted + hash_of(other.id))
    return Counted(state, corrected=first if (one.cash, one.basis) != (first.cash, first.basis) else None)


def _after_counted(state: ComplianceState, told: Pending, limits: ComplianceLimits) -> Counted:
    """Take a counted movement back that failed afterwards; whatever else is told about it changes nothing."""
    if told.failed_at is None:
        return Counted(state)
    movement = next((each for each in reversed(state.movements) if told.id in (each.id, each.twin)), None)
    if movement is None:
        return Counted(replace(state, untraced=state.untraced + 1))
    if told.failed_at < movement.at:
        return Counted(state)
    again = Pending(
        movement.id,
        told.at,
        movement.channel,
        movement.amount_minor,
        movement.currency,
        movement.counterparty,
        movement.device,
        movement.payment_method,
        movement.country,
        TRANSACTION if movement.source == BOTH else movement.source,
        failed_at=told.failed_at,
    )
    state = removed(state, movement, limits)
    return Counted(replace(state, pending=_waiting(state.pending, again, limits)), returned=movement)


def _with_country(countries: tuple[tuple[str, int], ...], country: str) -> tuple[tuple[str, int], ...]:
    """Return the countries with one more movement to `country`; beyond the bound the rarest is forgotten."""
    if any(each == country for each, _ in countries):
        return tuple([(each, n + (each == country)) for each, n in countries])
    if len(countries) >= COUNTRIES_KEPT:
        rarest = min(countries, key=lambda entry: entry[1])
        countries = tuple([entry for entry in countries if entry is not rarest])
    return (*countries, (country, 1))
