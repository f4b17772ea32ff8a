"""Outputs to at-least-once topics do not wait for the checkpoint: after a crash some come twice, and none is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from lakay_streams.engine.kafka.producer import NonTransactionalProducer
from lakay_streams.engine.task.journal import JournalEntry
from tests.engine.counting import EMIT_EVERY
from tests.engine.harness import DEADLINE, caught_up, committed, counted, produce, read, workers
from tests.engine.test_exactly_once import numbered, prepare
from tests.engine.test_mending import started

NEVER_S = 120.0


async def outputs(kafka: str, name: str) -> list[tuple[bytes, bytes]]:
    seen = await read(kafka, f"{name}.out")
    return sorted((record.key, record.value) for batch in seen.values() for record in batch)


async def seen(kafka: str, name: str, times: int) -> list[tuple[bytes, bytes]]:
    """Wait until there are so many outputs and return them."""
    deadline = time.monotonic() + 60
    while len(found := await outputs(kafka, name)) < times:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.1)
    return found


async def test_an_output_is_seen_before_its_checkpoint_and_again_after_a_crash(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await prepare(kafka)
    monkeypatch.setenv("COUNTING_EAGER", f"{name}.out")
    monkeypatch.setenv("COUNTING_INTERVAL", f"{NEVER_S:g}")
    with workers(name, kafka, tmp_path, 1) as (worker,):
        await produce(kafka, f"{name}.in", [(b"user", b"%d" % number) for number in range(EMIT_EVERY)])
        first = await seen(kafka, name, 1)
        at = await committed(kafka, name, f"{name}.in")
        assert sum(offset.offset for offset in at.values()) == 0
        worker.kill()
        worker.start()
        again = await seen(kafka, name, 2)
        assert worker.stop() == 0
    assert again == first * 2


async def test_killed_workers_lose_no_output_and_count_no_record_twice(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await prepare(kafka)
    monkeypatch.setenv("COUNTING_EAGER", f"{name}.out")
    with workers(name, kafka, tmp_path, 1) as (worker,):
        for part in range(5):
            await produce(kafka, f"{name}.in", numbered(part * 2_000, (part + 1) * 2_000))
            await asyncio.sleep(0.4 * part)
            worker.kill()
            worker.start()
        await caught_up(kafka, name, f"{name}.in")
        assert worker.stop() == 0
    source = await read(kafka, f"{name}.in")
    _, expected = counted(source, EMIT_EVERY)
    assert set(await outputs(kafka, name)) == set(expected)
    journal = await read(kafka, f"{name}.journal")
    entries = [JournalEntry.decode(record.value) for batch in journal.values() for record in batch]
    assert sum(segment.records for entry in entries for segment in entry.segments) == sum(map(len, source.values()))


async def test_records_whose_outputs_are_not_stored_are_not_committed(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await prepare(kafka)
    real: Callable[..., Any] = NonTransactionalProducer.send
    refused = 0

    async def refusing(self: NonTransactionalProducer, *output: Any) -> asyncio.Future[Any]:
        nonlocal refused
        if refused < 3:
            refused += 1
            failed = asyncio.get_running_loop().create_future()
            failed.set_exception(KafkaError("not stored"))
            return failed
        stored: asyncio.Future[Any] = await real(self, *output)
        return stored

    monkeypatch.setattr(NonTransactionalProducer, "send", refusing)
    async with started(name, kafka, tmp_path, at_least_once_topics=frozenset({f"{name}.out"})) as app:
        await produce(kafka, f"{name}.in", numbered(0, 8_000))
        await caught_up(kafka, name, f"{name}.in")
        assert app.task_manager.reopened >= 1
    _, expected = counted(await read(kafka, f"{name}.in"), EMIT_EVERY)
    assert set(await outputs(kafka, name)) == set(expected)


async def test_records_whose_outputs_could_not_be_sent_for_a_bug_are_not_committed(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: NonTransactionalProducer, *output: Any) -> asyncio.Future[Any]:
        raise TypeError("a bug in the producer")

    monkeypatch.setattr(NonTransactionalProducer, "send", broken)
    name = await prepare(kafka)
    async with started(name, kafka, tmp_path, at_least_once_topics=frozenset({f"{name}.out"})) as app:
        stopped: asyncio.Queue[BaseException] = asyncio.Queue()
        app.task_manager.on_fatal = stopped.put_nowait
        await produce(kafka, f"{name}.in", [(b"user", b"%d" % number) for number in range(EMIT_EVERY)])
        async with asyncio.timeout(DEADLINE):
            assert str(await stopped.get()) == "a bug in the producer"
        await asyncio.sleep(0.5)
    assert sum(offset.offset for offset in (await committed(kafka, name, f"{name}.in")).values()) == 0
