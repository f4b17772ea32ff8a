"""What a group has committed and left is taken from the broker's answers for what it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupLoadInProgressError, NotCoordinatorForGroupError, UnknownTopicOrPartitionError
from aiokafka.protocol.commit import OffsetFetchResponse_v3
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.engine.kafka.group import fetch_committed, members, unprocessed
from tests.engine.harness import caught_up, produce
from tests.engine.state.test_changelog import client, producer
from tests.engine.test_mending import feed, running


class Coordinator:
    """aiokafka's coordinator as far as it is asked, with a broker behind it that gives one answer.

    A real broker gives these while it loads a group, which lasts some milliseconds after its start, or a second on a
    busy machine.
    """

    group_id = "group"

    def __init__(self, topics: list[Any], error: int) -> None:
        """Answer with `topics` and the `error` of the whole."""
        self.answer = OffsetFetchResponse_v3(0, topics, error)
        self.dead = False

    async def _send_req(self, request: Any) -> OffsetFetchResponse_v3:
        return OffsetFetchResponse_v3.decode(self.answer.encode())

    async def ensure_coordinator_known(self) -> None:
        """It is."""

    def coordinator_dead(self) -> None:
        self.dead = True


ASKED = [TopicPartition("in", 0), TopicPartition("in", 1)]


async def test_a_group_that_is_being_loaded_has_not_lost_its_offsets() -> None:
    with pytest.raises(GroupLoadInProgressError):
        await fetch_committed(Coordinator([], error=14), ASKED)


async def test_a_broker_that_no_longer_coordinates_the_group_is_looked_up_again() -> None:
    coordinator = Coordinator([], error=16)
    with pytest.raises(NotCoordinatorForGroupError):
        await fetch_committed(coordinator, ASKED)
    assert coordinator.dead


async def test_a_partition_without_an_answer_of_its_own_is_an_error() -> None:
    with pytest.raises(UnknownTopicOrPartitionError):
        await fetch_committed(Coordinator([("in", [(0, 7, "", 0), (1, -1, "", 3)])], error=0), ASKED)


async def test_only_what_is_committed_is_told() -> None:
    coordinator = Coordinator([("in", [(0, 7, "crashed 7 1", 0), (1, -1, "", 0)])], error=0)
    assert await fetch_committed(coordinator, ASKED) == {TopicPartition("in", 0): OffsetAndMetadata(7, "crashed 7 1")}


async def test_the_members_of_a_group_are_counted(kafka: str, tmp_path: Path) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    async with running(kafka, tmp_path) as (name, _):
        assert await members(admin, name) == 1
    assert await members(admin, name) == 0
    assert await members(admin, f"{name}-never-seen") == 0
    await admin.close()


async def test_what_is_left_is_records_and_no_markers(kafka: str, tmp_path: Path) -> None:
    async with running(kafka, tmp_path) as (name, _):
        await feed(kafka, name, 0, 100)
        writer = producer(kafka, f"{name}-writer")
        await writer.start()
        await writer.commit({(f"{name}.in", 1): [(b"user-1", b"1")]}, {})
        await caught_up(kafka, name, f"{name}.in")
    partitions = [TopicPartition(f"{name}.in", number) for number in range(3)]
    assert await unprocessed(name, partitions, client(kafka)) == {}
    await writer.commit({(f"{name}.in", 1): [(b"user-1", b"1"), (b"user-1", b"2")]}, {})
    await writer.stop()
    await produce(kafka, f"{name}.in", [(b"user-2", b"1")])
    # The markers before and after the two records count where there are records.
    assert await unprocessed(name, partitions, client(kafka)) == {
        TopicPartition(f"{name}.in", 1): 3,
        TopicPartition(f"{name}.in", 2): 1,
    }


async def test_what_waits_behind_an_open_transaction_is_left_too(kafka: str, tmp_path: Path) -> None:
    async with running(kafka, tmp_path) as (name, _):
        await feed(kafka, name, 0, 100)
        await caught_up(kafka, name, f"{name}.in")
    sender = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"{name}-sender")
    await sender.start()
    await sender.begin_transaction()
    await sender.send_and_wait(f"{name}.in", b"1", partition=1)
    await produce(kafka, f"{name}.in", [(b"user-2", b"1")])
    await sender.send_and_wait(f"{name}.in", b"1", partition=2)
    partitions = [TopicPartition(f"{name}.in", number) for number in range(3)]
    assert await unprocessed(name, partitions, client(kafka)) == {
        TopicPartition(f"{name}.in", 1): 1,
        TopicPartition(f"{name}.in", 2): 2,
    }
    await sender.abort_transaction()
    await sender.stop()
