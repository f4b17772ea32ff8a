"""What ends a tenure for good: topics split otherwise than the worker counts on, and what Kafka will never take."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import TopicPartition

from lakay_streams.errors import EngineError, TopicError
from tests.engine.harness import caught_up, committed, create_topics, read, workers
from tests.engine.test_exactly_once import prepare
from tests.engine.test_mending import fail_commits, feed, running


async def test_a_worker_that_slept_through_a_growth_opens_nothing(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(kafka, tmp_path) as (name, app):
        await feed(kafka, name, 0, 100)
        await caught_up(kafka, name, f"{name}.in")
        stopped: asyncio.Queue[BaseException] = asyncio.Queue()
        app.ownership.on_fatal = stopped.put_nowait
        # The first that grow.
        topic = f"{name}-counts-changelog"
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.create_partitions({topic: NewPartitions(5)})
        await admin.close()
        fail_commits(monkeypatch, lambda _, number: number == 1)
        await feed(kafka, name, 100, 200)
        async with asyncio.timeout(20):
            refusal = await stopped.get()
        assert isinstance(refusal, TopicError)
        assert f"Topic {topic} has 5 partitions where this worker counts on 3: stop every worker" in str(refusal)


async def test_a_worker_stops_at_a_refusal_that_asking_again_does_not_change(kafka: str, tmp_path: Path) -> None:
    async with running(kafka, tmp_path) as (name, app):
        await feed(kafka, name, 0, 100)
        await caught_up(kafka, name, f"{name}.in")
        stopped: asyncio.Queue[BaseException] = asyncio.Queue()
        app.ownership.on_fatal = stopped.put_nowait
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        topic = ConfigResource(ConfigResourceType.TOPIC, f"{name}-counts-changelog", {"max.message.bytes": "80"})
        await admin.alter_configs([topic])
        await admin.close()
        await feed(kafka, name, 100, 200)
        async with asyncio.timeout(20):
            refusal = await stopped.get()
        assert isinstance(refusal, EngineError)
        assert "correct this worker's permissions or the topics' limits" in str(refusal)


async def test_a_source_that_ends_before_what_is_processed_is_not_read(kafka: str, tmp_path: Path) -> None:
    name = await prepare(kafka)
    source = f"{name}.in"
    with workers(name, kafka, tmp_path, 1) as (worker,):
        await feed(kafka, name, 0, 300)
        await caught_up(kafka, name, source)
        assert worker.stop() == 0
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.delete_topics([source])
        await asyncio.sleep(2)
        await admin.close()
        await create_topics(kafka, source)
        worker.start()
        await feed(kafka, name, 0, 60)
        async with asyncio.timeout(30):
            while "it lost records or was made anew" not in worker.log.read_text():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        assert not await committed(kafka, name, source)
        # What it waits for has come: as much as there was, and more.
        await feed(kafka, name, 60, 300)
        await feed(kafka, name, 300, 400)
        await caught_up(kafka, name, source)


async def test_records_deleted_before_they_were_processed_are_told_of(kafka: str, tmp_path: Path) -> None:
    name = await prepare(kafka)
    source = f"{name}.in"
    with workers(name, kafka, tmp_path, 1) as (worker,):
        await feed(kafka, name, 0, 300)
        await caught_up(kafka, name, source)
        assert worker.stop() == 0
        await feed(kafka, name, 300, 600)
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        ends = {
            TopicPartition(source, number): batch[-1].offset for number, batch in (await read(kafka, source)).items()
        }
        await admin.delete_records({tp: RecordsToDelete(before_offset=end) for tp, end in ends.items()})
        await admin.close()
        worker.start()
        await caught_up(kafka, name, source)
        assert worker.log.read_text().count("source_records_lost") == len(ends)
