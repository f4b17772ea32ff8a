"""Committer: where the checkpoints of one partition go, its outputs and its input offsets together or not at all.

A worker's is Kafka (`producer.TransactionalProducer`). An app whose outputs belong elsewhere gives its own
(`StreamApp.committer`): a database that keeps the offsets in the same transaction as the rows has the same guarantees.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from aiokafka.structs import OffsetAndMetadata, TopicPartition

Outgoing = tuple[bytes | None, bytes | None]
"""Key and value of a record to send. Not a class: making one for each changed state took 2% of a worker."""


class SourceLog(Protocol):
    """What a committer may ask of whoever reads the source topics. Each raises aiokafka's `KafkaError`."""

    async def committed(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Return the group's committed offset and metadata of each partition that has one."""

    async def begins(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the first offset of each partition."""

    async def ends(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the offset behind the last committed record of each partition."""


class Committer(Protocol):
    """Commits for one partition, one commit after another.

    After a `commit` that raised, its outcome may be unknown: the committer is stopped, and a new one started.
    """

    async def start(self) -> None:
        """Connect. What an earlier owner of the partition commits after `committed`, the next `commit` finds.

        Raises what `lifecycle.MENDABLE` lists.
        """

    async def partition_counts(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Return how many partitions each of `topics` has, where it matters to which partition a key belongs."""

    async def partitions_of(self, topic: str) -> int:
        """Return how many partitions the output `topic` has."""

    async def committed(
        self, log: SourceLog, sources: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Return the committed offset and metadata of each of `sources` that has one."""

    async def commit(
        self,
        records: Mapping[tuple[str, int], Iterable[Outgoing]],
        offsets: Mapping[TopicPartition, OffsetAndMetadata],
    ) -> Mapping[tuple[str, int], int]:
        """Commit `records` by topic and partition, and `offsets`; return the offset of the last record of each.

        Raises `Fenced` when the partition has another owner, else what `lifecycle.MENDABLE` lists.
        """

    async def stop(self) -> None:
        """Disconnect, without a commit."""
