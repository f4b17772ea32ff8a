"""Whatever goes wrong in a checkpoint is mended by opening the partition anew, and costs nothing but a replay.

The app runs in this process on a real Kafka; only the fault is put in by hand.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka.errors import KafkaError, NoOffsetForPartitionError

from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka import producer
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.task.crashes import from_metadata
from lakay_streams.engine.task.task import StreamTask
from tests.engine.counting import EMIT_EVERY, Count, build
from tests.engine.harness import DEADLINE, caught_up, committed, counted, create_topics, produce, read, unique

Commit = Callable[..., Any]


@asynccontextmanager
async def running(kafka: str, folder: Path, **options: Any) -> AsyncIterator[tuple[str, StreamApp]]:
    name = unique("mending")
    await create_topics(kafka, f"{name}.in", f"{name}.out", f"{name}.journal", f"{name}.in.parked")
    async with started(name, kafka, folder, **options) as app:
        yield name, app


@asynccontextmanager
async def started(name: str, kafka: str, folder: Path, **options: Any) -> AsyncIterator[StreamApp]:
    app = build(name, kafka, folder, **options)
    app.finalize()
    starting = asyncio.create_task(app.start())
    try:
        await until(lambda: app.task_manager.ready)
        yield app
    finally:
        await app.stop()
        await asyncio.gather(starting, return_exceptions=True)
        gc.collect()


async def until(true: Callable[[], Any], seconds: float = DEADLINE) -> None:
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - it waits for whatever the test waits for
            await asyncio.sleep(0.05)


async def feed(kafka: str, name: str, start: int, stop: int) -> None:
    await produce(kafka, f"{name}.in", [(b"user-%d" % (number % 50), b"%d" % number) for number in range(start, stop)])


async def assert_nothing_lost_or_doubled(kafka: str, name: str) -> None:
    await caught_up(kafka, name, f"{name}.in")
    states, outputs = counted(await read(kafka, f"{name}.in"), EMIT_EVERY)
    decode = msgspec.msgpack.Decoder(Count).decode
    changelog = await read(kafka, f"{name}-counts-changelog")
    assert {record.key: decode(record.value) for batch in changelog.values() for record in batch} == states
    seen = await read(kafka, f"{name}.out")
    assert sorted((record.key, record.value) for batch in seen.values() for record in batch) == outputs


def fail_commits(monkeypatch: pytest.MonkeyPatch, fails: Callable[[str, int], bool], stall: float = 0.0) -> None:
    """Make a partition's n-th commit raise, after `stall` seconds, where `fails(transactional_id, n)` says so."""
    real: Commit = producer.TransactionalProducer.commit
    counts: dict[str, int] = {}

    async def commit(self: producer.TransactionalProducer, *arguments: Any) -> Any:
        name = self._transactional_id
        counts[name] = counts.get(name, 0) + 1
        if fails(name, counts[name]):
            await asyncio.sleep(stall)
            raise KafkaError("the broker went away")
        return await real(self, *arguments)

    monkeypatch.setattr(producer.TransactionalProducer, "commit", commit)


