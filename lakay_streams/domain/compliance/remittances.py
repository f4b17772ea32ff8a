"""A sender's running totals of remittances, by currency.

Compliance counts a movement when it is completed, fraud when it is initiated; both are kept. Amounts are minor units of
their own currency, times event times in ms UTC. An outcome counts once: the ledger's entry knows which were told
(`entry.Entry.outcomes`), however long ago.
"""

from __future__ import annotations

from lakay_streams.domain.events import RemittanceEvent
from lakay_streams.domain.frozen import Frozen, replace

CURRENCIES_KEPT = 16
"""Bound of the record; whatever comes after these counts under `OTHER`, as a count without a sum."""

OTHER = "*"


class CurrencyTotal(Frozen):
    """What was sent in one currency: how often and how much was initiated, completed, failed."""

    currency: str
    initiated: int = 0
    initiated_minor: int = 0
    completed: int = 0
    completed_minor: int = 0
    failed: int = 0
    failed_minor: int = 0


class RemittanceState(Frozen):
    """One sender. `totals` are by currency in order of first appearance."""

    seen: bytes = b""
    totals: tuple[CurrencyTotal, ...] = ()
    last_event_at: int | None = None


NEW_SENDER = RemittanceState()
"""The state of a sender before the first remittance."""

OUTCOMES = {"remittance-initiated": 1, "remittance-completed": 2, "remittance-failed": 4}
"""The event types that count, and the bit of each in what a ledger's entry was told."""


def observe(
    state: RemittanceState, event: RemittanceEvent, seen: bytes | None = None, *, is_new: bool = True
) -> RemittanceState:
    """Return the totals with one more event; `seen` is the ring of event ids the result carries.

    Without `is_new`, for an event that told the ledger nothing, totals stay as they are.
    An event without a currency (completed and failed ones may leave it out) counts under `OTHER`.
    """
    at = event.occurred_at
    last = at if state.last_event_at is None else max(at, state.last_event_at)
    totals = state.totals
    if is_new and event.event_type in OUTCOMES:
        outcome = event.event_type.removeprefix("remittance-")
        totals = _added(totals, outcome, event.currency or OTHER, event.amount_minor or 0)
    return RemittanceState(state.seen if seen is None else seen, totals, last)


def _added(
    totals: tuple[CurrencyTotal, ...], outcome: str, currency: str, amount_minor: int
) -> tuple[CurrencyTotal, ...]:
    known = [each.currency for each in totals]
    if currency not in known and len(known) >= CURRENCIES_KEPT:
        currency = OTHER
    if currency == OTHER:
        amount_minor = 0  # sums of different currencies mean nothing
    if currency not in known:
        totals, known = (*totals, CurrencyTotal(currency)), [*known, currency]
    place = known.index(currency)
    total, amounts = totals[place], f"{outcome}_minor"
    total = replace(total, **{outcome: getattr(total, outcome) + 1, amounts: getattr(total, amounts) + amount_minor})
    return (*totals[:place], total, *totals[place + 1 :])
