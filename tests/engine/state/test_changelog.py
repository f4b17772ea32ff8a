"""Stores come back from their changelog, past commit markers and whatever they held before."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from structlog.testing import capture_logs

from lakay_streams.engine.kafka.producer import TransactionalProducer
from lakay_streams.engine.state.changelog import restore
from lakay_streams.engine.state.rocksdb import PartitionStore
from lakay_streams.errors import Fenced
from tests.engine.harness import create_topics, read, unique


def client(kafka: str) -> dict[str, str]:
    return {"bootstrap_servers": kafka}


def producer(kafka: str, name: str) -> TransactionalProducer:
    return TransactionalProducer(transactional_id=name, group_id=name, timeout=10, client=client(kafka))


async def write(kafka: str, name: str, *values: bytes) -> None:
    writer = producer(kafka, name)
    await writer.start()
    for value in values:
        await writer.commit({(name, 0): [(b"key", value), (value, value)]}, {})
    await writer.stop()


@pytest.fixture
async def changelog(kafka: str) -> str:
    name = unique("changelog")
    await create_topics(kafka, name, partitions=1)
    return name


@pytest.fixture
def store(tmp_path: Path) -> PartitionStore:
    store = PartitionStore(tmp_path / "table" / "0.db")
    store.open()
    return store


async def test_recovery_ends_although_the_last_offset_is_a_commit_marker(
    kafka: str, changelog: str, store: PartitionStore
) -> None:
    await write(kafka, changelog, b"1", b"2")
    restored = await restore({TopicPartition(changelog, 0): store}, client(kafka))
    assert restored == 4
    assert dict(store.items()) == {b"key": b"2", b"1": b"1", b"2": b"2"}


async def test_only_what_is_missing_is_read_again(kafka: str, changelog: str, store: PartitionStore) -> None:
    await write(kafka, changelog, b"1")
    await restore({TopicPartition(changelog, 0): store}, client(kafka))
    await write(kafka, changelog, b"2")
    assert await restore({TopicPartition(changelog, 0): store}, client(kafka)) == 2
    assert await restore({TopicPartition(changelog, 0): store}, client(kafka)) == 0
    assert store.get(b"key") == b"2"


async def test_an_empty_changelog_needs_no_recovery(kafka: str, changelog: str, store: PartitionStore) -> None:
    assert await restore({TopicPartition(changelog, 0): store}, client(kafka)) == 0


async def test_a_store_of_another_changelog_is_rebuilt(kafka: str, changelog: str, store: PartitionStore) -> None:
    store.write([(b"stale", b"state")], offset=1_000)
    await write(kafka, changelog, b"1")
    with capture_logs() as logged:
        await restore({TopicPartition(changelog, 0): store}, client(kafka))
    assert [(entry["event"], entry["store_offset"]) for entry in logged] == [("changelog_records_lost", 1_000)]
    assert dict(store.items()) == {b"key": b"1", b"1": b"1"}


async def test_a_deleted_key_stays_deleted(kafka: str, changelog: str, store: PartitionStore) -> None:
    writer = producer(kafka, changelog)
    await writer.start()
    await writer.commit({(changelog, 0): [(b"key", b"1"), (b"key", None)]}, {})
    await writer.stop()
    await restore({TopicPartition(changelog, 0): store}, client(kafka))
    assert dict(store.items()) == {}


async def test_a_new_owner_fences_the_old_one_by_starting(kafka: str, changelog: str) -> None:
    old = producer(kafka, changelog)
    await old.start()
    new = producer(kafka, changelog)
    await new.start()
    with pytest.raises(Fenced, match="another worker took over"):
        await old.commit(
            {(changelog, 0): [(b"key", b"zombie")]}, {TopicPartition(changelog, 0): OffsetAndMetadata(1, "")}
        )
    await new.commit({(changelog, 0): [(b"key", b"owner")]}, {})
    await old.stop()
    await new.stop()
    assert [record.value for record in (await read(kafka, changelog, partitions=1))[0]] == [b"owner"]
