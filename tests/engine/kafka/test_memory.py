"""Topics in memory keep the laws of every committer, so that what a test drives behaves as on Kafka."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.engine.kafka.committer import Committer
from lakay_streams.engine.kafka.memory import MemoryCommitter, MemoryTopics
from tests.engine.kafka.committer_laws import CommitterLaws, Output, Place


class Memory(Place):
    """Topics of three partitions."""

    def __init__(self) -> None:
        """Start with nothing in them."""
        self._topics = MemoryTopics(lambda _topic: 3)

    def committer(self, partition: int) -> Committer:
        return MemoryCommitter(self._topics, partition)

    async def committed(
        self, committer: Committer, sources: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        assert isinstance(committer, MemoryCommitter)
        return await committer.committed(None, sources)

    def output(self, number: int, size: int = 0) -> Output:
        return ("out", 0), (b"%d" % number, bytes(size))

    async def seen(self) -> list[int]:
        return [int(record.key or b"") for record in self._topics.records["out"]]


class TestMemoryCommitter(CommitterLaws):
    """The laws of every committer, in memory."""

    @pytest.fixture
    def place(self) -> Place:
        return Memory()


async def test_the_end_of_a_transaction_takes_an_offset_in_each_partition_it_wrote_to() -> None:
    topics = MemoryTopics(lambda _topic: 2)
    committer = MemoryCommitter(topics, 0)
    await committer.start()
    assert await committer.commit({("out", 0): [(b"a", b"1"), (b"b", b"2")], ("out", 1): []}, {}) == {("out", 0): 1}
    assert await committer.commit({("out", 0): [(b"c", b"3")], ("out", 1): [(b"d", b"4")]}, {}) == {
        ("out", 0): 3,
        ("out", 1): 0,
    }
