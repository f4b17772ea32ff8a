"""The order in which a ledger's entries were first told, and how they are taken away in it when their time is over.

The ledger grows with what the customer does and is kept for the retention: each event takes at most `EXPIRED_AT_ONCE`
of this customer's oldest entries away. That follows from event times alone, so a replay forgets the same. A page goes
with the last entry that it counts.

The order begins with the record's `oldest`. What follows stands in the entry of the last id there (`later`), and so on
until the first id of `newest`, which the others of `newest` follow.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.entry import Entry
from lakay_streams.domain.compliance.ledger import Draft
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.domain.frozen import replace

EXPIRED_AT_ONCE = 2
JOINED_AT_ONCE = 8
"""So many ids wait in the customer's record to be joined: of so many entries, one is written for it again."""


def first_told(draft: Draft, movement_id: str) -> None:
    """Put a movement that is told for the first time last in the order."""
    state = draft.state
    if not state.oldest:
        draft.state = replace(state, oldest=(movement_id,), newest=(movement_id,), oldest_at=0)
        return
    newest = (*state.newest, movement_id)
    last = draft.entry(newest[0]) if len(newest) > JOINED_AT_ONCE else None
    if last is not None:
        draft.keep(replace(last, later=newest[1:]))
        newest = newest[-1:]
    draft.state = replace(state, newest=newest)


def is_due(state: ComplianceState, at: int, limits: ComplianceLimits) -> bool:
    """Whether the oldest entry may be older than the retention before `at`.

    Told of later, it only gets newer: nearly always the record alone says no.
    """
    return bool(state.oldest) and state.oldest_at < at - limits.retention_ms


def expired(draft: Draft, at: int, limits: ComplianceLimits) -> list[Entry]:
    """Take away entries that are older than the retention before `at`; return those never counted.

    Those are completed movements of which no details ever came: money was moved, and nobody knows how.
    """
    horizon = at - limits.retention_ms
    lost: list[Entry] = []
    for _ in range(EXPIRED_AT_ONCE):
        state = draft.state
        if not is_due(state, at, limits):
            break
        entry = draft.entry(state.oldest[0])
        if entry is None:
            break
        if entry.last_at >= horizon:
            if entry.begun_at >= horizon:
                draft.state = replace(state, oldest_at=entry.last_at)
                break
            # Told of anew after long: it goes to the end, and holds up none of those behind it.
            draft.state = _without_oldest(state, entry)
            draft.keep(replace(entry, later=()))
            first_told(draft, entry.id)
            continue
        draft.state = _without_oldest(state, entry)
        draft.entries[entry.id] = None
        for counted in (entry.movement, entry.receipt):
            page = None if counted is None else draft.page(counted.day)
            if page is not None:
                left = replace(page, entries=page.entries - 1)
                draft.pages[left.total.day] = left if left.entries > 0 else None
        if entry.completed_at is not None and entry.details is None and not entry.twin_of and not entry.lost:
            lost.append(entry)
    return lost


def _without_oldest(state: ComplianceState, entry: Entry) -> ComplianceState:
    left, newest = state.oldest[1:] or entry.later, state.newest
    if not left:
        left, newest = newest[1:], newest[1:][-1:]
    return replace(state, oldest=left, newest=newest, oldest_at=0)
