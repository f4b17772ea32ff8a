"""One owned partition: its states, outputs, positions and journal, and the checkpoint that commits them together.

A partition number is the unit of ownership: the records of that number of every source topic, the states they feed, and
one committer. The commit order of a worker's checkpoint:

    1. one Kafka transaction: changelog of the changed states, outputs, one journal entry, input offsets
    2. then RocksDB takes the same states, with the changelog's offset, in one write

A task's life, from `begin` to `close`:

    processing ──► left: the last checkpoint commits all that is processed ──────────────────────► closed
        │
        ├─ end ──────────────► LEAVING: the next checkpoint commits, then raises the reason ─────► closed
        ├─ abort_batch ──────► SPOILED: nothing is committed any more ───────────────────────────► closed
        ├─ fail ─────────────► FAILED: the next checkpoint commits nothing and raises the reason ► closed
        └─ checkpoint raised ► UNDECIDED: every later one is refused ────────────────────────────► closed

A crash before 1 replays from the last checkpoint; between 1 and 2 the changelog brings RocksDB forward at the next
opening.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from enum import IntEnum
from typing import Any, NamedTuple, TypeVar

from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.engine.kafka.batch import Record, RecordBatch
from lakay_streams.engine.kafka.committer import Committer, Outgoing
from lakay_streams.engine.kafka.producer import NonTransactionalProducer
from lakay_streams.engine.state.reference import GlobalTable, Snapshot
from lakay_streams.engine.state.rocksdb import Change
from lakay_streams.engine.state.table import StateTable, WriteBackCache
from lakay_streams.engine.task import crashes
from lakay_streams.engine.task.journal import JournalEntry, Segment
from lakay_streams.engine.task.options import CheckpointStats, Options
from lakay_streams.engine.task.outbox import Outbox, Outputs
from lakay_streams.engine.task.schedule import Schedule
from lakay_streams.errors import EngineError, StoreError

Value = TypeVar("Value")

#: Changed states encoded between two turns of the event loop.
YIELD_EVERY = 250


class Ending(IntEnum):
    """How a task is to end; of two, the later one here counts."""

    LEAVING = 1
    """Commit once more what is processed, then let the partition be opened anew."""
    SPOILED = 2
    """Commit no more: part of a batch is in memory."""
    FAILED = 3
    """Something it needs has failed; the next checkpoint says so."""
    UNDECIDED = 4
    """Whether a checkpoint was committed is not known."""


class Outcome(NamedTuple):
    """How a task is to end, and why, where that is an exception to raise."""

    ending: Ending
    reason: StoreError | KafkaError | None = None


class _Share(NamedTuple):
    """What one checkpoint commits, taken between two batches."""

    started: float
    journal: JournalEntry
    changes: dict[str, dict[str, Any]]
    outputs: Outputs
    offsets: dict[TopicPartition, OffsetAndMetadata]
    positions: dict[str, int]
    records: int


class StreamTask:
    """The owned partition `number`, opened for the `epoch`-th time by this worker."""

    def __init__(
        self,
        number: int,
        epoch: int,
        *,
        group: str,
        tables: Iterable[StateTable[Any]],
        partitions: int,
        committer: Committer,
        non_transactional: NonTransactionalProducer | None,
        global_tables: Sequence[GlobalTable[Any]],
        options: Options,
        unread: Callable[[], int] = lambda: 0,
    ) -> None:
        """Prepare it; its committer must be started, its stores restored and `begin` called before records come.

        `unread` tells how many of its records wait in Kafka.
        """
        self.number = number
        self.partitions = partitions
        self.epoch = epoch
        self.committer = committer
        self.options = options
        self.outbox = Outbox(options.at_least_once_topics, non_transactional, committer.partitions_of)
        self.schedule = Schedule(options.interval, options.max_records, unread, options.max_bytes)
        self.states: dict[str, WriteBackCache[Any]] = {
            table.name: WriteBackCache(table, number, partitions) for table in tables
        }
        #: Held while a batch is processed and while a checkpoint takes its share.
        self.lock = asyncio.Lock()
        self.stats = CheckpointStats()
        self.checkpoints = 0
        #: Records and outputs that checkpoints have committed since the partition was opened.
        self.records = 0
        self.outputs = 0
        self._group = group
        self._commit_lock = asyncio.Lock()
        self._global_tables = global_tables
        self._in_force: dict[str, Snapshot[Any]] = {}
        self._segments: list[Segment] = []
        self._parked: list[tuple[str, int]] = []
        self._pending = 0
        self._pending_bytes = 0
        self._positions: dict[str, int] = {}
        self._committed: dict[str, int] = {}
        self._crashes: dict[str, dict[int, int]] = {}
        self._committing = False
        self._outcome: Outcome | None = None

    def begin(self, committed: Mapping[str, OffsetAndMetadata]) -> None:
        """Start from the committed offsets, by topic."""
        for topic, offset in committed.items():
            self._positions[topic] = self._committed[topic] = offset.offset
            self._crashes[topic] = crashes.from_metadata(offset.metadata)

    @property
    def positions(self) -> Mapping[str, int]:
        """The offset after the last processed record, by topic."""
        return self._positions

    @property
    def committed(self) -> Mapping[str, int]:
        """The committed offset, by topic."""
        return self._committed

    @property
    def pending(self) -> int:
        """How many processed records the next checkpoint will commit."""
        return self._pending

    # -- processing

    def fresh(self, batch: RecordBatch) -> Sequence[Record]:
        """Return the batch's records that lie at or after the position, in order.

        The first since a checkpoint's share was taken also settles which references are in force for the next share.
        """
        if not self._segments:
            self._in_force = {reference.name: reference.snapshot for reference in self._global_tables}
        position = self._positions.get(batch.topic, 0)
        records = batch.records
        if records and records[0].offset < position:
            records = [record for record in records if record.offset >= position]
        return records

    def processed(self, topic: str, records: Sequence[Record]) -> None:
        """Count `records` as processed: the next checkpoint commits them."""
        if not records:
            return
        first, last = records[0].offset, records[-1].offset
        previous = self._segments[-1] if self._segments else None
        if previous is not None and previous.topic == topic:
            self._segments[-1] = Segment(topic, previous.first_offset, last, previous.records + len(records))
        else:
            self._segments.append(Segment(topic, first, last, len(records)))
        self._positions[topic] = last + 1
        self._pending += len(records)
        if self.options.max_bytes is not None:
            self._pending_bytes += sum(len(record.value or b"") for record in records)
        self.schedule.processed(self._pending, committing=self._committing, pending_bytes=self._pending_bytes)

    def abort_batch(self) -> None:
        """Give up what is in memory: part of a batch is in it, and no checkpoint may take that."""
        self._end(Outcome(Ending.SPOILED))

    def fail(self, failure: StoreError | KafkaError) -> None:
        """Make the next checkpoint, which is due at once, raise `failure`."""
        self._end(Outcome(Ending.FAILED, failure))
        self.schedule.request_checkpoint()

    def end(self, reason: KafkaError) -> None:
        """Make the next checkpoint, which is due at once, commit what is processed and then raise `reason`."""
        self._end(Outcome(Ending.LEAVING, reason))
        self.schedule.request_checkpoint()

    def _end(self, outcome: Outcome) -> None:
        if self._outcome is None or outcome.ending > self._outcome.ending:
            self._outcome = outcome

    def poison(self, topic: str) -> Set[int]:
        """Return the offsets of the records of `topic` that have crashed workers too often to be tried again."""
        return {offset for offset, times in self._crashes.get(topic, {}).items() if times >= crashes.DEAD_LETTER_AFTER}

    def dead_lettered(self, record: Record) -> None:
        """Note in the journal that `record` was dead-lettered."""
        self._parked.append((record.topic, record.offset))

    def in_force(self, reference: GlobalTable[Value]) -> Value:
        """Return the value of `reference` for the records since the last checkpoint."""
        value: Value = self._in_force[reference.name].value
        return value

    def put_in_force(self, values: Mapping[str, Snapshot[Any]]) -> None:
        """Have these values of references count for the records to come, whatever the references' own are by now."""
        self._in_force = dict(values)

    async def send_batch(self) -> None:
        """Send the finished batch's outputs that do not wait for the checkpoint."""
        try:
            await self.outbox.send_batch()
        except KafkaError as exc:
            self.fail(exc)

    # -- checkpoint

    async def checkpoint(self) -> None:
        """Commit everything processed so far; does nothing when there is nothing.

        Raises `Fenced`, `StoreError` or aiokafka's `KafkaError`; the partition must then be closed and opened anew.
        """
        async with self._commit_lock:
            self._refuse_undecided()
            share = await self._take_share()
            if share is not None:
                await self._commit(share)
        if self._outcome is not None and self._outcome.ending is Ending.LEAVING and self._outcome.reason is not None:
            raise self._outcome.reason

    async def _take_share(self) -> _Share | None:
        """Return what this checkpoint commits, None when there is nothing. Raises what the task is to fail with."""
        async with self.lock:
            started = time.monotonic()
            outcome = self._outcome
            if outcome is not None and outcome.ending is Ending.FAILED and outcome.reason is not None:
                raise outcome.reason
            self.schedule.begun()
            if (outcome is not None and outcome.ending is Ending.SPOILED) or not self._segments:
                return None
            self._committing = True
            share = _Share(
                started,
                self._journal_entry(),
                {name: states.drain_dirty() for name, states in self.states.items()},
                self.outbox.take(),
                self._offsets(),
                dict(self._positions),
                self._pending,
            )
            self._pending = self._pending_bytes = 0
            self._segments, self._parked = [], []
            return share

    async def _commit(self, share: _Share) -> None:
        try:
            encoded = await self._encoded(share.changes)
            outgoing: dict[tuple[str, int], Sequence[Outgoing]] = {**await self.outbox.addressed(share.outputs)}
            if self.options.journal_topic is not None:
                journal = (str(self.number).encode(), share.journal.encode())
                outgoing[self.options.journal_topic, self.number] = [journal]
            for name, states in self.states.items():
                if encoded[name]:
                    outgoing[states.changelog, self.number] = encoded[name]
            await asyncio.gather(*share.outputs.sent)
            last = await self.committer.commit(outgoing, share.offsets)
            self._committed.update(share.positions)
            for name, states in self.states.items():
                if encoded[name]:
                    states.flush(encoded[name], last[states.changelog, self.number])
        except BaseException:
            # Whether it was committed is known only after a new producer has started: another transaction of this one
            # could commit what came after a gap.
            self._end(Outcome(Ending.UNDECIDED))
            raise
        self.evict()
        self._committing = False
        now = time.monotonic()
        self.schedule.committed(now - share.started, more=bool(self._segments))
        self.checkpoints += 1
        self.stats = CheckpointStats(
            at=now,
            seconds=now - share.started,
            records=share.records,
            states=sum(map(len, encoded.values())),
            outputs=share.outputs.total,
        )
        self.records += self.stats.records
        self.outputs += self.stats.outputs
        self.options.checkpointed(self.stats)

    def evict(self) -> None:
        """Keep the states within their bound, which is one for all tables: each is as large as its keys make it.

        Those of tables that are `seldom` asked for make room first, as long as they have a quarter of it.
        """
        bound = self.options.cache_bytes
        seldom = [states for states in self.states.values() if states.table.seldom]
        cached, least = self._cached_bytes(seldom), bound / 4
        over = self._cached_bytes(self.states.values()) - bound
        if over > 0 and cached > least:
            part = min(over, cached - least) / cached
            for states in seldom:
                states.evict(part)
        cached = self._cached_bytes(self.states.values())
        if over > 0 and cached > bound:
            for states in self.states.values():
                states.evict(1 - bound / cached)

    @staticmethod
    def _cached_bytes(tables: Iterable[WriteBackCache[Any]]) -> float:
        return sum(states.cached_bytes for states in tables)

    def _refuse_undecided(self) -> None:
        if self._outcome is not None and self._outcome.ending is Ending.UNDECIDED:
            raise EngineError(f"the last checkpoint of partition {self.number} failed; open the partition anew")

    def _journal_entry(self) -> JournalEntry:
        versions = dict(self.options.versions)
        versions.update({name: snapshot.version for name, snapshot in self._in_force.items()})
        return JournalEntry(
            self.number,
            self.partitions,
            self._segments,
            versions,
            self._parked,
            group=self._group,
            positions=dict(self._positions),
        )

    def _offsets(self) -> dict[TopicPartition, OffsetAndMetadata]:
        offsets = {}
        for topic in {segment.topic for segment in self._segments}:
            position = self._positions[topic]
            ahead = {offset: times for offset, times in self._crashes.get(topic, {}).items() if offset >= position}
            self._crashes[topic] = ahead
            offsets[TopicPartition(topic, self.number)] = OffsetAndMetadata(position, crashes.to_metadata(ahead))
        return offsets

    async def _encoded(self, changes: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Change]]:
        encoded: dict[str, list[Change]] = {name: [] for name in changes}
        in_this_turn = 0
        for name, changed in changes.items():
            encode, append = self.states[name].table.encode, encoded[name].append
            for key, state in changed.items():
                append((key.encode(), None if state is None else encode(state)))
                in_this_turn += 1
                if in_this_turn == YIELD_EVERY:
                    in_this_turn = 0
                    await asyncio.sleep(0)
        return encoded

    async def account_crash(self, record: Record) -> None:
        """Commit that `record` crashed the worker once more, and nothing else.

        The committed offset stays where it is.
        """
        async with self._commit_lock:
            self._refuse_undecided()
            counts = self._crashes.setdefault(record.topic, {})
            counts[record.offset] = counts.get(record.offset, 0) + 1
            offset = OffsetAndMetadata(self._committed[record.topic], crashes.to_metadata(counts))
            await self.committer.commit({}, {TopicPartition(record.topic, self.number): offset})

    # -- end

    async def close(self) -> None:
        """Let go of the partition without a checkpoint."""
        self.schedule.close()
        # Stores first: their locks must not wait for a broker that is away.
        for states in self.states.values():
            states.store.close()
        await self.committer.stop()
