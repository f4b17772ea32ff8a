"""From events to movements: each is counted once, when it is completed, and taken back when it fails afterwards.

What is told is joined in the movement's entry (`entry`), in whatever order and however often; then what is counted is
brought in line with what the entry says (`standing`). A movement that two topics tell under two ids is one (`twins`).
What gives money back by name undoes the movement that it names, or is a movement of its own (`giving_back`).
"""

from __future__ import annotations

from lakay_streams.domain.compliance import expiry, giving_back, older
from lakay_streams.domain.compliance.change import Change, Lost
from lakay_streams.domain.compliance.entry import Entry, joined
from lakay_streams.domain.compliance.giving_back import resolved
from lakay_streams.domain.compliance.ledger import Draft
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.older import NOT_TAKEN_BACK
from lakay_streams.domain.compliance.recording import with_country
from lakay_streams.domain.compliance.standing import only_waits, standing_of
from lakay_streams.domain.compliance.telling import MoneyEvent, told_by
from lakay_streams.domain.compliance.twins import one_with_its_twin
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.money import Rates

TOO_LATE = "told after its retention was over"
NO_DETAILS = "completed, and what it was never told"

Counted = tuple[list[Change], list[Lost]]
"""What an event changed, and what could not be counted."""


def count(draft: Draft, event: MoneyEvent, limits: ComplianceLimits, rates: Rates) -> Counted:
    """Count in `draft` what the event tells of a movement."""
    told = told_by(event, limits)
    if told is None:
        return [], []
    if draft.state.pending:
        older.taken_over(draft)
    known = draft.entry(told.id)
    if known is None:
        known = older.entry_of(draft, told.id)
        expiry.first_told(draft, told.id)
        if told.last_at < draft.state.last_at - limits.retention_ms and not known.counted and not known.lost:
            known = replace(known, lost=TOO_LATE)
        known = resolved(draft, known)
        # Nothing else is known of nearly every one.
        after = joined(known, told) if known.last_at or known.lost else told
    else:
        known = resolved(draft, known) if known.twin_of else known
        after = joined(known, told)
        if after == known:
            return [], []
    draft.keep(after)
    lost = _lost(known, after) if after.lost else []
    changes = [] if only_waits(after) else _settled(draft, after, limits, rates)
    at = event.occurred_at
    if expiry.is_due(draft.state, at, limits):
        lost += [_as_lost(each, NO_DETAILS) for each in expiry.expired(draft, at, limits)]
    if at > draft.state.last_at:
        draft.state = replace(draft.state, last_at=at)
    return changes, lost


def _lost(before: Entry, after: Entry) -> list[Lost]:
    """Return what the event says of money that cannot be counted any more."""
    if after.lost == NOT_TAKEN_BACK:
        return [_as_lost(after, NOT_TAKEN_BACK)] if after.failed_at != before.failed_at else []
    return [_as_lost(after, after.lost)] if after.completed_at is not None and before.completed_at is None else []


def _as_lost(entry: Entry, why: str) -> Lost:
    amount, currency = entry.amount or (None, "")
    return Lost(entry.id, entry.completed_at or entry.last_at, why, amount, currency)


def _settled(draft: Draft, entry: Entry, limits: ComplianceLimits, rates: Rates) -> list[Change]:
    """Bring what is counted in line with the entry, and with what gives it back or what it gives back."""
    if not entry.counted and not entry.lost:
        entry = one_with_its_twin(draft, entry, limits)
    asked = entry.details
    if not entry.undone_by and (asked is None or not asked.names):
        change = _brought_in_line(draft, entry, limits, rates)
        return [] if change is None else [change]
    changes: list[Change] = []
    concerned = giving_back.noted(draft, entry)
    for each in dict.fromkeys((*concerned, entry.id, entry.undone_by)):
        found = draft.entry(each) if each else None
        if found is not None:
            change = _brought_in_line(draft, resolved(draft, found), limits, rates)
            changes += [change] if change is not None else []
    return changes


def _brought_in_line(draft: Draft, entry: Entry, limits: ComplianceLimits, rates: Rates) -> Change | None:
    """Count what stands of an entry in place of what was counted of it."""
    movement, receipt, attempt = standing_of(entry, draft, limits, rates)
    before, received, attempted = entry.movement, entry.receipt, entry.attempt
    if (movement, receipt, attempt) == (before, received, attempted):
        return None
    draft.keep(replace(entry, movement=movement, receipt=receipt, attempt=attempt))
    # What counts as it did is no change.
    if before == movement:
        before = movement = None
    if received == receipt:
        received = receipt = None
    if attempted == attempt:
        attempted = attempt = None
    if before is not None:
        draft.remove(before, limits)
    if received is not None:
        draft.remove(received, limits, receipt=True)
    if attempted is not None:
        draft.remove_attempt(attempted)
    if movement is not None:
        draft.add(movement, limits)
        if movement.country and (before is None or before.country != movement.country):
            draft.state = with_country(draft.state, movement.country)
    if receipt is not None:
        draft.add(receipt, limits, receipt=True)
    if attempt is not None:
        draft.add_attempt(attempt)
    return Change(before, movement, received, receipt, attempt)
