"""From events to movements: each is counted once, when it is completed, and taken back when it fails afterwards.

What is told is joined in the movement's entry (`entry`), in whatever order and however often; then what is counted is
brought in line with what the entry says, which is up to three things:

    movement  it was completed: it counts on that day, for every rule
    receipt   cash or a money order was handed in for a remittance: a transaction in currency of that day, whenever and
              whether the remittance is paid out (31 CFR 1010.311; a report is due 15 days after it, 1010.306(a)(1)).
              A pay-out that fails does not undo it: what is given back is cash out of its own. COMPLIANCE_REMITTANCE_
              RECEIPT says which event it is
    attempt   cash or a money order was asked for, and it came to nothing: no transaction in currency, but attempts
              count for suspicion (31 CFR 1022.320(a)(2))

Trebanx tells some movements twice, under two ids: a circle's contribution is a transaction and an event of the circle.
Two of one channel, counterparty and amount, told by different topics within a day (a remittance: a week, for it is paid
out days later), are one: what either told goes for both. What gives money back by name undoes the movement that it
names, or is a movement of its own (`giving_back`).
"""

from __future__ import annotations

from lakay_streams.domain.business_day import business_day, day_start
from lakay_streams.domain.compliance import giving_back, ledger, older
from lakay_streams.domain.compliance.entry import Asked, Done, Entry, joined
from lakay_streams.domain.compliance.giving_back import is_handed_in, resolved
from lakay_streams.domain.compliance.ledger import Draft
from lakay_streams.domain.compliance.limits import DAY_MS, INITIATED, PROCESSING, ComplianceLimits
from lakay_streams.domain.compliance.movement import (
    ASSUMED,
    BOTH,
    CASH,
    CONTRIBUTION,
    COUNTERPART,
    IN,
    MONEY_ORDER,
    OF_CIRCLE,
    OF_REMITTANCE,
    OUT,
    PAYOUT,
    REMITTANCE,
    STATED,
    TRANSACTION,
    Movement,
)
from lakay_streams.domain.compliance.older import NOT_TAKEN_BACK
from lakay_streams.domain.compliance.remittances import OUTCOMES
from lakay_streams.domain.compliance.state import (
    ComplianceState,
    is_early,
    with_attempt,
    with_movement,
    with_receipt,
    without_attempt,
    without_movement,
    without_receipt,
)
from lakay_streams.domain.compliance.words import CHARGEBACK, HANDED_OUT, INCOMING, OUTGOING, channel_of
from lakay_streams.domain.events import MoneyMoved, RemittanceEvent, TransactionInitiated, TransactionUpdated
from lakay_streams.domain.frozen import Frozen, replace
from lakay_streams.domain.known import kept_value
from lakay_streams.domain.money import USD_MINOR_MAX, Dollars, Rates, worth

MoneyEvent = TransactionInitiated | TransactionUpdated | RemittanceEvent | MoneyMoved

TWIN_MS = {CONTRIBUTION: DAY_MS, PAYOUT: DAY_MS, REMITTANCE: 7 * DAY_MS}
"""Within what time two topics tell of one movement, for the channels that are told twice."""

TOO_LATE = "told after its retention was over"
NO_DETAILS = "completed, and what it was never told"


class Change(Frozen):
    """What an event changed of one movement: how it counted before, and how it counts now; None for not at all."""

    movement_before: Movement | None = None
    movement: Movement | None = None
    receipt_before: Movement | None = None
    receipt: Movement | None = None
    attempt: Movement | None = None

    @property
    def counted(self) -> Movement | None:
        """The movement, where it was not counted before."""
        return self.movement if self.movement_before is None else None

    @property
    def returned(self) -> Movement | None:
        """The movement that is counted no more."""
        return self.movement_before if self.movement is None else None


class Lost(Frozen):
    """Money that could not be counted: which movement, when, why, and how much, where that is known."""

    id: str
    at: int
    why: str
    amount_minor: int | None = None
    currency: str = ""


class Counted(Frozen):
    """The state after an event, what it changed, and what could not be counted."""

    state: ComplianceState
    changes: tuple[Change, ...] = ()
    lost: tuple[Lost, ...] = ()


_NOTHING = (None, None, None)


