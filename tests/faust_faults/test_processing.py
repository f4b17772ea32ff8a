"""Records that fail, workers that die, batches that write: each record is counted once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lakay_streams.process.child import EXIT_RESTART
from tests.engine.counting import EMIT_EVERY
from tests.engine.harness import Worker, produce, read
from tests.faust_faults.subjects import Doubled, Lost, Subject, counted, numbered, subjects


@subjects("189, 315, 527: an exception is acked, and the event skipped", raises=Lost)
async def test_a_record_that_failed_once_is_counted_all_the_same(kafka: str, tmp_path: Path, subject: Subject) -> None:
    name = await subject.prepare(kafka)
    records = [*numbered(range(100)), (b"user-0", b"flaky"), *numbered(range(100))]
    await produce(kafka, f"{name}.in", records)
    with subject.workers(name, kafka, tmp_path, 1) as (worker,):
        supervising = asyncio.create_task(restart(worker))
        await subject.counts_become(counted(records), kafka, name, seconds=20)
        supervising.cancel()


async def restart(worker: Worker) -> None:
    """Start a worker again that asks for it, as its supervisor does."""
    while True:
        if not worker.running and worker.wait() == EXIT_RESTART:
            worker.start()
        await asyncio.sleep(0.1)


@subjects("177, 333: what was counted before a crash is counted again", raises=Doubled)
async def test_a_killed_worker_counts_no_record_twice(
    kafka: str, tmp_path: Path, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOCK_COMMIT_INTERVAL", "600")  # no commit may come just before the kill, by luck
    name = await subject.prepare(kafka)
    records = numbered(range(3_000))
    with subject.workers(name, kafka, tmp_path, 1) as (worker,):
        await produce(kafka, f"{name}.in", records[:2_000])
        await some_counted(subject, kafka, name)
        worker.kill()
        worker.start()
        await produce(kafka, f"{name}.in", records[2_000:])
        await subject.counts_become(counted(records), kafka, name, seconds=60)


@subjects("177, 323, 517: under exactly_once, outputs to topics not consumed leave the transaction", raises=Doubled)
async def test_a_killed_worker_emits_nothing_twice(
    kafka: str, tmp_path: Path, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOCK_GUARANTEE", "exactly_once")
    name = await subject.prepare(kafka)
    records = numbered(range(4 * EMIT_EVERY * 50))
    with subject.workers(name, kafka, tmp_path, 1) as (worker,):
        for part in range(4):
            size = EMIT_EVERY * 50
            await produce(kafka, f"{name}.in", records[part * size : (part + 1) * size])
            await emitted(kafka, name, (part + 1) * 50)
            worker.kill()
            worker.start()
        await asyncio.sleep(4)
        assert await emitted(kafka, name, 200) == 200


async def emitted(kafka: str, name: str, at_least: int) -> int:
    """Wait for so many committed outputs; return how many there are."""
    for _ in range(80):
        outputs = [
            (record.key, record.value) for batch in (await read(kafka, f"{name}.out")).values() for record in batch
        ]
        if len(outputs) > len(set(outputs)):
            raise Doubled(f"{len(outputs) - len(set(outputs))} outputs came twice")
        if len(outputs) >= at_least:
            return len(outputs)
        await asyncio.sleep(0.25)
    raise Lost(f"{len(outputs)} outputs instead of {at_least}")


async def some_counted(subject: Subject, kafka: str, name: str) -> None:
    """Wait until the changelog shows the first counts."""
    for _ in range(150):
        if await subject.counts(kafka, name):
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("nothing was counted")


@subjects("300, 497: tables cannot be written from take, which acks what it could not process", raises=Lost)
async def test_batches_write_tables(
    kafka: str, tmp_path: Path, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOCK_TAKE", "1")
    name = await subject.prepare(kafka)
    records = numbered(range(500))
    await produce(kafka, f"{name}.in", records)
    with subject.workers(name, kafka, tmp_path, 1):
        await subject.counts_become(counted(records), kafka, name, seconds=20)
