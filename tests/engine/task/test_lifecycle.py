"""What ends a task for good: topics split otherwise than the worker counts on, and what Kafka will never take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import TopicPartition
from structlog.testing import capture_logs

from lakay_streams.errors import EngineError, TopicError
from tests.engine.harness import DEADLINE, Worker, caught_up, committed, create_topics, read, workers
from tests.engine.test_exactly_once import prepare
from tests.engine.test_mending import fail_commits, feed, in_fetching_thread, running, until


@asynccontextmanager
async def admin(kafka: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def test_a_worker_that_slept_through_a_growth_opens_nothing(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(kafka, tmp_path) as (name, app):
        await feed(kafka, name, 0, 100)
        await caught_up(kafka, name, f"{name}.in")
        stopped: asyncio.Queue[BaseException] = asyncio.Queue()
        app.task_manager.on_fatal = stopped.put_nowait
        # The first that grow.
        topic = f"{name}-counts-changelog"
        async with admin(kafka) as client:
            await client.create_partitions({topic: NewPartitions(5)})
        fail_commits(monkeypatch, lambda _, number: number == 1)
        await feed(kafka, name, 100, 200)
        async with asyncio.timeout(DEADLINE):
            refusal = await stopped.get()
        assert isinstance(refusal, TopicError)
        assert f"Topic {topic} has 5 partitions where this worker counts on 3: stop every worker" in str(refusal)


async def test_a_worker_stops_at_a_refusal_that_asking_again_does_not_change(kafka: str, tmp_path: Path) -> None:
    async with running(kafka, tmp_path) as (name, app):
        await feed(kafka, name, 0, 100)
        await caught_up(kafka, name, f"{name}.in")
        stopped: asyncio.Queue[BaseException] = asyncio.Queue()
        app.task_manager.on_fatal = stopped.put_nowait
        topic = ConfigResource(ConfigResourceType.TOPIC, f"{name}-counts-changelog", {"max.message.bytes": "80"})
        async with admin(kafka) as client:
            await client.alter_configs([topic])
        await feed(kafka, name, 100, 200)
        async with asyncio.timeout(DEADLINE):
            refusal = await stopped.get()
        assert isinstance(refusal, EngineError)
        assert "correct this worker's permissions or the topics' limits" in str(refusal)


async def make_anew(kafka: str, topic: str) -> None:
    async with admin(kafka) as client:
        await client.delete_topics([topic])
        async with asyncio.timeout(DEADLINE):
            while topic in await client.list_topics():  # noqa: ASYNC110 - Kafka tells no one
                await asyncio.sleep(0.1)
    await create_topics(kafka, topic)


async def delete_all(kafka: str, topic: str) -> int:
    """Delete what the topic holds but for the last record of each partition; return how many partitions held any."""
    ends = {TopicPartition(topic, number): batch[-1].offset for number, batch in (await read(kafka, topic)).items()}
    async with admin(kafka) as client:
        await client.delete_records({tp: RecordsToDelete(before_offset=end) for tp, end in ends.items()})
    return len(ends)


async def logged(words: str, worker: Worker) -> None:
    async with asyncio.timeout(DEADLINE):
        while words not in worker.log.read_text():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


async def test_a_source_that_ends_before_what_is_processed_is_not_read(kafka: str, tmp_path: Path) -> None:
    name = await prepare(kafka)
    source = f"{name}.in"
    with workers(name, kafka, tmp_path, 1) as (worker,):
        await feed(kafka, name, 0, 300)
        await caught_up(kafka, name, source)
        assert worker.stop() == 0
        await make_anew(kafka, source)
        worker.start()
        await feed(kafka, name, 0, 60)
        await logged("it lost records or was made anew", worker)
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
        partitions = await delete_all(kafka, source)
        worker.start()
        await caught_up(kafka, name, source)
        assert worker.log.read_text().count("source_records_lost") == partitions


@pytest.mark.parametrize("reset", ["earliest", "latest"])
async def test_records_deleted_under_a_running_worker_are_told_of_and_the_others_processed(
    kafka: str, tmp_path: Path, reset: str
) -> None:
    async with running(kafka, tmp_path, reset=reset, interval=60.0) as (name, app):
        source, partitions = f"{name}.in", app.task_manager.partitions
        await feed(kafka, name, 0, 300)
        await until(lambda: sum(partition.pending for partition in partitions.values()) == 300)
        processed = {number: partition.positions[source] for number, partition in partitions.items()}
        sources = [TopicPartition(source, number) for number in processed]
        await in_fetching_thread(app, lambda consumer: consumer.pause(*sources))
        # What is asked for already is answered before.
        await asyncio.sleep(0.5)
        await feed(kafka, name, 300, 600)
        assert await delete_all(kafka, source) == len(processed)
        with capture_logs() as logged:
            await in_fetching_thread(app, lambda consumer: consumer.resume(*sources))
            await until(lambda: sum(partition.pending for partition in partitions.values()) == len(processed))
        lost = [entry for entry in logged if entry["event"] == "source_records_lost"]
        assert {entry["partition"]: entry["committed_offset"] for entry in lost} == processed
        assert len(lost) == len(processed)