def count(state: ComplianceState, draft: Draft, event: MoneyEvent, limits: ComplianceLimits, rates: Rates) -> Counted:
    """Return the state with what the event tells of a movement; what changes of the ledger is in `draft`."""
    told = _told(event, limits)
    if told is None:
        return Counted(state)
    if state.pending:
        state = older.taken_over(state, draft)
    known = draft.entry(told.id)
    if known is None:
        known = older.entry_of(state, draft, told.id)
        state = ledger.first_told(state, draft, known)
        if told.last_at < state.last_at - limits.retention_ms and not known.counted and not known.lost:
            known = replace(known, lost=TOO_LATE)
        known = resolved(draft, known)
        # Nothing else is known of nearly every one.
        after = joined(known, told) if known.last_at or known.lost else told
    else:
        known = resolved(draft, known)
        after = joined(known, told)
        if after == known:
            return Counted(state)
    draft.keep(after)
    lost = _lost(known, after) if after.lost else []
    changes: list[Change] = []
    if not _only_waits(after):
        state, changes = _settled(state, draft, after, limits, rates)
    if event.occurred_at > state.last_at:
        state = replace(state, last_at=event.occurred_at)
    state, gone = ledger.expired(state, draft, event.occurred_at, limits)
    lost += [_as_lost(each, NO_DETAILS) for each in gone]
    return Counted(state, tuple(changes), tuple(lost))


def _told(event: MoneyEvent, limits: ComplianceLimits) -> Entry | None:
    """Return what one event tells of its movement; None for one that tells nothing."""
    at, kind = event.occurred_at, event.event_type
    done = None
    if isinstance(event, TransactionInitiated):
        asked = Asked(
            TRANSACTION,
            at,
            channel_of(event.type, limits.synonyms),
            event.amount_minor,
            event.currency,
            kept_value(event.recipient_id) if event.recipient_id else "",
            kept_value(event.device_id) if event.device_id else "",
            event.payment_method or "",
            "",
            kept_value(event.original_transaction_id) if event.original_transaction_id else "",
        )
        return Entry(kept_value(event.transaction_id), at, (asked,))
    if isinstance(event, MoneyMoved):
        movement_id = kept_value(event.movement_id)
        if kind == "money-moved":
            asked = Asked(
                OF_CIRCLE if event.channel in {CONTRIBUTION, PAYOUT} else COUNTERPART,
                at,
                event.channel or "",
                event.amount_minor or 0,
                event.currency or "",
                kept_value(event.counterparty_id or ""),
                kept_value(event.device_id or ""),
                event.payment_method or "",
            )
            return Entry(movement_id, at, (asked,), None, at, at)
    elif isinstance(event, RemittanceEvent):
        movement_id = kept_value(event.remittance_id)
        if kind == "remittance-initiated":
            asked = Asked(
                OF_REMITTANCE,
                at,
                REMITTANCE,
                event.amount_minor or 0,
                event.currency or "",
                kept_value(event.recipient_id or ""),
                kept_value(event.device_id or ""),
                event.payment_method or "",
                event.destination_country or "",
            )
            return Entry(movement_id, at, (asked,), outcomes=OUTCOMES[kind])
        if kind == "remittance-processing":
            return Entry(movement_id, at, processing_at=at) if limits.receipt == PROCESSING else None
    else:
        movement_id = kept_value(event.transaction_id)
    if kind.endswith("-completed"):
        if not isinstance(event, MoneyMoved) and event.amount_minor is not None and event.currency:
            done = Done(at, event.amount_minor, event.currency)
        return Entry(movement_id, at, (), done, at, at, outcomes=OUTCOMES.get(kind, 0))
    if kind.endswith(("-failed", "-returned")):
        return Entry(movement_id, at, failed_at=at, outcomes=OUTCOMES.get(kind, 0))
    return None


def _only_waits(entry: Entry) -> bool:
    """Whether nothing can count of it yet: it was only asked for, or nobody told what it is."""
    asked = entry.asked
    if entry.undone_by:
        return False
    if not asked:
        return True
    return entry.first_completed is None and entry.failed_at is None and asked[0].channel != REMITTANCE


def _lost(before: Entry, after: Entry) -> list[Lost]:
    """Return what the event says of money that cannot be counted any more."""
    if after.lost == NOT_TAKEN_BACK:
        return [_as_lost(after, NOT_TAKEN_BACK)] if after.failed_at != before.failed_at else []
    return [_as_lost(after, after.lost)] if after.completed_at is not None and before.completed_at is None else []


def _as_lost(entry: Entry, why: str) -> Lost:
    amount, currency = entry.amount or (None, "")
    return Lost(entry.id, entry.completed_at or entry.last_at, why, amount, currency)


