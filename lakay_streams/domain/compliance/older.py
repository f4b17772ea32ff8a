"""Records of before there was a ledger: what they knew of movements becomes entries, when it is needed.

They kept what waited in a queue of forty, and 64-bit hashes of the last 256 movements counted.
"""

from __future__ import annotations

from hashlib import blake2b

from lakay_streams.domain.compliance.entry import Asked, Done, Entry, joined
from lakay_streams.domain.compliance.ledger import Draft, first_told
from lakay_streams.domain.compliance.movement import (
    BOTH,
    OF_CIRCLE,
    OF_REMITTANCE,
    REMITTANCE,
    TRANSACTION,
    Movement,
)
from lakay_streams.domain.compliance.state import HASH_BYTES, ComplianceState
from lakay_streams.domain.frozen import replace

NOT_TAKEN_BACK = "failed after it was counted by an earlier version, which kept no details"


def taken_over(state: ComplianceState, draft: Draft) -> ComplianceState:
    """Return the state without what waited in it, which stands in entries now."""
    for each in state.pending:
        known = draft.entry(each.id)
        if known is None:
            known = Entry(each.id)
            state = first_told(state, draft, known)
        asked: tuple[Asked, ...] = ()
        done = None
        if each.channel:
            asked = (
                Asked(
                    each.origin or TRANSACTION,
                    each.at,
                    each.channel,
                    each.amount_minor or 0,
                    each.currency,
                    each.counterparty,
                    each.device,
                    each.payment_method,
                    each.country,
                ),
            )
        if each.completed_at is not None and each.amount_minor is not None and each.currency:
            done = Done(each.completed_at, each.amount_minor, each.currency)
        told = Entry(each.id, each.at, asked, done, each.completed_at, each.completed_at, each.failed_at)
        draft.keep(joined(known, told))
    return replace(state, pending=())


def entry_of(state: ComplianceState, draft: Draft, movement_id: str) -> Entry:
    """Return the entry of a movement that has none: an empty one, unless an older record has counted it."""
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
                origin,
                movement.at,
                movement.channel,
                movement.amount_minor,
                movement.currency,
                movement.counterparty,
                movement.device,
                movement.payment_method,
                movement.country,
            )
            for origin in origins
        ),
        Done(movement.at, movement.amount_minor, movement.currency),
        movement.at,
        movement.at,
        movement=movement,
    )
