"""What ends a tenure for good: topics split otherwise than the worker counts on, and what Kafka will never take."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from lakay_streams.errors import EngineError, TopicError
from tests.engine.harness import caught_up
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
