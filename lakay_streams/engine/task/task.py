"""One owned partition: its states, outputs, positions and journal, and the checkpoint that commits them together.

A partition number is the unit of ownership: the records of that number of every source topic, the states they feed, and
one committer. The commit order of a worker's checkpoint:

    1. one Kafka transaction: changelog of the changed states, outputs, one journal entry, input offsets
    2. then RocksDB takes the same states, with the changelog's offset, in one write

A crash before 1 replays from the last checkpoint; between 1 and 2 the changelog brings RocksDB forward at the next
opening.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, TypeVar

from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.engine.kafka.batch import Record, RecordBatch
from lakay_streams.engine.kafka.committer import Committer, Outgoing
from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.kafka.producer import EagerProducer
from lakay_streams.engine.state.reference import Reference, Snapshot
from lakay_streams.engine.state.rocksdb import Change
from lakay_streams.engine.state.table import PartitionStates, StateTable
from lakay_streams.engine.task import crashes
from lakay_streams.engine.task.journal import JournalEntry, Segment
from lakay_streams.engine.task.options import CheckpointStats, Options
from lakay_streams.errors import EngineError, StoreError

Value = TypeVar("Value")

#: Changed states encoded, and outputs addressed, between two turns of the event loop.
PER_TURN = 250


def pause_after(took: float, interval: float) -> float:
    """Return how long to wait after a checkpoint that took so many seconds, when more records are processed already.

    The next is due `interval` seconds after the last one began, but not before the agents have had as long as that one
    took, or a whole interval: under full load, where checkpoints are slow, there are fewer of them.
    """
    return min(interval, max(interval - took, took))


class Partition:
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
        eager: EagerProducer | None,
        references: Sequence[Reference[Any]],
        options: Options,
    ) -> None:
        """Prepare it; its committer must be started, its stores restored and `begin` called before records come."""
        self.number = number
        self.partitions = partitions
        self.epoch = epoch
        self.committer = committer
        self._eager = eager
        self._eager_outputs: list[tuple[str, Outgoing, int | None]] = []
        self._unacknowledged: list[asyncio.Future[Any]] = []
        self.options = options
        self.states: dict[str, PartitionStates[Any]] = {
            table.name: PartitionStates(table, number, partitions) for table in tables
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
        self._references = references
        self._in_force: dict[str, Snapshot[Any]] = {}
        self._outputs: dict[str, list[tuple[int | None, Outgoing]]] = defaultdict(list)
        self._segments: list[Segment] = []
        self._parked: list[tuple[str, int]] = []
        self._pending = 0
        self._positions: dict[str, int] = {}
        self._committed: dict[str, int] = {}
        self._crashes: dict[str, dict[int, int]] = {}
        self._topic_partitions: dict[str, int] = {}
        self._due = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._room = asyncio.Event()
        self._room.set()
        self._spoiled = False
        self._failure: StoreError | KafkaError | None = None
        self._ending: KafkaError | None = None
        self._undecided = False

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

    async def wait_for_room(self) -> None:
        """Wait while a slow commit has let too many processed records pile up."""
        await self._room.wait()

    def fresh(self, batch: RecordBatch) -> Sequence[Record]:
        """Return the batch's records that lie at or after the position, in order.

        The first since a checkpoint's share was taken also settles which references are in force for the next share.
        """
        if not self._segments:
            self._in_force = {reference.name: reference.snapshot for reference in self._references}
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
        # While a checkpoint is on its way, its end decides when the next is due.
        if not self._undecided:
            self._due_in(self.options.interval)
        if self._pending >= self.options.max_records:
            self.hurry()
            if self._pending >= 2 * self.options.max_records:
                self._room.clear()

    def spoil(self) -> None:
        """Give up what is in memory: part of a batch is in it, and no checkpoint may take that."""
        self._spoiled = True

    def fail(self, failure: StoreError | KafkaError) -> None:
        """Make the next checkpoint, which is due at once, raise `failure`."""
        self._failure = failure
        self.hurry()

    def end(self, reason: KafkaError) -> None:
        """Make the next checkpoint, which is due at once, commit what is processed and then raise `reason`."""
        self._ending = reason
        self.hurry()

    def to_park(self, topic: str) -> Set[int]:
        """Return the offsets of the records of `topic` that have crashed workers too often to be tried again."""
        return {offset for offset, times in self._crashes.get(topic, {}).items() if times >= crashes.PARK_AFTER}

    def set_aside(self, record: Record) -> None:
        """Note in the journal that `record` was parked."""
        self._parked.append((record.topic, record.offset))

    def in_force(self, reference: Reference[Value]) -> Value:
        """Return the value of `reference` for the records since the last checkpoint."""
        value: Value = self._in_force[reference.name].value
        return value

    def send(self, topic: str, outgoing: Outgoing, partition: int | None) -> None:
        """Send a record with the next checkpoint, or after its batch; to the key's partition unless one is given."""
        if topic in self.options.eager_topics:
            self._eager_outputs.append((topic, outgoing, partition))
        else:
            self._outputs[topic].append((partition, outgoing))

    async def send_eagerly(self) -> None:
        """Send the finished batch's outputs that do not wait for the checkpoint."""
        if not self._eager_outputs or self._eager is None:
            return
        outputs, self._eager_outputs = self._eager_outputs, []
        try:
            for output in outputs:
                self._unacknowledged.append(await self._eager.send(*output))
        except KafkaError as exc:
            self.fail(exc)

    # -- checkpoint

    @property
    def is_due(self) -> bool:
        """Whether a checkpoint is due."""
        return self._due.is_set()

    async def due(self) -> None:
        """Wait until a checkpoint is due."""
        await self._due.wait()

    def hurry(self) -> None:
        """Make a checkpoint due at once."""
        self._due.set()

    def _due_in(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self.hurry)

    def _not_due(self) -> None:
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def checkpoint(self) -> None:
        """Commit everything processed so far; does nothing when there is nothing.

        Raises `Fenced`, `StoreError` or aiokafka's `KafkaError`; the partition must then be closed and opened anew.
        """
        await self._commit()
        if self._ending is not None:
            raise self._ending

    async def _commit(self) -> None:
        async with self._commit_lock:
            self._refuse_undecided()
            async with self.lock:
                started = time.monotonic()
                if self._failure is not None:
                    raise self._failure
                self._not_due()
                if self._spoiled or not self._segments:
                    return
                self._undecided = True
                journal = self._journal_entry()
                changes = {name: states.take_changes() for name, states in self.states.items()}
                outputs, self._outputs = self._outputs, defaultdict(list)
                offsets = self._offsets()
                positions = dict(self._positions)
                records, self._pending = self._pending, 0
                self._segments, self._parked = [], []
                unacknowledged, self._unacknowledged = self._unacknowledged, []
            encoded = await self._encoded(changes)
            outgoing = await self._addressed(outputs)
            if self.options.journal_topic is not None:
                outgoing[self.options.journal_topic, self.number] = [(str(self.number).encode(), journal.encode())]
            for name, states in self.states.items():
                if encoded[name]:
                    outgoing[states.changelog, self.number] = encoded[name]
            await asyncio.gather(*unacknowledged)
            last = await self.committer.commit(outgoing, offsets)
            self._committed.update(positions)
            for name, states in self.states.items():
                if encoded[name]:
                    states.written(encoded[name], last[states.changelog, self.number])
            self.evict()
            self._undecided = False
            if self._segments:
                self._due_in(pause_after(time.monotonic() - started, self.options.interval))
            self._room.set()
            self.checkpoints += 1
            now = time.monotonic()
            self.stats = CheckpointStats(
                at=now,
                seconds=now - started,
                records=records,
                states=sum(map(len, encoded.values())),
                outputs=sum(map(len, outputs.values())) + len(unacknowledged),
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
    def _cached_bytes(tables: Iterable[PartitionStates[Any]]) -> float:
        return sum(states.cached_bytes for states in tables)

    def _refuse_undecided(self) -> None:
        # Whether the failed transaction committed is known only after a new producer has started: another one on this
        # producer could commit what came after a gap.
        if self._undecided:
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
                if in_this_turn == PER_TURN:
                    in_this_turn = 0
                    await asyncio.sleep(0)
        return encoded

    async def _addressed(
        self, outputs: Mapping[str, list[tuple[int | None, Outgoing]]]
    ) -> dict[tuple[str, int], Sequence[Outgoing]]:
        addressed: dict[tuple[str, int], list[Outgoing]] = defaultdict(list)
        in_this_turn = 0
        for topic, records in outputs.items():
            if topic not in self._topic_partitions:
                self._topic_partitions[topic] = await self.committer.partitions_of(topic)
            partitions = self._topic_partitions[topic]
            for partition, outgoing in records:
                key, _ = outgoing
                target = partition_of(key or b"", partitions) if partition is None else partition % partitions
                addressed[topic, target].append(outgoing)
                in_this_turn += 1
                if in_this_turn == PER_TURN:
                    in_this_turn = 0
                    await asyncio.sleep(0)
        return dict(addressed)

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
        # An agent that waits for room of a partition that is gone would wait for ever.
        self._room.set()
        self._not_due()
        # Stores first: their locks must not wait for a broker that is away.
        for states in self.states.values():
            states.store.close()
        await self.committer.stop()
