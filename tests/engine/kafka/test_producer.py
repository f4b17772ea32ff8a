"""Kafka's committer: a transaction for outputs and offsets, and whoever has started last owns the partition."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import pytest
from aiokafka.errors import NotCoordinatorForGroupError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.engine.kafka.committer import Committer
from lakay_streams.engine.kafka.group import committed_by
from lakay_streams.engine.kafka.producer import TransactionalProducer
from tests.engine.harness import create_topics, read, unique
from tests.engine.kafka.committer_laws import CommitterLaws, Output, Place


class Kafka(Place):
    """Topics and a group of its own on a real broker."""

    def __init__(self, kafka: str, name: str) -> None:
        """Use the topics `name`.in, .also-in and .out, and the group `name`."""
        self.sources = (f"{name}.in", f"{name}.also-in")
        self._kafka = kafka
        self._name = name
        self._client = {"bootstrap_servers": kafka}

    def committer(self, partition: int) -> Committer:
        return TransactionalProducer.of_partition(self._name, partition, timeout=20.0, client=self._client)

    async def committed(
        self, committer: Committer, sources: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        return await committer.committed(Group(self), sources)

    async def offsets(self, sources: Iterable[TopicPartition]) -> Mapping[TopicPartition, OffsetAndMetadata]:
        while True:
            try:
                return await committed_by(self._name, sources, self._client)
            except NotCoordinatorForGroupError:
                # A broker that has just started; a worker opens its partition again.
                await asyncio.sleep(0.1)

    def output(self, number: int, size: int = 0) -> Output:
        return (f"{self._name}.out", 0), (b"%d" % number, bytes(size))

    async def seen(self) -> list[int]:
        return [int(record.key) for record in (await read(self._kafka, f"{self._name}.out"))[0]]


class Group:
    """What a committer asks of the group's consumer."""

    def __init__(self, place: Kafka) -> None:
        """Ask for the offsets of the place's group."""
        self._place = place

    async def committed(self, sources: Iterable[TopicPartition]) -> Mapping[TopicPartition, OffsetAndMetadata]:
        return await self._place.offsets(sources)

    async def begins(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        raise AssertionError("Kafka's committer has no use for it")

    ends = begins


class TestTransactionalProducer(CommitterLaws):
    """The laws of every committer, on Kafka."""

    @pytest.fixture
    def place(self, kafka: str) -> Place:
        name = unique("committing")
        asyncio.run(create_topics(kafka, *(f"{name}.{topic}" for topic in ("in", "also-in", "out"))))
        return Kafka(kafka, name)
