"""A customer's ledger: an entry for each movement, a page for each business day, and none dropped before its time.

The customer's record (`state`) has what rules look at from one event to the next, in bounded memory. The ledger has
everything, on disk: so a movement is found by its id whatever came between, and what happened weeks ago is judged with
the days around it (`around`), as if it had been told in time.

It grows with what the customer does and is kept for the retention: each event takes at most `EXPIRED_AT_ONCE` of this
customer's oldest entries away. That follows from event times alone, so a replay forgets the same. A page goes with the
last entry that it counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from lakay_streams.domain.business_day import day_start
from lakay_streams.domain.compliance.entry import Entry
from lakay_streams.domain.compliance.limits import DAY_MS, ComplianceLimits
from lakay_streams.domain.compliance.movement import Movement
from lakay_streams.domain.compliance.state import (
    ComplianceState,
    Day,
    OpenAlert,
    on_day,
    totalled,
)
from lakay_streams.domain.frozen import Frozen, replace

IDS_KEPT = 128
"""A page names at most so many of its day's movements; its totals have all of them."""

AROUND_KEPT = 256
EXPIRED_AT_ONCE = 2
JOINED_AT_ONCE = 8
"""So many ids wait in the customer's record to be joined: of so many entries, one is written for it again."""


class Page(Frozen):
    """One business day: its totals, the ids of its movements and receipts, how many entries it counts, and its alerts.

    An alert stands here once the customer's record has no room for it.
    """

    total: Day
    ids: tuple[str, ...] = ()
    entries: int = 0
    alerts: tuple[OpenAlert, ...] = ()


_NO_PAGE = Page(Day(0))


class Ledger(Protocol):
    """What is kept of one customer, to be read."""

    def entry(self, movement_id: str) -> Entry | None:
        """Return the entry of a movement; None where nothing was told of it."""

    def page(self, day: int) -> Page | None:
        """Return a business day's page; None for a day without movements."""


class Draft:
    """A ledger as one event changes it: what was changed lies before what is kept."""

    def __init__(self, ledger: Ledger, paged_until: int) -> None:
        """Begin with what is kept; the ledger has no page of a day after `paged_until`, so none is looked for."""
        self._ledger = ledger
        self._paged_until = paged_until
        self.entries: dict[str, Entry | None] = {}
        """What to keep under each id; None: nothing more."""
        self.pages: dict[int, Page | None] = {}

    def entry(self, movement_id: str) -> Entry | None:
        """Return the entry of a movement."""
        return self.entries[movement_id] if movement_id in self.entries else self._ledger.entry(movement_id)

    def page(self, day: int) -> Page | None:
        """Return a business day's page."""
        if day in self.pages:
            return self.pages[day]
        return self._ledger.page(day) if day <= self._paged_until else None

    @property
    def paged_until(self) -> int:
        """The last day that has, or had, a page."""
        return max(self._paged_until, *self.pages) if self.pages else self._paged_until

    def keep(self, entry: Entry) -> None:
        """Keep an entry instead of what was kept under its id."""
        self.entries[entry.id] = entry

    def count(
        self,
        before: ComplianceState,
        after: ComplianceState,
        movement: Movement,
        sign: int,
        limits: ComplianceLimits,
        *,
        receipt: bool = False,
    ) -> None:
        """Put a movement or receipt on its day's page (`sign` 1), or take it away (-1).

        `before` and `after` it are the customer's record: a day that it knows has the same total there, and one that
        has no page yet is an older record's.
        """
        day, page = movement.day, self.page(movement.day)
        if day >= after.days_from:
            total = on_day(after, day)
        else:
            was = on_day(before, day) if page is None else page.total
            total = totalled(was, movement, sign, limits, receipt=receipt)
        if page is None:
            page = _NO_PAGE
        ids, entries = page.ids, page.entries + sign
        if sign < 0:
            ids = tuple([each for each in ids if each != movement.id])
        elif movement.id not in ids:
            ids = (*ids, movement.id)[:IDS_KEPT]
        is_empty = entries <= 0 and not page.alerts and total == Day(day)
        self.pages[day] = None if is_empty else Page(total, ids, entries, page.alerts)


