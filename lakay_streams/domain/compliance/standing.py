"""What counts of an entry, by all that is told of it and of what gives it back: up to three things.

movement  it was completed: it counts on that day, for every rule
receipt   cash or a money order was handed in for a remittance: a transaction in currency of that day, whenever and
          whether the remittance is paid out (31 CFR 1010.311; a report is due 15 days after it, 1010.306(a)(1)).
          A pay-out that fails does not undo it: what is given back is cash out of its own. COMPLIANCE_REMITTANCE_
          RECEIPT says which event it is
attempt   cash or a money order was asked for, and it came to nothing: no transaction in currency, but attempts
          count for suspicion (31 CFR 1022.320(a)(2))
"""

from __future__ import annotations

from lakay_streams.domain.business_day import business_day, day_start
from lakay_streams.domain.compliance import giving_back
from lakay_streams.domain.compliance.entry import Asked, Entry
from lakay_streams.domain.compliance.giving_back import is_handed_in
from lakay_streams.domain.compliance.ledger import Draft
from lakay_streams.domain.compliance.limits import INITIATED, ComplianceLimits
from lakay_streams.domain.compliance.movement import (
    ASSUMED,
    CASH,
    COUNTERPART,
    IN,
    OUT,
    REMITTANCE,
    STATED,
    Movement,
)
from lakay_streams.domain.compliance.words import CHARGEBACK, HANDED_OUT, INCOMING, OUTGOING
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.money import USD_MINOR_MAX, Dollars, Rates, worth

Standing = tuple[Movement | None, Movement | None, Movement | None]
"""The movement, the receipt and the attempt that count of an entry; None for each that does not."""

NOTHING: Standing = (None, None, None)


def only_waits(entry: Entry) -> bool:
    """Whether nothing can count of it yet: it was only asked for, or nobody told what it is."""
    asked = entry.asked
    if entry.undone_by:
        return False
    if not asked:
        return True
    return entry.first_completed is None and entry.failed_at is None and asked[0].channel != REMITTANCE


def standing_of(entry: Entry, draft: Draft, limits: ComplianceLimits, rates: Rates) -> Standing:
    """Return what counts of an entry."""
    asked, completed = entry.details, entry.completed_at
    if asked is None or entry.lost:
        return NOTHING
    handed_in = asked.channel == REMITTANCE and is_handed_in(entry, asked, limits)
    if completed is None and entry.failed_at is None and not handed_in:
        return NOTHING
    if asked.names and giving_back.undoes(draft, entry, limits):
        return NOTHING
    if entry.undone is not None and giving_back.is_undone(draft, entry, limits):
        completed = None
    done = entry.done
    amount, currency = (asked.amount_minor, asked.currency) if done is None else (done.amount_minor, done.currency)
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
    channel, method, origin = asked.channel, asked.payment_method, asked.origin
    of_counterpart = origin == COUNTERPART
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
    # By place: one is made for each movement, and names make that six times as long.
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
        origin,
        "",
        0 if usd is None else usd.short,
        is_old,
    )
