"""One movement that two topics tell under two ids: a circle's contribution is a transaction and an event of the circle.

Two of one channel, counterparty and amount, told by different topics within a day (a remittance: a week, for it is paid
out days later), are one: what either told goes for both. Each is joined once, in the entry of the one told first.
"""

from __future__ import annotations

from lakay_streams.domain.business_day import business_day
from lakay_streams.domain.compliance import older
from lakay_streams.domain.compliance.around import around
from lakay_streams.domain.compliance.entry import Asked, Entry, joined
from lakay_streams.domain.compliance.ledger import Draft
from lakay_streams.domain.compliance.limits import DAY_MS, ComplianceLimits
from lakay_streams.domain.compliance.movement import (
    BOTH,
    CASH,
    CONTRIBUTION,
    COUNTERPART,
    MONEY_ORDER,
    PAYOUT,
    REMITTANCE,
    Movement,
)
from lakay_streams.domain.compliance.state import is_early

TWIN_MS = {CONTRIBUTION: DAY_MS, PAYOUT: DAY_MS, REMITTANCE: 7 * DAY_MS}
"""Within what time two topics tell of one movement, for the channels that are told twice."""

_FOR_CASH = frozenset({CASH, MONEY_ORDER})


def one_with_its_twin(draft: Draft, entry: Entry, limits: ComplianceLimits) -> Entry:
    """Join an entry in that of the same movement as another topic told it; return the entry that counts."""
    if len(entry.asked) != 1:
        return entry
    asked = entry.asked[0]
    within = TWIN_MS.get(asked.channel)
    if within is None or asked.origin == COUNTERPART:
        return entry
    at = entry.completed_at or asked.at
    seen = draft.state
    if is_early(seen, min(at, asked.at) - within):
        seen = around(draft, at, business_day(at, limits.zone), limits)
    twins = [
        each
        for each in (*seen.movements, *seen.receipts)
        if each.channel == asked.channel
        and each.source not in {asked.origin, BOTH, COUNTERPART}
        and _may_be_one(each, asked)
        and min(abs(each.at - at), abs(each.at - asked.at)) <= within
    ]
    for twin in sorted(twins, key=lambda each: (abs(each.at - at), each.id)):
        first = draft.entry(twin.id) or older.entry_of(draft, twin.id)
        if len(first.asked) == 1 and first.asked[0].origin != asked.origin and _amounts(first) & _amounts(entry):
            draft.keep(Entry(entry.id, entry.last_at, twin_of=first.id, later=entry.later))
            one = joined(first, entry)
            draft.keep(one)
            return one
    return entry


def _may_be_one(movement: Movement, asked: Asked) -> bool:
    """Whether what two topics tell contradicts nowhere: cash is never lost in what is none."""
    one, other = movement.payment_method, asked.payment_method
    return (
        (movement.counterparty == asked.counterparty or not movement.counterparty or not asked.counterparty)
        and (movement.country == asked.country or not movement.country or not asked.country)
        and (one == other or not one or not other or not _FOR_CASH & {one, other})
    )


def _amounts(entry: Entry) -> set[tuple[int, str]]:
    """What was asked for, and what was completed: a fee is in one, or is not."""
    asked = {(each.amount_minor, each.currency) for each in entry.asked}
    return asked if entry.done is None else {*asked, (entry.done.amount_minor, entry.done.currency)}