async def test_a_hiccup_of_the_broker_in_every_partition_at_once(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(kafka, tmp_path) as (name, app):
        await feed(kafka, name, 0, 2_000)
        await caught_up(kafka, name, f"{name}.in")
        fail_commits(monkeypatch, lambda _, number: number in {1, 3})
        for part in range(1, 6):
            await feed(kafka, name, part * 2_000, (part + 1) * 2_000)
            await asyncio.sleep(0.3)
        await assert_nothing_lost_or_doubled(kafka, name)
        assert app.task_manager.reopened >= 3


async def test_a_stalled_commit_under_more_load_than_memory_holds(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(kafka, tmp_path, max_records=200) as (name, app):
        fail_commits(monkeypatch, lambda _, number: number == 1, stall=2.0)
        await feed(kafka, name, 0, 6_000)
        await assert_nothing_lost_or_doubled(kafka, name)
        assert app.task_manager.reopened >= 3


async def test_a_rebalance_after_a_failed_commit_takes_no_later_records_with_it(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(kafka, tmp_path) as (name, app):
        fail_commits(monkeypatch, lambda _, number: number == 2, stall=1.0)
        await feed(kafka, name, 0, 500)
        await asyncio.sleep(0.5)
        await feed(kafka, name, 500, 1_000)
        await asyncio.sleep(0.4)
        assignment = app.consumer.assignment()
        await app.task_manager.release()
        await app.task_manager.on_rebalance(assignment, set(), set(), app.consumer_generation_id)
        await until(lambda: app.task_manager.ready)
        await feed(kafka, name, 1_000, 1_500)
        await assert_nothing_lost_or_doubled(kafka, name)


async def test_stores_are_unlocked_although_the_broker_is_away(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = producer.TransactionalProducer.stop
    slow = asyncio.Event()

    async def stop(self: producer.TransactionalProducer) -> None:
        if not slow.is_set():
            slow.set()
            await asyncio.sleep(3)
        await real(self)

    async with running(kafka, tmp_path) as (name, app):
        monkeypatch.setattr(producer.TransactionalProducer, "stop", stop)
        fail_commits(monkeypatch, lambda _, number: number == 1)
        await feed(kafka, name, 0, 500)
        await slow.wait()
        assignment = app.consumer.assignment()
        await app.task_manager.on_rebalance(assignment, set(), set(), app.consumer_generation_id)
        await until(lambda: app.task_manager.ready)
        await assert_nothing_lost_or_doubled(kafka, name)


async def test_a_bug_while_a_checkpoint_is_due_is_accounted_and_stops_the_worker(kafka: str, tmp_path: Path) -> None:
    async with running(kafka, tmp_path) as (name, app):
        stopped: asyncio.Queue[BaseException] = asyncio.Queue()
        app.task_manager.on_fatal = stopped.put_nowait
        await feed(kafka, name, 0, 500)
        await produce(kafka, f"{name}.in", [(b"user-1", b"boom")])
        async with asyncio.timeout(DEADLINE):
            assert str(await stopped.get()) == "a bug in a rule"
        accounts = [from_metadata(each.metadata) for each in (await committed(kafka, name, f"{name}.in")).values()]
        assert [list(account.values()) for account in accounts if account] == [[1]]


async def test_a_bug_stops_the_worker_although_it_cannot_be_accounted(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def account_crash(self: StreamTask, record: Record) -> None:
        raise TimeoutError("the database is away")

    monkeypatch.setattr(StreamTask, "account_crash", account_crash)
    async with running(kafka, tmp_path) as (name, app):
        stopped: asyncio.Queue[BaseException] = asyncio.Queue()
        app.task_manager.on_fatal = stopped.put_nowait
        await produce(kafka, f"{name}.in", [(b"user-1", b"boom")])
        async with asyncio.timeout(DEADLINE):
            assert str(await stopped.get()) == "a bug in a rule"


def overwrite(folder: Path, pattern: str) -> int:
    files = [file for file in folder.rglob(pattern) if file.is_file()]
    for file in files:
        file.write_bytes(b"\xff" * file.stat().st_size)
    return len(files)


@pytest.mark.parametrize("damaged", ["CURRENT", "MANIFEST-*", "*.sst"])
async def test_a_damaged_store_is_rebuilt_from_its_changelog(kafka: str, tmp_path: Path, damaged: str) -> None:
    name = unique("damaged")
    await create_topics(kafka, f"{name}.in", f"{name}.out", f"{name}.journal", f"{name}.in.parked")
    async with started(name, kafka, tmp_path) as app:
        await feed(kafka, name, 0, 3_000)
        await caught_up(kafka, name, f"{name}.in")
        for partition in app.task_manager.partitions.values():
            partition.states["counts"].store.db.flush()
    assert overwrite(tmp_path, damaged)
    async with started(name, kafka, tmp_path):
        await feed(kafka, name, 3_000, 4_000)
        await assert_nothing_lost_or_doubled(kafka, name)


async def test_where_to_begin_is_decided_once(kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = unique("latest")
    await create_topics(kafka, f"{name}.in", f"{name}.out", f"{name}.journal", f"{name}.in.parked")
    await feed(kafka, name, 0, 100)
    # The first commit of each partition says where it begins; the second, with the first records, fails.
    fail_commits(monkeypatch, lambda _, number: number == 2)
    async with started(name, kafka, tmp_path, reset="latest"):
        await feed(kafka, name, 100, 300)
        await caught_up(kafka, name, f"{name}.in")
        decode = msgspec.msgpack.Decoder(Count).decode
        changelog = await read(kafka, f"{name}-counts-changelog")
        final = {record.key: decode(record.value).times for batch in changelog.values() for record in batch}
        assert sum(final.values()) == 200


async def in_fetching_thread(app: StreamApp, act: Callable[[Any], None]) -> None:
    """Do something to the group's aiokafka consumer where it lives."""
    thread = app.task_manager.consumer._thread

    async def acting() -> None:
        act(thread._ensure_consumer())

    await thread.call_thread(acting)


async def test_a_fetch_that_meets_partitions_nobody_has_opened_yet_is_no_failure(kafka: str, tmp_path: Path) -> None:
    met: list[NoOffsetForPartitionError] = []

    def meet(consumer: Any) -> None:
        real = consumer._fetcher.fetched_records

        async def fetched_records(*arguments: Any, **options: Any) -> Any:
            if len(met) < 3:
                met.append(NoOffsetForPartitionError("as the group assigns it, without a committed offset"))
                raise met[-1]
            return await real(*arguments, **options)

        consumer._fetcher.fetched_records = fetched_records

    async with running(kafka, tmp_path) as (name, app):
        await in_fetching_thread(app, meet)
        await feed(kafka, name, 0, 500)
        await assert_nothing_lost_or_doubled(kafka, name)
        assert len(met) == 3
        counts: list[int] = []
        await in_fetching_thread(app, lambda consumer: counts.append(consumer._subscription._fetch_count))
        assert counts[0] <= 1, "fetches that failed must not count as going on"


def end_fetching(consumer: Any) -> None:
    ended = asyncio.get_running_loop().create_future()
    ended.set_exception(KafkaError("the fetcher ended"))
    consumer._fetcher._fetch_task.cancel()
    consumer._fetcher._fetch_task = ended


def push_error(consumer: Any) -> None:
    consumer._coordinator._pending_exception = KafkaError("the group ended")


# aiokafka's consumer meets the same error again as it closes.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("end", [end_fetching, push_error])
@pytest.mark.parametrize("spare", [False, True])
async def test_a_task_of_aiokafkas_that_ended_ends_the_worker(
    kafka: str, tmp_path: Path, end: Callable[[Any], None], spare: bool
) -> None:
    async with running(kafka, tmp_path) as (_, app):
        if spare:
            app.consumer.pause_partitions(app.consumer.assignment())
            await asyncio.sleep(1.2)  # until the last fetch is over
        await in_fetching_thread(app, end)
        await until(lambda: app.crashed)
        assert "ended" in str(app.crash_reason)
