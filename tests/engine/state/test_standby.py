"""A worker that stands by for another's partitions takes them over with little to replay."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from pathlib import Path
from typing import cast

import pytest
from aiokafka.errors import KafkaError

from lakay_streams.engine.state.changelog import ChangelogReader
from lakay_streams.engine.state.rocksdb import PartitionStore
from lakay_streams.engine.state.standby import Standby
from lakay_streams.engine.state.table import StateTable
from tests.engine.counting import PARTITIONS, Count, build
from tests.engine.harness import DEADLINE, Worker, caught_up, create_topics, produce, unique, workers
from tests.engine.state.test_changelog import client, write
from tests.engine.test_exactly_once import assert_equal_to_a_plain_replay, prepare

KEYS = 9_000
SESSION_S = 6.0
OPENED = re.compile(r"partition_opened .*?partition=.*?(\d+).*?replayed=.*?(\d+)")


def openings(worker: Worker) -> list[tuple[int, int]]:
    """Return partition and replayed changes of each opening that the worker logged."""
    log = re.sub(r"\x1b\[[0-9;]*m", "", worker.log.read_text())
    return [(int(found[1]), int(found[2])) for found in OPENED.finditer(log)]


@pytest.mark.parametrize("replicas", [0, 1])
async def test_a_killed_workers_partitions_resume_within_seconds(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replicas: int
) -> None:
    monkeypatch.setenv("COUNTING_STANDBY", str(replicas))
    name = await prepare(kafka)
    with workers(name, kafka, tmp_path, 2) as (victim, heir):
        while not (openings(victim) and openings(heir)):  # noqa: ASYNC110 - it stands in another process's log
            await asyncio.sleep(0.2)
        await asyncio.sleep(1)  # should one have been alone at first
        await produce(kafka, f"{name}.in", [(b"user-%d" % key, b"1") for key in range(KEYS)])
        await caught_up(kafka, name, f"{name}.in")
        await asyncio.sleep(1.5)  # the copies of the last checkpoint
        before = len(openings(heir))
        victim.kill()
        killed = time.monotonic()
        await produce(kafka, f"{name}.in", [(b"user-%d" % key, b"2") for key in range(300)])
        await caught_up(kafka, name, f"{name}.in")
        assert time.monotonic() - killed < SESSION_S + 10
        # Its own partitions had nothing to catch up with, and may be opened last.
        async with asyncio.timeout(DEADLINE):
            while {partition for partition, _ in openings(heir)[before:]} != set(range(PARTITIONS)):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
        assert heir.stop() == 0
    await assert_equal_to_a_plain_replay(kafka, name)
    replayed = sum(changes for _, changes in openings(heir)[before:])
    if replicas:
        assert replayed == 0
    else:
        assert replayed > KEYS / PARTITIONS / 2


@pytest.fixture
def table(kafka: str, tmp_path: Path) -> StateTable[Count]:
    return cast(StateTable[Count], build(unique("standby"), kafka, tmp_path).tables["counts"])


async def changelog_of(table: StateTable[Count], kafka: str) -> str:
    topic = str(table.changelog_topic.get_topic_name())
    await create_topics(kafka, topic, partitions=1)
    return topic


def copied(table: StateTable[Count]) -> dict[bytes, bytes]:
    """Return what the store of partition 0 holds; its lock must be free."""
    store = PartitionStore(table.store_path(0))
    store.open()
    try:
        return dict(store.items())
    finally:
        store.close()


async def stood_by(standby: Standby) -> None:
    """Leave once nothing was missing for longer than the broker takes to mark a transaction as committed."""
    whole = 0
    async with asyncio.timeout(30):
        while whole < 10:
            whole = whole + 1 if standby.behind.get(0) == 0 else 0
            await asyncio.sleep(0.1)
    await standby.leave()


async def test_a_copy_follows_its_changelog_and_lets_go_of_its_store(kafka: str, table: StateTable[Count]) -> None:
    changelog = await changelog_of(table, kafka)
    await write(kafka, changelog, b"1")
    standby = Standby([0], [table], client(kafka))
    for value in (b"2", b"3"):
        await write(kafka, changelog, value)
        await asyncio.sleep(0.7)
    await stood_by(standby)
    assert copied(table) == {b"key": b"3", b"1": b"1", b"2": b"2", b"3": b"3"}


async def test_a_damaged_copy_is_made_anew(kafka: str, table: StateTable[Count]) -> None:
    changelog = await changelog_of(table, kafka)
    await write(kafka, changelog, b"1")
    await stood_by(Standby([0], [table], client(kafka)))
    (table.store_path(0) / "CURRENT").write_bytes(b"not a manifest")
    await write(kafka, changelog, b"2")
    await stood_by(Standby([0], [table], client(kafka)))
    assert copied(table) == {b"key": b"2", b"1": b"1", b"2": b"2"}


async def test_a_copy_waits_for_a_changelog_that_is_not_there_yet(kafka: str, table: StateTable[Count]) -> None:
    standby = Standby([0], [table], client(kafka))
    await asyncio.sleep(1)
    await write(kafka, await changelog_of(table, kafka), b"1")
    await stood_by(standby)
    assert copied(table) == {b"key": b"1", b"1": b"1"}


async def test_a_copy_that_is_being_closed_after_a_failure_is_left_at_once(
    table: StateTable[Count], monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = asyncio.Event()

    async def start(self: ChangelogReader) -> None:
        raise KafkaError("the broker is away")

    real = ChangelogReader.stop

    async def stop(self: ChangelogReader) -> None:
        await real(self)
        # As aiokafka's do, which wait for tasks of their own.
        closing.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0.2)

    monkeypatch.setattr(ChangelogReader, "start", start)
    monkeypatch.setattr(ChangelogReader, "stop", stop)
    standby = Standby([0], [table], client("localhost:1"))
    await closing.wait()
    async with asyncio.timeout(2):
        await standby.leave()
    assert standby._task.done()
