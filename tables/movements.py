"""A customer's ledger, beside the customer's record in `compliance`: everything, on disk, for the retention.

`movements` has one record a movement (domain/compliance/entry.py), `movement_days` one a business day
(domain/compliance/ledger.py). Their keys are the customer's and the movement's id or the day, joined by the unit
separator (engine/kafka/partitioner.py), so they lie in the customer's partition.
"""

from __future__ import annotations

from collections.abc import Mapping

from lakay_streams.domain.business_day import iso_day
from lakay_streams.domain.compliance.entry import Entry
from lakay_streams.domain.compliance.ledger import Page
from lakay_streams.domain.known import hashed_value
from lakay_streams.engine.kafka.partitioner import OF, key_of
from lakay_streams.engine.state.table import WriteBackCache


def entry_key(user_id: str, movement_id: str) -> str:
    """Return the key of a movement's entry; an id with the separator in it goes by its hash."""
    return key_of(user_id, hashed_value(movement_id) if OF in movement_id else movement_id)


def page_key(user_id: str, day: int) -> str:
    """Return the key of a business day's page."""
    return key_of(user_id, iso_day(day))


class CustomerLedger:
    """One customer's ledger in the two tables: what `domain.compliance.ledger.Ledger` asks for."""

    def __init__(self, user_id: str, movements: WriteBackCache[Entry], days: WriteBackCache[Page]) -> None:
        """Read and keep what belongs to `user_id`."""
        self._user_id = user_id
        self._movements = movements
        self._days = days

    def entry(self, movement_id: str) -> Entry | None:
        """Return the entry of a movement; None where nothing was told of it."""
        return self._movements.find(entry_key(self._user_id, movement_id))

    def page(self, day: int) -> Page | None:
        """Return a business day's page; None for a day without movements."""
        return self._days.find(page_key(self._user_id, day))

    def take(self, entries: Mapping[str, Entry | None], pages: Mapping[int, Page | None]) -> None:
        """Keep what a decision changed."""
        for movement_id, entry in entries.items():
            self._movements.put(entry_key(self._user_id, movement_id), entry)
        for day, page in pages.items():
            self._days.put(page_key(self._user_id, day), page)
