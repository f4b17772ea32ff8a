"""A customer's ledger: an entry for each movement, a page for each business day, and none dropped before its time.

The customer's record (`state`) has what rules look at from one event to the next, in bounded memory. The ledger has
everything, on disk: so a movement is found by its id whatever came between, and what happened weeks ago is judged with
the days around it (`around`), as if it had been told in time. It forgets in the order in which it was told (`expiry`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from lakay_streams.domain.compliance.entry import Entry
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.movement import Movement
from lakay_streams.domain.compliance.recording import (
    with_attempt,
    with_movement,
    with_receipt,
    without_attempt,
    without_movement,
    without_receipt,
)
from lakay_streams.domain.compliance.state import ComplianceState, OpenAlert, on_day
from lakay_streams.domain.compliance.totals import Day, totalled
from lakay_streams.domain.frozen import Frozen

IDS_KEPT = 128
"""A page names at most so many of its day's movements; its totals have all of them."""


class Page(Frozen):
    """One business day: its totals, the ids of its movements and receipts, how many entries it counts, and its alerts.

    An alert stands here once the customer's record has no room for it.
    """

    total: Day
    ids: tuple[str, ...] = ()
    entries: int = 0
    alerts: tuple[OpenAlert, ...] = ()


class Ledger(Protocol):
    """What is kept of one customer, to be read."""

    def entry(self, movement_id: str) -> Entry | None:
        """Return the entry of a movement; None where nothing was told of it."""

    def page(self, day: int) -> Page | None:
        """Return a business day's page; None for a day without movements."""


class Draft:
    """A customer's record and ledger as one event changes them: what was changed lies before what is kept."""

    __slots__ = ("_ledger", "_paged_until", "entries", "pages", "state")

    def __init__(self, state: ComplianceState, ledger: Ledger) -> None:
        """Begin with what is kept."""
        self.state = state
        self.entries: dict[str, Entry | None] = {}
        """What to keep under each id; None: nothing more."""
        self.pages: dict[int, Page | None] = {}
        self._ledger = ledger
        self._paged_until = state.paged_until

    def entry(self, movement_id: str) -> Entry | None:
        """Return the entry of a movement."""
        return self.entries[movement_id] if movement_id in self.entries else self._ledger.entry(movement_id)

    def page(self, day: int) -> Page | None:
        """Return a business day's page."""
        if day in self.pages:
            return self.pages[day]
        # The record knows after which day there is none, so none is looked for.
        return self._ledger.page(day) if day <= self._paged_until else None

    def keep(self, entry: Entry) -> None:
        """Keep an entry instead of what was kept under its id."""
        self.entries[entry.id] = entry

    def add(self, movement: Movement, limits: ComplianceLimits, *, receipt: bool = False) -> None:
        """Count a movement or receipt in the record and on its day's page."""
        before = self.state
        self.state = (with_receipt if receipt else with_movement)(before, movement, limits)
        self._on_page(before, movement, 1, limits, receipt=receipt)

    def remove(self, movement: Movement, limits: ComplianceLimits, *, receipt: bool = False) -> None:
        """Take a movement or receipt out of the record and off its day's page."""
        before = self.state
        self.state = (without_receipt if receipt else without_movement)(before, movement, limits)
        self._on_page(before, movement, -1, limits, receipt=receipt)

    def add_attempt(self, attempt: Movement) -> None:
        """Note an attempt in the record; no page has it."""
        self.state = with_attempt(self.state, attempt)

    def remove_attempt(self, attempt: Movement) -> None:
        """Take an attempt out of the record."""
        self.state = without_attempt(self.state, attempt)

    def _on_page(
        self, before: ComplianceState, movement: Movement, sign: int, limits: ComplianceLimits, *, receipt: bool
    ) -> None:
        day, after = movement.day, self.state
        page = self.page(day)
        if day >= after.days_from:
            total = on_day(after, day)
        else:
            # One that has no page yet is an older record's.
            was = on_day(before, day) if page is None else page.total
            total = totalled(was, movement, sign, limits, receipt=receipt)
        ids, entries, alerts = ((), 0, ()) if page is None else (page.ids, page.entries, page.alerts)
        entries += sign
        if sign < 0:
            ids = tuple([each for each in ids if each != movement.id])
        elif movement.id not in ids:
            ids = (*ids, movement.id)[:IDS_KEPT]
        is_empty = entries <= 0 and not alerts and total == Day(day)
        self.pages[day] = None if is_empty else Page(total, ids, entries, alerts)


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
