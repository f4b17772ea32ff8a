"""Records of before there was a ledger: what they knew of movements becomes entries, when it is needed.

They kept what waited in a queue of forty, and 64-bit hashes of the last 256 movements counted.
"""

from __future__ import annotations

from hashlib import blake2b

from lakay_streams.domain.compliance.entry import Asked, Done, Entry, joined
from lakay_streams.domain.compliance.expiry import first_told
from lakay_streams.domain.compliance.ledger import Draft
from lakay_streams.domain.compliance.movement import (
    BOTH,
    OF_CIRCLE,
    OF_REMITTANCE,
    REMITTANCE,
    TRANSACTION,
    Movement,
)
from lakay_streams.domain.frozen import replace

HASH_BYTES = 8

NOT_TAKEN_BACK = "failed after it was counted by an earlier version, which kept no details"


def taken_over(draft: Draft) -> None:
    """Put what waited in the record into entries."""
    for each in draft.state.pending:
        known = draft.entry(each.id)
        if known is None:
            known = Entry(each.id)
            first_told(draft, each.id)
        asked: tuple[Asked, ...] = ()
        done = None
        if each.channel:
            asked = (
                Asked(
                    origin=each.origin or TRANSACTION,
                    at=each.at,
                    channel=each.channel,
                    amount_minor=each.amount_minor or 0,
                    currency=each.currency,
                    counterparty=each.counterparty,
                    device=each.device,
                    payment_method=each.payment_method,
                    country=each.country,
                ),
            )
        if each.completed_at is not None and each.amount_minor is not None and each.currency:
            done = Done(each.completed_at, each.amount_minor, each.currency)
        told = Entry(each.id, each.at, asked, done, each.completed_at, each.completed_at, each.failed_at)
        draft.keep(joined(known, told))
    draft.state = replace(draft.state, pending=())


def entry_of(draft: Draft, movement_id: str) -> Entry:
    """Return the entry of a movement that has none: an empty one, unless an older record has counted it."""
    state = draft.state
    if not state.counted:
        entry = Entry(movement_id)
        draft.keep(entry)
        return entry
    digest = blake2b(movement_id.encode(), digest_size=HASH_BYTES).digest()
    at = state.counted.find(digest)
    while at > 0 and at % HASH_BYTES:
        at = state.counted.find(digest, at + 1)
    if at < 0:
        entry = Entry(movement_id)
    else:
        movement = next((each for each in state.movements if movement_id in (each.id, each.twin)), None)
        if movement is None:
            entry = Entry(movement_id, lost=NOT_TAKEN_BACK)
        elif movement.id == movement_id:
            entry = _counted(movement)
        else:
            if draft.entry(movement.id) is None:
                draft.keep(_counted(movement))
            entry = Entry(movement_id, movement.at, twin_of=movement.id)
    draft.keep(entry)
    return entry


def _counted(movement: Movement) -> Entry:
    other = OF_REMITTANCE if movement.channel == REMITTANCE else OF_CIRCLE
    origins = (other, TRANSACTION) if movement.source == BOTH else (movement.source,)
    return Entry(
        movement.id,
        movement.at,
        tuple(
            Asked(
                origin=origin,
                at=movement.at,
                channel=movement.channel,
                amount_minor=movement.amount_minor,
                currency=movement.currency,
                counterparty=movement.counterparty,
                device=movement.device,
                payment_method=movement.payment_method,
                country=movement.country,
            )
            for origin in origins
        ),
        Done(movement.at, movement.amount_minor, movement.currency),
        movement.at,
        movement.at,
        movement=movement,
    )
