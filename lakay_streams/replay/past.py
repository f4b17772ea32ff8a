"""The past as the lake keeps it: of one partition the journal and the records of every source, each by offset."""

from __future__ import annotations

import asyncio
import heapq
import threading
from collections import defaultdict
from collections.abc import Collection, Coroutine, Iterator
from operator import attrgetter
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

from msgspec.structs import astuple

from lakay_streams.contracts.topics import JOURNAL
from lakay_streams.db import audit, schema
from lakay_streams.db.pool import Database
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.replay import Checkpoint, Lost
from lakay_streams.engine.task.journal import JournalEntry
from lakay_streams.lake import manifest
from lakay_streams.lake.files import Files, files_of
from lakay_streams.lake.keys import LakeKeys, SealingKey
from lakay_streams.lake.manifest import Kept
from lakay_streams.lake.reading import records
from lakay_streams.pii.keys import encryption_keys, token_keys
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import Tokens
from lakay_streams.settings import Settings

Result = TypeVar("Result")

Decisive = dict[str, dict[str, Any]]
"""The settings that decisions depend on, by group and name."""

SETTINGS_IN_FORCE = "settings_in_force"
"""The action under which the archive puts settings into the audit trail."""

_KEYS_KEPT = 50_000
"""Keys in memory: beyond, all are forgotten and found again."""

_OFFSET = attrgetter("offset")


class Past:
    """What the lake keeps; to be closed.

    PostgreSQL is asked in a thread of its own, since a replay reads within its own event loop.
    """

    def __init__(self, settings: Settings) -> None:
        """Find the files, and the settings that were in force. Raises `DatabaseError`, `SettingsError`."""
        schema.require(settings)
        self._group = settings.kafka_consumer_group
        self._files: Files = files_of(settings)
        self._database = Database(settings, application="lakay-replay")
        self._keys = LakeKeys(self._database, Tokens(token_keys(settings)), Vault(encryption_keys(settings)))
        self._found: dict[str, SealingKey] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="keys", daemon=True)
        self._thread.start()
        #: The lake's files, and the decisive settings that were in force, by their version.
        self.files: list[Kept] = []
        self.settings: dict[str, Decisive] = {}
        try:
            self._do(self._database.__aenter__())
            self.files, self.settings = self._do(self._ask())
        except BaseException:
            self.close()
            raise
        self._of: dict[tuple[str, int], list[Kept]] = defaultdict(list)
        for file in self.files:
            self._of[file.topic, file.partition].append(file)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of PostgreSQL."""
        try:
            self._do(self._database.__aexit__())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    # -- what there is

    @property
    def partitions(self) -> list[int]:
        """The partitions that have a journal."""
        return self.partitions_of(JOURNAL)

    def partitions_of(self, topic: str) -> list[int]:
        """Return the partitions of a topic that the lake has records of."""
        return sorted(number for name, number in self._of if name == topic)

    def checkpoints(self, number: int, until: int) -> Iterator[Checkpoint]:
        """Yield the journal's entries of a partition that were written before `until` (ms UTC), in their order."""
        for record in self.records(JOURNAL, number):
            if type(record) is Record:
                if record.timestamp >= until:
                    return
                entry = JournalEntry.decode(record.value or b"")
                if entry.group in {"", self._group}:
                    yield Checkpoint(record.timestamp, entry)

    def records(self, topic: str, number: int, recorded: range | None = None) -> Iterator[Record | Lost]:
        """Yield the records of a topic's partition by offset, `Lost` for each whose key was erased.

        `recorded` takes only those that Kafka has from a time on and before another (ms UTC). Files are opened when
        their first record is due. Raises `LakeError` for one that is missing, or is not what was written; `PiiError`
        for a record that was changed.
        """
        for batch in records(self._files, self._of[topic, number], self._keys_of, recorded):
            # As in `Raw`, so in `Record`.
            opened: Iterator[Record | Lost] = (Record(*astuple(raw)) for raw in batch.records)
            yield from heapq.merge(opened, map(Lost, batch.erased), key=_OFFSET) if batch.erased else opened

    def _keys_of(self, ids: Collection[str]) -> dict[str, SealingKey]:
        missing = [each for each in ids if each not in self._found]
        if missing:
            if len(self._found) > _KEYS_KEPT:
                self._found.clear()
                missing = list(ids)
            found = self._do(self._keys.by_id(map(UUID, missing)))
            self._found |= {str(key_id): key for key_id, key in found.items()}
        return self._found

    # -- PostgreSQL

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _ask(self) -> tuple[list[Kept], dict[str, Decisive]]:
        async with self._database.connection() as connection:
            entries = await audit.all_of(connection, SETTINGS_IN_FORCE)
            decisive = {entry["details"]["version"]: entry["details"]["settings"] for entry in entries}
            return await manifest.kept(connection), decisive
