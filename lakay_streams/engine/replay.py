"""The past of one partition, run again along its journal: the same processors, the same order, the same outputs.

    replay = PartitionReplay(7, build, {"rates": rate_records}, send)
    replay.run(entries, sources)

The app is the one that a worker runs, with its tables and processors. What is not there is Kafka: records and journal
come from wherever they are kept, outputs go to a function, and states to the RocksDB databases of the app's own folder.
Nothing here depends on a clock, so that the same past gives the same outputs, to the byte.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import Record, RecordBatch
from lakay_streams.engine.kafka.committer import Outgoing
from lakay_streams.engine.state.reference import GlobalTable, Snapshot
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.engine.task.crashes import DEAD_LETTER_AFTER, to_metadata
from lakay_streams.engine.task.journal import JournalEntry, Segment
from lakay_streams.engine.task.task import StreamTask
from lakay_streams.errors import ReplayError

#: Records after which states are written: a state that changes often is encoded once.
WRITTEN_EVERY = 20_000

#: Records that a processor is handed at once.
BATCH = 1_000

#: Values of a reference that are kept: a worker may be behind another by a few.
VALUES_KEPT = 1_000


class Checkpoint(NamedTuple):
    """An entry of the journal, and when it was written (ms UTC)."""

    at: int
    entry: JournalEntry


class Lost(NamedTuple):
    """Stands for a record that can no longer be read, since its key was erased."""

    offset: int


class Output(NamedTuple):
    """What a processor sent, and when the checkpoint of what caused it was (ms UTC)."""

    at: int
    topic: str
    key: bytes | None
    value: bytes | None


class Counts(NamedTuple):
    """How much was run again.

    `lost` are records that could not be read any more. `behind` are checkpoints of which a reference's very value is
    not kept, and the nearest one before was taken.
    """

    checkpoints: int = 0
    records: int = 0
    outputs: int = 0
    lost: int = 0
    behind: int = 0


Log = Callable[[], Iterator[Record]]
"""The records of a topic, from its first on, as often as they are asked for."""


class ReferenceValues:
    """The values that a reference has had, by their versions."""

    def __init__(self, table: GlobalTable[Any], log: Log) -> None:
        """Fold `log` as `table` does."""
        self._table = table
        self._log = log
        self._initial = table.snapshot
        self._begin()

    def _begin(self) -> None:
        self._records = self._log()
        self._kept: deque[Snapshot[Any]] = deque([self._initial], maxlen=VALUES_KEPT)

    def at(self, version: int) -> Snapshot[Any]:
        """Return the value of this version; where there is none, that of the greatest one before."""
        if version < self._kept[0].version:
            self._begin()
        while self._kept[-1].version < version:
            record = next(self._records, None)
            if record is None:
                break
            self._table.snapshot = self._kept[-1]
            self._table.take(record)
            self._kept.append(self._table.snapshot)
        found: Snapshot[Any] = next(each for each in reversed(self._kept) if each.version <= version)
        return found


class PartitionReplay:
    """Runs one partition again. Not for use inside a running event loop: it has its own."""

    def __init__(
        self,
        number: int,
        build: Callable[[str], StreamApp],
        references: Mapping[str, Log],
        send: Callable[[Output], None],
    ) -> None:
        """Run partition `number`.

        `build` returns the app for the settings of a version, always with the same folder and the same tables; each
        topic of a reference has its log in `references`. `send` takes the outputs, checkpoint by checkpoint; of one
        checkpoint and topic, in their order.
        """
        self._number = number
        self._build = build
        self._references = references
        self._send = send
        self._counts = Counts()
        self._app: StreamApp | None = None
        self._task: StreamTask | None = None
        self._values: dict[str, ReferenceValues] = {}

    def run(self, checkpoints: Iterable[Checkpoint], sources: Mapping[str, Iterator[Record | Lost]]) -> Counts:
        """Process again what each of `checkpoints` did; return how much it was.

        `sources` has each topic's records of the partition, by offset. Raises `ReplayError` where they are not those
        that the journal counts, where the topics' partitions change, or where a processor raises.
        """
        return asyncio.run(self._run(checkpoints, sources))

    async def _run(self, checkpoints: Iterable[Checkpoint], sources: Mapping[str, Iterator[Record | Lost]]) -> Counts:
        cursors = {topic: _Cursor(records) for topic, records in sources.items()}
        partitions: int | None = None
        try:
            for at, entry in checkpoints:
                if not entry.segments:
                    continue
                if partitions not in {None, entry.partitions}:
                    raise ReplayError(
                        f"the topics grew from {partitions} to {entry.partitions} partitions, which moved users "
                        "between them: run again what came before, or what came after, on its own"
                    )
                partitions = entry.partitions
                await self._checkpoint(at, entry, cursors)
            await self._write()
            return self._counts
        finally:
            await self._close()

    async def _checkpoint(self, at: int, entry: JournalEntry, cursors: Mapping[str, _Cursor]) -> None:
        task = await self._opened(str(entry.versions.get("settings", "")), entry.partitions)
        records = lost = 0
        task.put_in_force(self._in_force(entry))
        for segment in entry.segments:
            found, unreadable = cursors[segment.topic].take(segment) if segment.topic in cursors else ([], 0)
            of_segment = range(segment.first_offset, segment.last_offset + 1)
            parked = [offset for topic, offset in entry.parked if topic == segment.topic and offset in of_segment]
            missing = segment.records - len(found) - unreadable
            # What could not even be unpacked is in no lake, and its journal entry says so.
            if missing and missing != len(set(parked) - {record.offset for record in found}):
                raise ReplayError(
                    f"the journal counts {segment.records} records of {segment.topic} partition {self._number} at "
                    f"{segment.first_offset} to {segment.last_offset}, and {len(found) + unreadable} are kept: "
                    "`lakay lake verify` tells what is missing"
                )
            self._process(task, segment, found, parked)
            records += len(found)
            lost += unreadable + missing
        share = task.outbox.take()
        for topic, outputs in share.waiting.items():
            for _, (key, value) in outputs:
                self._send(Output(at, topic, key, value))
        self._counts = Counts(
            self._counts.checkpoints + 1,
            self._counts.records + records,
            self._counts.outputs + share.total,
            self._counts.lost + lost,
            self._counts.behind + self._is_behind(entry),
        )
        if task.pending >= WRITTEN_EVERY:
            await task.checkpoint()

    def _process(self, task: StreamTask, segment: Segment, records: list[Record], parked: list[int]) -> None:
        assert self._app is not None  # noqa: S101 - opened before
        topic = segment.topic
        metadata = to_metadata(dict.fromkeys(parked, DEAD_LETTER_AFTER))
        task.begin({topic: OffsetAndMetadata(segment.first_offset, metadata)})
        for start in range(0, len(records), BATCH):
            batch = RecordBatch(topic, self._number, task.epoch, records[start : start + BATCH])
            work = BatchContext(task, topic, batch.records)
            try:
                self._app.processors[topic](work)
            except Exception as bug:
                at = work.current.offset if work.current is not None else segment.first_offset
                raise ReplayError(
                    f"the code raised {type(bug).__name__} at {topic} partition {self._number} offset {at}: a worker "
                    "would have stopped there"
                ) from bug
            task.processed(topic, batch.records)

    def _in_force(self, entry: JournalEntry) -> dict[str, Snapshot[Any]]:
        return {name: values.at(int(entry.versions.get(name, 0))) for name, values in self._values.items()}

    def _is_behind(self, entry: JournalEntry) -> bool:
        return any(
            values.at(int(version)).version != version
            for name, version in entry.versions.items()
            if (values := self._values.get(name)) is not None
        )

    async def _opened(self, settings_version: str, partitions: int) -> StreamTask:
        """Return the open partition, of an app with the settings of a version."""
        app = self._build(settings_version)
        if self._task is not None and app is self._app:
            return self._task
        await self._write()
        await self._close()
        owned = app.task_manager
        self._app = app
        if not self._values:
            self._values = {
                table.name: ReferenceValues(table, self._references[table.topic]) for table in owned.global_tables
            }
        self._task = task = StreamTask(
            self._number,
            owned.next_epoch(),
            group=app.conf.id,
            tables=owned.values(),
            partitions=partitions,
            committer=_Nowhere(partitions),
            non_transactional=None,
            global_tables=owned.global_tables,
            # Every output is taken after its checkpoint, whatever the worker's guarantee was.
            options=app.options._replace(journal_topic=None, at_least_once_topics=frozenset()),
        )
        for states in task.states.values():
            states.store.open()
        return task

    async def _write(self) -> None:
        if self._task is not None:
            await self._task.checkpoint()

    async def _close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            await task.close()


class _Cursor:
    """Where the replay stands in a topic."""

    def __init__(self, records: Iterator[Record | Lost]) -> None:
        self._records = records
        self._next = next(records, None)

    def take(self, segment: Segment) -> tuple[list[Record], int]:
        """Return the records of a segment, and how many of them are lost; those before were never processed."""
        found: list[Record] = []
        lost = 0
        record, records, first, last = self._next, self._records, segment.first_offset, segment.last_offset
        while record is not None and record.offset <= last:
            if record.offset >= first:
                if type(record) is Record:
                    found.append(record)
                else:
                    lost += 1
            record = next(records, None)
        self._next = record
        return found, lost


class _Nowhere:
    """The `Committer` of a partition whose states are all there is to keep."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._commits = 0

    async def start(self) -> None:
        """Do nothing."""

    async def partition_counts(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Return the same of each."""
        return dict.fromkeys(topics, self._partitions)

    async def partitions_of(self, topic: str) -> int:
        """Return the same of each."""
        return self._partitions

    async def committed(
        self, log: object, sources: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Return nothing."""
        return {}

    async def commit(
        self,
        records: Mapping[tuple[str, int], Iterable[Outgoing]],
        offsets: Mapping[TopicPartition, OffsetAndMetadata],
    ) -> Mapping[tuple[str, int], int]:
        """Return the number of the commit in place of offsets."""
        self._commits += 1
        return dict.fromkeys(records, self._commits)

    async def stop(self) -> None:
        """Do nothing."""
