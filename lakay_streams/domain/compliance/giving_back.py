"""What gives money back by name: a refund, reversal or chargeback and the movement that it names.

It undoes that movement, and neither counts, where it gives back exactly what was moved, the way it came. Anything else
is a movement of its own beside the one that it names, so that nobody hides money by naming:

    more or less than was moved, or the same once more
    what was never told, or was asked for and neither completed nor failed: once it is, this is looked at again
    cash in place of what was no currency, or the other way round: currency changed hands all the same
    cash handed in for a remittance: it was received (31 CFR 1010.311), and what is handed out is a transaction, too

What gives back may be given back itself: then the first movement stands. A chain is followed for `IN_A_ROW`; in a
longer one, or in a circle, everything counts.
"""

from __future__ import annotations

from lakay_streams.domain.compliance import expiry, older
from lakay_streams.domain.compliance.entry import Asked, Done, Entry, joined
from lakay_streams.domain.compliance.ledger import Draft
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.movement import CASH, MONEY_ORDER, REMITTANCE
from lakay_streams.domain.compliance.words import GIVEN_BACK

IN_A_ROW = 4


def is_handed_in(entry: Entry, asked: Asked, limits: ComplianceLimits) -> bool:
    """Whether it is a remittance for which currency or a money order is handed in, or assumed to be."""
    return asked.channel == REMITTANCE and not entry.of_counterpart and _handed(asked.payment_method, limits) != ""


def resolved(draft: Draft, entry: Entry) -> Entry:
    """Return the entry in which a movement's tellings are joined."""
    return (draft.entry(entry.twin_of) or entry) if entry.twin_of else entry


def noted(draft: Draft, giving: Entry) -> list[str]:
    """Note on the movement that `giving` names that it is given back.

    Return the ids of what may count otherwise now: the movement, what else gives it back, and what they give back
    themselves.
    """
    asked = giving.details
    if asked is None or not _names_another(giving, asked):
        return []
    named = draft.entry(asked.names)
    if named is None:
        named = older.entry_of(draft, asked.names)
        expiry.first_told(draft, asked.names)
    named = resolved(draft, named)
    concerned = [named.undone_by]
    if giving.completed_at is not None and giving.amount is not None:
        undone = Done(giving.completed_at, *giving.amount)
        named = joined(named, Entry(named.id, giving.last_at, undone=undone, undone_by=giving.id))
    draft.keep(named)
    below: Entry | None = named
    while below is not None and below.id not in concerned and len(concerned) <= IN_A_ROW + 2:
        concerned.append(below.id)
        below = _named(draft, below)
    return [each for each in concerned if each]


def is_undone(draft: Draft, entry: Entry, limits: ComplianceLimits) -> bool:
    """Whether all of a movement was given back, by what was not given back itself."""
    chain = _chain(draft, entry, limits)
    return bool(chain) and len(chain) % 2 == 0


def undoes(draft: Draft, entry: Entry, limits: ComplianceLimits) -> bool:
    """Whether it gives back all of another movement, so that neither counts."""
    named = _named(draft, entry)
    if named is None or named.details is None or is_handed_in(named, named.details, limits):
        return False
    chain = _chain(draft, named, limits)
    return len(chain) > 1 and chain[1] == entry.id


def _chain(draft: Draft, entry: Entry, limits: ComplianceLimits) -> list[str]:
    """Return the ids of the movement, of what gives it back, of what gives that back; none where it has no end."""
    passed = [entry.id]
    while (giving := _giving(draft, entry, limits)) is not None:
        if giving.id in passed or len(passed) > IN_A_ROW:
            return []
        passed.append(giving.id)
        entry = giving
    return passed


def _giving(draft: Draft, entry: Entry, limits: ComplianceLimits) -> Entry | None:
    """Return what gives back exactly this movement, the way it came."""
    giving = draft.entry(entry.undone_by) if entry.undone_by else None
    if giving is None or giving.completed_at is None or giving.amount != entry.amount:
        return None
    asked, given = entry.details, giving.details
    if asked is None or given is None or (entry.first_completed is None and entry.failed_at is None):
        return None
    method = given.payment_method or asked.payment_method
    return giving if _handed(method, limits) == _handed(asked.payment_method, limits) else None


def _named(draft: Draft, entry: Entry) -> Entry | None:
    asked = entry.details
    found = draft.entry(asked.names) if asked is not None and _names_another(entry, asked) else None
    return None if found is None else resolved(draft, found)


def _names_another(entry: Entry, asked: Asked) -> bool:
    return asked.channel in GIVEN_BACK and asked.names not in {"", entry.id}


def _handed(method: str, limits: ComplianceLimits) -> str:
    """Return what is handed over: cash, also where that is assumed, a money order, or empty for neither."""
    return method if method in {CASH, MONEY_ORDER} else CASH if not method and limits.assume_cash else ""
