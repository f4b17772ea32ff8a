"""What an earlier commit left behind: `before.tar.xz`, unpacked, and put into a fresh Kafka and a fresh PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from lakay_streams.contracts.topics import EVENT_TYPES, REJECTED
from lakay_streams.engine.task.journal import JournalEntry
from lakay_streams.settings import Settings
from tests.compatibility import database
from tests.compatibility.fields import JOURNAL
from tests.compatibility.kafka import Log, bytes_of, unpacked
from tests.e2e.oracle import NEW
from tests.e2e.platform import ALERT_TOPICS, GROUP, Platform

BEFORE = Path(__file__).with_name("before.tar.xz")
PARTITIONS = 2

ON_DISK = 0
"""The partition whose databases are kept."""

DECODE: dict[str, Callable[[bytes], Any]] = {
    **{table: msgspec.msgpack.Decoder(type(state)).decode for table, state in NEW.items()},
    JOURNAL: JournalEntry.decode,
}
"""What decodes the states of each table, and the journal's entries."""

#: What the archive reads.
ARCHIVED = (*EVENT_TYPES, *ALERT_TOPICS, REJECTED)


@dataclass(frozen=True)
class Snapshot:
    """The unpacked folder: see `make.py` for what is in it."""

    folder: Path

    @staticmethod
    def unpack(packed: Path, folder: Path) -> Snapshot:
        """Unpack into a folder."""
        with tarfile.open(packed) as tar:
            tar.extractall(folder, filter="data")
        return Snapshot(folder)

    @cached_property
    def about(self) -> dict[str, str]:
        """Which commit made it, and the revision of its database."""
        return dict(json.loads((self.folder / "about.json").read_text()))

    @cached_property
    def logs(self) -> list[Log]:
        """Every partition of every topic."""
        return [unpacked(log) for log in _lines(self.folder / "topics.jsonl")]

    @property
    def offsets(self) -> list[tuple[str, int, int, str]]:
        """What the group had committed: topic, partition, offset, metadata."""
        return [tuple(line) for line in _lines(self.folder / "offsets.jsonl")]

    @property
    def fields(self) -> Iterator[tuple[str, str, Any]]:
        """Each state as the commit decodes it: table, key, and its fields by name; and so each journal entry."""
        yield from _lines(self.folder / "states.jsonl")

    @property
    def traffic(self) -> list[tuple[str, bytes | None, bytes | None]]:
        """What comes next: topic, key, value."""
        return [(topic, bytes_of(key), bytes_of(value)) for topic, key, value in _lines(self.folder / "next.jsonl")]

    @property
    def rows(self) -> Path:
        """The folder of the database's rows."""
        return self.folder / "rows"

    @property
    def stores(self) -> Path:
        """The worker's LAKAY_DATA_DIR, with the databases of partition `ON_DISK`."""
        return self.folder / "worker"

    def log_of(self, topic: str, partition: int) -> Log:
        """Return the log of one partition."""
        (found,) = (log for log in self.logs if (log.topic, log.partition) == (topic, partition))
        return found

    def changelog(self, table: str, partition: int) -> Log:
        """Return the log of a table's changelog."""
        return self.log_of(f"{GROUP}-{table}-changelog", partition)


def _lines(path: Path) -> Iterator[Any]:
    with path.open() as file:
        yield from map(json.loads, file)


async def at_rest(platform: Platform, settings: Settings, seconds: float = 240.0) -> None:
    """Wait until the archive has every committed record that it reads."""
    deadline = time.monotonic() + seconds
    while True:
        wanted = {
            (topic, number): records[-1].offset
            for topic in ARCHIVED
            for number, records in (await platform.read(topic)).items()
            if records
        }
        with database.connected(settings) as connection:
            rows = connection.execute("SELECT topic, partition, next_offset FROM archive_positions").fetchall()
        positions = {(topic, number): offset for topic, number, offset in rows}
        behind = {where for where, last in wanted.items() if positions.get(where, 0) <= last}
        if not behind:
            return
        assert time.monotonic() < deadline, f"not archived within {seconds:g} s: {sorted(behind)}"
        await asyncio.sleep(0.5)