def around(state: ComplianceState, ledger: Ledger, at: int, day: int, limits: ComplianceLimits) -> ComplianceState:
    """Return the customer's record as it is around a time that lies before its details: what rules look at then."""
    span = limits.details_ms // DAY_MS
    pages = {number: ledger.page(number) for number in range(day - limits.days_kept, day + span + 1)}
    days = [on_day(state, number) if page is None else page.total for number, page in pages.items()]
    details: list[Movement] = []
    receipts: list[Movement] = []
    dropped = 0
    # The nearest days first: what is too much is far away.
    for number, page in sorted(pages.items(), key=lambda each: abs(each[0] - day)):
        if page is None or abs(number - day) > span:
            continue
        if len(details) < AROUND_KEPT:
            found = [entry for each in page.ids if (entry := ledger.entry(each)) is not None]
            details += [each.movement for each in found if each.movement is not None and each.movement.day == number]
            receipts += [each.receipt for each in found if each.receipt is not None and each.receipt.day == number]
        if (page.entries > len(page.ids) or len(details) >= AROUND_KEPT) and number <= day:
            dropped = max(dropped, day_start(number + 1, limits.zone) - 1)
    known = {each.id for each in details}
    begins, ends = at - limits.details_ms, at + limits.details_ms
    details += [each for each in state.movements if each.id not in known and begins <= each.at <= ends]
    known = {each.id for each in receipts}
    receipts += [each for each in state.receipts if each.id not in known and begins <= each.at <= ends]
    if len(details) > AROUND_KEPT:
        details = sorted(details, key=lambda each: (abs(each.at - at), each.id))
        dropped = max(dropped, *[each.at for each in details[AROUND_KEPT:] if each.at <= at], 0)
        details = details[:AROUND_KEPT]
    return replace(
        state,
        days=tuple([each for each in days if each != Day(each.day)]),
        movements=tuple(sorted(details, key=lambda each: (each.at, each.id))),
        receipts=tuple(sorted(receipts, key=lambda each: (each.at, each.id))),
        dropped_until=dropped,
        receipts_dropped_until=0,
        details_from=0,
        days_from=0,
    )


def first_told(state: ComplianceState, draft: Draft, entry: Entry) -> ComplianceState:
    """Return the state after a movement was told for the first time: its entry is the last in the order of expiry.

    That order begins with `oldest`. What follows stands in the entry of the last id there (`later`), and so on until
    the first id of `newest`, which the others of `newest` follow.
    """
    if not state.oldest:
        return replace(state, oldest=(entry.id,), newest=(entry.id,), oldest_at=0)
    newest = (*state.newest, entry.id)
    last = draft.entry(newest[0]) if len(newest) > JOINED_AT_ONCE else None
    if last is not None:
        draft.keep(replace(last, later=newest[1:]))
        newest = newest[-1:]
    return replace(state, newest=newest)


def expired(
    state: ComplianceState, draft: Draft, at: int, limits: ComplianceLimits
) -> tuple[ComplianceState, list[Entry]]:
    """Take away entries that are older than the retention before `at`; return the state, and those never counted.

    Those are completed movements of which no details ever came: money was moved, and nobody knows how.
    """
    horizon = at - limits.retention_ms
    lost: list[Entry] = []
    for _ in range(EXPIRED_AT_ONCE):
        # Told of later, it only gets newer: nearly always this says so without a look at the entry.
        if not state.oldest or state.oldest_at >= horizon:
            break
        entry = draft.entry(state.oldest[0])
        if entry is None:
            break
        if entry.last_at >= horizon:
            if entry.begun_at >= horizon:
                state = replace(state, oldest_at=entry.last_at)
                break
            # Told of anew after long: it goes to the end, and holds up none of those behind it.
            told_anew = replace(entry, later=())
            draft.keep(told_anew)
            state = first_told(_without_oldest(state, entry), draft, told_anew)
            continue
        draft.entries[entry.id] = None
        state = _without_oldest(state, entry)
        for counted in (entry.movement, entry.receipt):
            page = None if counted is None else draft.page(counted.day)
            if page is not None:
                left = replace(page, entries=page.entries - 1)
                draft.pages[left.total.day] = left if left.entries > 0 else None
        if entry.completed_at is not None and entry.details is None and not entry.twin_of and not entry.lost:
            lost.append(entry)
    return state, lost


def _without_oldest(state: ComplianceState, entry: Entry) -> ComplianceState:
    left, newest = state.oldest[1:] or entry.later, state.newest
    if not left:
        left, newest = newest[1:], newest[1:][-1:]
    return replace(state, oldest=left, newest=newest, oldest_at=0)


class Kept:
    """A ledger in memory, for one customer: what tests and the simulator keep."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.entries: dict[str, Entry] = {}
        self.pages: dict[int, Page] = {}

    def entry(self, movement_id: str) -> Entry | None:
        """Return the entry of a movement."""
        return self.entries.get(movement_id)

    def page(self, day: int) -> Page | None:
        """Return a business day's page."""
        return self.pages.get(day)

    def take(self, entries: Mapping[str, Entry | None], pages: Mapping[int, Page | None]) -> None:
        """Keep what a decision changed."""
        for movement_id, entry in entries.items():
            if entry is None:
                self.entries.pop(movement_id, None)
            else:
                self.entries[movement_id] = entry
        for day, page in pages.items():
            if page is None:
                self.pages.pop(day, None)
            else:
                self.pages[day] = page