def _settled(
    state: ComplianceState, draft: Draft, entry: Entry, limits: ComplianceLimits, rates: Rates
) -> tuple[ComplianceState, list[Change]]:
    """Bring what is counted in line with the entry, and with what gives it back or what it gives back."""
    if not entry.counted and not entry.lost:
        entry = _one_with_its_twin(state, draft, entry, limits)
    asked = entry.details
    if not entry.undone_by and (asked is None or not asked.names):
        state, change = _brought_in_line(state, draft, entry, limits, rates)
        return state, [] if change is None else [change]
    changes: list[Change] = []
    state, concerned = giving_back.noted(state, draft, entry)
    for each in dict.fromkeys((*concerned, entry.id, entry.undone_by)):
        found = draft.entry(each) if each else None
        if found is not None:
            state, change = _brought_in_line(state, draft, resolved(draft, found), limits, rates)
            changes += [change] if change is not None else []
    return state, changes


def _one_with_its_twin(state: ComplianceState, draft: Draft, entry: Entry, limits: ComplianceLimits) -> Entry:
    """Join an entry in that of the same movement as another topic told it; return the entry that counts."""
    asked = entry.details
    if asked is None or asked.channel not in TWIN_MS or entry.of_counterpart or len(entry.asked) > 1:
        return entry
    at = entry.completed_at or asked.at
    within = TWIN_MS[asked.channel]
    seen = state
    if is_early(state, min(at, asked.at) - within):
        seen = ledger.around(state, draft, at, business_day(at, limits.zone), limits)
    twins = [
        each
        for each in (*seen.movements, *seen.receipts)
        if each.channel == asked.channel
        and each.source not in {asked.origin, BOTH, COUNTERPART}
        and (each.counterparty == asked.counterparty or not each.counterparty or not asked.counterparty)
        and (each.country == asked.country or not each.country or not asked.country)
        and _may_be_one(each.payment_method, asked.payment_method)
        and min(abs(each.at - at), abs(each.at - asked.at)) <= within
    ]
    for twin in sorted(twins, key=lambda each: (abs(each.at - at), each.id)):
        first = draft.entry(twin.id) or older.entry_of(state, draft, twin.id)
        if len(first.asked) == 1 and first.asked[0].origin != asked.origin and _amounts(first) & _amounts(entry):
            draft.keep(Entry(entry.id, entry.last_at, twin_of=first.id, later=entry.later))
            one = joined(first, entry)
            draft.keep(one)
            return one
    return entry


def _amounts(entry: Entry) -> set[tuple[int, str]]:
    """What was asked for, and what was completed: a fee is in one, or is not."""
    asked = {(each.amount_minor, each.currency) for each in entry.asked}
    return asked if entry.done is None else {*asked, (entry.done.amount_minor, entry.done.currency)}


def _may_be_one(method: str, other: str) -> bool:
    """Whether two topics that tell these methods may tell of one movement: cash is never lost in what is none."""
    return method == other or not method or not other or not {CASH, MONEY_ORDER} & {method, other}


def _brought_in_line(
    state: ComplianceState, draft: Draft, entry: Entry, limits: ComplianceLimits, rates: Rates
) -> tuple[ComplianceState, Change | None]:
    movement, receipt, attempt = _standing(entry, draft, limits, rates)
    before, received, attempted = entry.movement, entry.receipt, entry.attempt
    if (movement, receipt, attempt) == (before, received, attempted):
        return state, None
    draft.keep(replace(entry, movement=movement, receipt=receipt, attempt=attempt))
    # What counts as it did is no change.
    if before == movement:
        before = movement = None
    if received == receipt:
        received = receipt = None
    if attempted == attempt:
        attempted = attempt = None
    was = state
    if before is not None:
        state = without_movement(was, before, limits)
        draft.count(was, state, before, -1, limits)
        was = state
    if received is not None:
        state = without_receipt(was, received, limits)
        draft.count(was, state, received, -1, limits, receipt=True)
    if attempted is not None:
        state = without_attempt(state, attempted)
    was = state
    if movement is not None:
        state = with_movement(was, movement, limits)
        draft.count(was, state, movement, 1, limits)
        if movement.country and (before is None or before.country != movement.country):
            state = replace(state, countries=_with_country(state.countries, movement.country))
        was = state
    if receipt is not None:
        state = with_receipt(was, receipt, limits)
        draft.count(was, state, receipt, 1, limits, receipt=True)
    if attempt is not None:
        state = with_attempt(state, attempt)
    return state, Change(before, movement, received, receipt, attempt)


