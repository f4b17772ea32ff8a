"""No record is lost, no state change doubled, no output doubled for a reader of committed records."""

from __future__ import annotations

import asyncio
import shutil
import signal
from pathlib import Path

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from lakay_streams.engine.task.journal import JournalEntry
from tests.agents.running import until
from tests.engine.counting import EMIT_EVERY, PARTITIONS, Count
from tests.engine.harness import caught_up, counted, create_topics, produce, read, unique, workers

RECORDS = 12_000
KEYS = 500


def numbered(start: int, stop: int) -> list[tuple[bytes, bytes]]:
    return [(b"user-%d" % (number * 7919 % KEYS), b"%d" % number) for number in range(start, stop)]


async def prepare(kafka: str) -> str:
    name = unique("counting")
    await create_topics(kafka, f"{name}.in", f"{name}.out", f"{name}.journal", f"{name}.in.parked")
    return name


async def assert_equal_to_a_plain_replay(kafka: str, name: str) -> None:
    source = await read(kafka, f"{name}.in")
    states, outputs = counted(source, EMIT_EVERY)
    changelog = await read(kafka, f"{name}-counts-changelog")
    decode = msgspec.msgpack.Decoder(Count).decode
    final = {record.key: decode(record.value) for batch in changelog.values() for record in batch}
    assert final == states
    seen = await read(kafka, f"{name}.out")
    assert sorted((record.key, record.value) for batch in seen.values() for record in batch) == outputs
    journal = await read(kafka, f"{name}.journal")
    entries = [JournalEntry.decode(record.value) for batch in journal.values() for record in batch]
    processed = sum(segment.records for entry in entries for segment in entry.segments)
    assert processed == sum(map(len, source.values()))


async def test_a_killed_worker_and_a_lost_disk_change_nothing(kafka: str, tmp_path: Path) -> None:
    name = await prepare(kafka)
    with workers(name, kafka, tmp_path, 1) as (worker,):
        for part in range(4):
            await produce(kafka, f"{name}.in", numbered(part * RECORDS // 4, (part + 1) * RECORDS // 4))
            if part % 2 == 0:
                await asyncio.sleep(1.5)
            worker.kill()
            if part == 1:
                # A worker that was killed early may have made none.
                shutil.rmtree(worker.folder, ignore_errors=True)
            worker.start()
        await caught_up(kafka, name, f"{name}.in")
        assert worker.stop() == 0
    await assert_equal_to_a_plain_replay(kafka, name)


async def test_workers_that_come_and_go_share_the_partitions(kafka: str, tmp_path: Path) -> None:
    name = await prepare(kafka)
    with workers(name, kafka, tmp_path, 2) as (first, second):
        feeding = asyncio.create_task(produce_slowly(kafka, name))
        await asyncio.to_thread(until, lambda: first.works() and second.works(), "both work")
        assert second.stop() == 0
        await asyncio.sleep(2)
        second.start()
        await asyncio.to_thread(until, second.works, "the second works again")
        assert first.stop() == 0
        await feeding
        await caught_up(kafka, name, f"{name}.in")
    await assert_equal_to_a_plain_replay(kafka, name)


async def test_a_zombie_is_fenced(kafka: str, tmp_path: Path) -> None:
    name = await prepare(kafka)
    with workers(name, kafka, tmp_path, 2) as (zombie, _other):
        feeding = asyncio.create_task(produce_slowly(kafka, name))
        await asyncio.sleep(4)
        zombie.send(signal.SIGSTOP)
        await asyncio.sleep(9)  # beyond the session timeout of 6 s: the other takes its partitions
        zombie.send(signal.SIGCONT)
        await feeding
        if not zombie.running:
            zombie.start()
        await caught_up(kafka, name, f"{name}.in")
    await assert_equal_to_a_plain_replay(kafka, name)


async def test_offsets_that_the_group_has_wrong_lose_and_double_no_record(kafka: str, tmp_path: Path) -> None:
    """A broker can lose them, or answer before it has read them; the journal was committed with the same states."""
    name = await prepare(kafka)
    with workers(name, kafka, tmp_path, 1) as (worker,):
        await produce(kafka, f"{name}.in", numbered(0, RECORDS // 2))
        await caught_up(kafka, name, f"{name}.in")
        assert worker.stop() == 0
        for wrong in (0, 700, RECORDS):
            await set_back(kafka, name, wrong)
            worker.start()
            await produce(kafka, f"{name}.in", numbered(RECORDS // 2 + wrong, RECORDS // 2 + wrong + 700))
            await journalled(kafka, name)
            assert worker.stop() == 0
        assert b"committed_offset_differs_from_journal" in worker.log.read_bytes()
    await assert_equal_to_a_plain_replay(kafka, name)


async def journalled(kafka: str, name: str) -> None:
    """Wait until the journal tells of every record."""
    source = sum(map(len, (await read(kafka, f"{name}.in")).values()))
    async with asyncio.timeout(60):
        while True:
            journal = await read(kafka, f"{name}.journal")
            entries = [JournalEntry.decode(record.value) for batch in journal.values() for record in batch]
            if sum(segment.records for entry in entries for segment in entry.segments) >= source:
                return
            await asyncio.sleep(0.3)


async def set_back(kafka: str, group: str, offset: int) -> None:
    """Set the committed offsets of a group that has ended."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=group, enable_auto_commit=False)
    await consumer.start()
    partitions = [TopicPartition(f"{group}.in", number) for number in range(PARTITIONS)]
    consumer.assign(partitions)
    await consumer.commit(dict.fromkeys(partitions, offset))
    await consumer.stop()


async def produce_slowly(kafka: str, name: str) -> None:
    for part in range(24):
        await produce(kafka, f"{name}.in", numbered(part * RECORDS // 24, (part + 1) * RECORDS // 24))
        await asyncio.sleep(0.5)
