"""A partition that changes hands leaves nothing behind with its former owner, nor anybody waiting."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from rocksdict import Options, Rdict

from lakay_streams.engine.kafka.group import members
from tests.engine.counting import PARTITIONS
from tests.engine.harness import DEADLINE, caught_up, produce, workers
from tests.engine.test_exactly_once import prepare
from tests.engine.test_mending import assert_nothing_lost_or_doubled, feed, running, until


async def test_no_records_flow_after_a_revocation_while_nothing_is_assigned(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(kafka, tmp_path) as (name, app):
        assignment = app.consumer.assignment()
        with monkeypatch.context() as unassigned:
            unassigned.setattr(app.consumer, "assignment", set)
            await app._on_partitions_revoked(set())
        assert not app.task_manager.consumer.flow_active
        await app.task_manager.on_rebalance(assignment, set(), set(), app.consumer_generation_id)
        await until(lambda: app.task_manager.ready)
        await feed(kafka, name, 0, 500)
        await assert_nothing_lost_or_doubled(kafka, name)


async def test_a_partition_that_was_given_away_is_unlocked(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTING_STANDBY", "0")  # a copy is open, and rightly so
    name = await prepare(kafka)
    await produce(kafka, f"{name}.in", [(b"user-%d" % number, b"1") for number in range(50)])
    with workers(name, kafka, tmp_path, 1) as (first,):
        await caught_up(kafka, name, f"{name}.in")
        assert unlocked(first.folder) == 0
        others = tmp_path / "others"
        others.mkdir()
        with workers(name, kafka, others, 2):
            async with asyncio.timeout(DEADLINE):
                # Three workers, three partitions: the first keeps one.
                while unlocked(first.folder) < PARTITIONS - 1:  # noqa: ASYNC110 - another process gives them away
                    await asyncio.sleep(0.5)


async def test_a_spare_worker_stays_in_the_group_however_long_it_has_no_partition(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTING_STANDBY", "0")
    monkeypatch.setenv("COUNTING_MAX_POLL", "2")
    name = await prepare(kafka)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        with workers(name, kafka, tmp_path, PARTITIONS + 1):
            async with asyncio.timeout(DEADLINE):
                while await members(admin, name) <= PARTITIONS:  # noqa: ASYNC110 - Kafka tells no one
                    await asyncio.sleep(0.2)
            for _ in range(12):
                await asyncio.sleep(0.5)
                assert await members(admin, name) == PARTITIONS + 1
    finally:
        await admin.close()


def unlocked(folder: Path) -> int:
    """Return how many partitions' databases in a worker's folder another process may open."""
    databases = list(folder.glob("*/tables/counts/*.db"))
    assert len(databases) == PARTITIONS
    return sum(map(is_unlocked, databases))


def is_unlocked(database: Path) -> bool:
    """Whether another process may open a database."""
    try:
        Rdict(str(database), options=Options(raw_mode=True)).close()
    except Exception as exc:  # rocksdict raises bare exceptions
        if "lock" in str(exc).lower():
            return False
        raise
    return True