def _standing(
    entry: Entry, draft: Draft, limits: ComplianceLimits, rates: Rates
) -> tuple[Movement | None, Movement | None, Movement | None]:
    """Return what counts of an entry: the movement, the receipt, the attempt."""
    asked, completed = entry.details, entry.completed_at
    if asked is None or entry.lost:
        return _NOTHING
    handed_in = is_handed_in(entry, asked, limits)
    if completed is None and entry.failed_at is None and not handed_in:
        return _NOTHING
    if asked.names and giving_back.undoes(draft, entry, limits):
        return _NOTHING
    if entry.undone is not None and giving_back.is_undone(draft, entry, limits):
        completed = None
    amount, currency = entry.amount or (0, "")
    received_at = _received_at(entry, asked, limits) if handed_in else None
    receipt = movement = attempt = None
    if received_at is not None:
        receipt = _movement(entry, asked, received_at, *_handed_in(entry, asked), entry.receipt, limits, rates)
    if completed is not None:
        movement = _movement(entry, asked, completed, amount, currency, entry.movement, limits, rates)
        if receipt is not None:
            movement = replace(movement, cash="", received=True)
    elif receipt is None and (entry.failed_at is not None or entry.undone is not None):
        at = asked.at if entry.first_completed is None else entry.first_completed
        attempt = _movement(entry, asked, at, amount, currency, entry.attempt, limits, rates)
    return movement, receipt, attempt if attempt is not None and attempt.handed else None


def _handed_in(entry: Entry, asked: Asked) -> tuple[int, str]:
    """Return what was handed in for a remittance: what was asked for, though less of it may have been paid out."""
    told = asked.amount_minor, asked.currency
    if entry.done is None or asked.currency not in {"", entry.done.currency}:
        return told
    return max(told[0], entry.done.amount_minor), entry.done.currency


def _received_at(entry: Entry, asked: Asked, limits: ComplianceLimits) -> int | None:
    if limits.receipt == INITIATED:
        return asked.at
    # A remittance that was paid out was handed in, at the latest then.
    return entry.first_completed if entry.processing_at is None else entry.processing_at


def _movement(
    entry: Entry,
    asked: Asked,
    at: int,
    amount: int,
    currency: str,
    before: Movement | None,
    limits: ComplianceLimits,
    rates: Rates,
) -> Movement:
    channel, method = asked.channel, asked.payment_method
    of_counterpart = asked.origin == COUNTERPART
    direction = IN if of_counterpart or channel in INCOMING else OUT if channel in OUTGOING else ""
    cash, basis = "", STATED
    if not of_counterpart and direction:
        if not method:
            basis = ASSUMED
        # A chargeback is a card's: nobody hands it over.
        if method == CASH or (not method and limits.assume_cash and channel != CHARGEBACK):
            cash = OUT if channel in HANDED_OUT else IN
    day = business_day(at, limits.zone)
    rate = rate_at = ""
    is_old = False
    usd: Dollars | None = None
    if currency == "USD":
        usd = Dollars(min(amount, USD_MINOR_MAX))
    elif before is not None and (before.at, before.amount_minor, before.currency) == (at, amount, currency):
        # What was counted once stays worth what it was: only what is told of the movement itself changes it.
        usd = None if before.usd_minor is None else Dollars(before.usd_minor, before.usd_short)
        rate, rate_at, is_old = before.rate, before.rate_at, before.rate_is_old
    # Whenever it is counted: the last rate before the movement.
    elif (quote := rates.at(currency, at)) is not None:
        usd, rate, rate_at = worth(amount, currency, quote), str(quote.usd_per_unit), quote.since
        is_old = quote.at < day_start(day, limits.zone)
    return Movement(
        entry.id,
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
        asked.counterparty,
        asked.device,
        asked.country,
        asked.origin,
        usd_short=0 if usd is None else usd.short,
        rate_is_old=is_old,
    )


def _with_country(countries: tuple[tuple[str, int], ...], country: str) -> tuple[tuple[str, int], ...]:
    """Return the countries with one more movement to `country`: all of them, for the rarest may be the one listed."""
    if any(each == country for each, _ in countries):
        return tuple([(each, n + (each == country)) for each, n in countries])
    return (*countries, (country, 1))
