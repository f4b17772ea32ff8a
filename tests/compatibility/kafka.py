"""A Kafka's topics and a group's offsets, taken from one broker and put into another, each record at its offset.

Offsets are part of what is kept: the journal names them, and so do RocksDB and PostgreSQL. Between committed records
lie transactions' markers and what was aborted, which a reader of committed records never sees; other markers and other
aborted records take up as many offsets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from tests.engine.harness import group_offsets, read


class Log(NamedTuple):
    """The committed records (offset, key, value) of a partition, and the offset that its next record gets."""

    topic: str
    partition: int
    end: int
    records: list[tuple[int, bytes | None, bytes | None]]

    def last(self) -> dict[bytes, bytes]:
        """Return the newest value of each key, as compaction would leave it; a tombstone leaves none."""
        newest = {key: value for _, key, value in self.records if key is not None}
        return {key: value for key, value in newest.items() if value is not None}


def packed(log: Log) -> dict[str, Any]:
    """Return a log as JSON has it."""
    return log._asdict() | {"records": [(offset, text_of(key), text_of(value)) for offset, key, value in log.records]}


def unpacked(log: Mapping[str, Any]) -> Log:
    """Return the log that `packed` gave."""
    return Log(
        **{**log, "records": [(offset, bytes_of(key), bytes_of(value)) for offset, key, value in log["records"]]}
    )


def text_of(value: bytes | None) -> str | None:
    """Return bytes as JSON has them: a letter each, which compresses as well as they do."""
    return None if value is None else value.decode("latin-1")


def bytes_of(value: str | None) -> bytes | None:
    """Return what `text_of` was given."""
    return None if value is None else value.encode("latin-1")


async def take(kafka: str, counts: Mapping[str, int]) -> list[Log]:
    """Return the logs of the topics, each with so many partitions."""
    targets = [TopicPartition(topic, number) for topic, count in counts.items() for number in range(count)]
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, isolation_level="read_committed")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(targets)
    finally:
        await consumer.stop()
    logs = []
    for topic, count in counts.items():
        for number, records in (await read(kafka, topic, count)).items():
            kept = [(record.offset, record.key, record.value) for record in records]
            logs.append(Log(topic, number, ends[TopicPartition(topic, number)], kept))
    return logs


async def put(kafka: str, logs: Iterable[Log]) -> None:
    """Give empty partitions the logs' records at the logs' offsets. They are as of now: retention lets them be."""
    plain = AIOKafkaProducer(bootstrap_servers=kafka)
    marking = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id="tests-compatibility")
    await plain.start()
    await marking.start()
    try:
        for log in logs:
            await _fill(plain, marking, log)
    finally:
        await marking.stop()
        await plain.stop()


async def _fill(plain: AIOKafkaProducer, marking: AIOKafkaProducer, log: Log) -> None:
    where = {"topic": log.topic, "partition": log.partition}
    expected = 0
    waiting: list[tuple[bytes | None, bytes | None]] = []
    for offset, key, value in [*log.records, (log.end, None, None)]:
        gap = offset - expected
        if gap == 1 and waiting:
            # A transaction's marker stands there.
            async with marking.transaction():
                await _send(marking, waiting, where)
            waiting = []
        elif gap:
            assert gap > 1, f"{log.topic} {log.partition} begins with a marker at {expected}"
            await _send(plain, waiting, where)
            waiting = []
            await marking.begin_transaction()
            await _send(marking, [(None, b"aborted")] * (gap - 1), where)
            await marking.abort_transaction()
        waiting.append((key, value))
        expected = offset + 1
    # The last one stands for the end.
    sent = await _send(plain, waiting[:-1], where)
    assert not sent or sent[-1].offset == log.end - 1, f"{log.topic} {log.partition}: {sent[-1]} instead of {log.end}"


async def _send(
    producer: AIOKafkaProducer, records: Iterable[tuple[bytes | None, bytes | None]], where: Mapping[str, Any]
) -> list[Any]:
    sent = [await producer.send(key=key, value=value, **where) for key, value in records]
    return list(await asyncio.gather(*sent))


async def take_offsets(kafka: str, group: str) -> list[tuple[str, int, int, str]]:
    """Return topic, partition, offset and metadata of everything that the group has committed."""
    offsets = await group_offsets(kafka, group)
    return sorted((*tp, committed.offset, committed.metadata) for tp, committed in offsets.items())


async def put_offsets(kafka: str, group: str, offsets: Iterable[tuple[str, int, int, str]]) -> None:
    """Commit offsets as the group's, which has no members."""
    committed = {TopicPartition(topic, number): OffsetAndMetadata(*told) for topic, number, *told in offsets}
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(list(committed))
        await consumer.commit(committed)
    finally:
        await consumer.stop()
