"""Topics in memory, and the committer to them: what a topology runs on in a test (`engine.testing`)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.kafka.committer import Outgoing
from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.kafka.producer import NonTransactionalProducer
from lakay_streams.errors import Fenced


class MemoryTopics:
    """Topics in memory, and the offsets that a group has committed in them.

    As in Kafka, the marker that ends a transaction takes an offset in every partition that the transaction wrote to.
    """

    def __init__(self, partitions: Callable[[str], int]) -> None:
        """Hold nothing yet; `partitions` says how many partitions a topic has."""
        self.partitions = partitions
        #: The committed records of each topic, in the order of their commits.
        self.records: dict[str, list[Record]] = defaultdict(list)
        #: The group's committed offset and metadata.
        self.committed: dict[TopicPartition, OffsetAndMetadata] = {}
        #: Who may commit for each partition number: the committer that started last.
        self.owners: dict[int, MemoryCommitter] = {}
        #: The time of records that are appended from now on (ms UTC).
        self.now = 0
        self._ends: dict[TopicPartition, int] = defaultdict(int)

    def append(self, target: TopicPartition, outgoing: Outgoing, timestamp: int | None = None) -> Record:
        """Append a record."""
        key, value = outgoing
        record = Record(
            topic=target.topic,
            partition=target.partition,
            offset=self._ends[target],
            timestamp=self.now if timestamp is None else timestamp,
            key=key,
            value=value,
        )
        self._ends[target] += 1
        self.records[target.topic].append(record)
        return record

    def mark(self, targets: Iterable[TopicPartition]) -> None:
        """End a transaction that wrote to `targets`."""
        for target in targets:
            self._ends[target] += 1

    def target(self, topic: str, key: bytes | None, partition: int | None) -> TopicPartition:
        """Return where a record goes: to its key's partition unless one is given."""
        count = self.partitions(topic)
        return TopicPartition(topic, partition_of(key or b"", count) if partition is None else partition % count)


class MemoryCommitter:
    """The `Committer` to topics in memory."""

    def __init__(self, topics: MemoryTopics, number: int) -> None:
        """Commit to `topics` for partition `number`."""
        self._topics = topics
        self._number = number

    async def start(self) -> None:
        """Take the partition over from whoever had it."""
        self._topics.owners[self._number] = self

    async def partition_counts(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Return how many partitions each of `topics` has."""
        return {topic: self._topics.partitions(topic) for topic in topics}

    async def partitions_of(self, topic: str) -> int:
        """Return how many partitions `topic` has."""
        return self._topics.partitions(topic)

    async def committed(
        self, log: object, sources: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Return the committed offset and metadata of each of `sources` that has one."""
        return {tp: self._topics.committed[tp] for tp in sources if tp in self._topics.committed}

    async def commit(
        self,
        records: Mapping[tuple[str, int], Iterable[Outgoing]],
        offsets: Mapping[TopicPartition, OffsetAndMetadata],
    ) -> Mapping[tuple[str, int], int]:
        """Append `records` and move `offsets`; return the offset of the last record of each target.

        Raises `Fenced` when another committer of the partition has started since.
        """
        if self._topics.owners.get(self._number) is not self:
            raise Fenced(f"another owner took over partition {self._number}")
        last = {}
        for target, outgoing in records.items():
            for each in outgoing:
                last[target] = self._topics.append(TopicPartition(*target), each).offset
        self._topics.mark(TopicPartition(*target) for target in last)
        self._topics.committed |= offsets
        return last

    async def stop(self) -> None:
        """Do nothing: there is no connection."""


class MemoryProducer(NonTransactionalProducer):
    """Appends outputs that do not wait for a checkpoint."""

    def __init__(self, topics: MemoryTopics) -> None:
        """Append to `topics`."""
        self._topics = topics

    async def send(self, topic: str, outgoing: Outgoing, partition: int | None) -> asyncio.Future[Any]:
        """Append a record, to the key's partition where `partition` is None."""
        self._topics.append(self._topics.target(topic, outgoing[0], partition), outgoing)
        stored: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        stored.set_result(None)
        return stored
