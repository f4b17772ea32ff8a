"""What is written is what was simulated, in a file or on a real Kafka."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from lakay_streams.contracts.topics import EVENT_TYPES
from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.errors import PrerequisiteError, TopicError
from lakay_streams.simulator import Simulated, SimulatorOptions, simulate
from lakay_streams.simulator.labels import read_labels
from lakay_streams.simulator.sinks import labels_path, produce, read_jsonl, write_jsonl
from tests.simulator.runs import play

PARTITIONS = 3


def test_a_file_gives_back_the_records_and_their_labels(tmp_path: Path) -> None:
    options = SimulatorOptions(users=80, days=3.0, wrong_keys=0.05, poison=0.01)
    path, run = tmp_path / "events.jsonl", play(options)
    assert write_jsonl(simulate(options), path) == len(run.records)
    assert [tuple(line) for line in read_jsonl(path)] == [(r.topic, r.key, r.value) for r in run.records]
    assert labels_path(path) == tmp_path / "events.labels.jsonl"
    assert tuple(read_labels(labels_path(path))) == run.labels != ()


def test_a_line_holds_the_event_itself(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    write_jsonl(simulate(SimulatorOptions(users=20, events=50)), path)
    for line in path.read_bytes().splitlines():
        assert orjson.loads(line)["value"]["event_version"] == "1.0"


@pytest.mark.parametrize("content", [b"not JSON\n", b'{"topic": "a"}\n', b"[]\n"])
def test_a_file_of_something_else_is_refused_by_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.jsonl"
    path.write_bytes(content)
    with pytest.raises(PrerequisiteError, match=r"other\.jsonl:1 is no simulated record"):
        list(read_jsonl(path))
    with pytest.raises(PrerequisiteError, match="holds no labels"):
        list(read_labels(path))


def on_own_topics(records: tuple[Simulated, ...], suffix: str) -> list[Simulated]:
    return [record._replace(topic=f"{record.topic}.{suffix}") for record in records]


async def created(kafka: str, topics: list[str]) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1) for topic in topics])
    finally:
        await admin.close()


async def read_back(kafka: str, topics: list[str], count: int) -> list[tuple[str, int, bytes | None, bytes | None]]:
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    found: list[tuple[str, int, bytes | None, bytes | None]] = []
    try:
        async with asyncio.timeout(60):
            while len(found) < count:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += [(record.topic, record.partition, record.key, record.value) for record in records]
    finally:
        await consumer.stop()
    return found


@pytest.mark.parametrize("rate", [None, 4_000.0])
async def test_kafka_holds_every_record_in_its_keys_partition_and_order(kafka: str, rate: float | None) -> None:
    suffix = uuid4().hex[:8]
    run = play(SimulatorOptions(users=80, events=3_000, wrong_keys=0.02))
    records = on_own_topics(run.records, suffix)
    topics = [f"{topic}.{suffix}" for topic in EVENT_TYPES]
    await created(kafka, topics)
    progress: list[int] = []
    assert await produce(records, kafka, rate, progress.append) == len(records)
    assert progress == sorted(progress)
    assert progress[-1] == len(records)
    found = await read_back(kafka, topics, len(records))
    assert sorted(value or b"" for *_, value in found) == sorted(record.value for record in records)
    sent: dict[tuple[str, bytes], list[bytes]] = defaultdict(list)
    got: dict[tuple[str, bytes], list[bytes]] = defaultdict(list)
    for record in records:
        if record.key is not None:
            sent[record.topic, record.key].append(record.value)
    for topic, partition, key, value in found:
        if key is not None:
            got[topic, key].append(value or b"")
            assert partition == partition_of(key, PARTITIONS)
    assert got == sent


async def test_a_missing_topic_is_named(kafka: str) -> None:
    suffix = uuid4().hex[:8]
    records = on_own_topics(play(SimulatorOptions(users=20, events=20)).records, suffix)
    with pytest.raises(TopicError, match=rf"topic trebanx\..*{suffix} does not exist"):
        await produce(records, kafka)


async def test_an_absent_kafka_is_one_sentence() -> None:
    with pytest.raises(PrerequisiteError, match=r"no Kafka answers at 127\.0\.0\.1:1 "):
        await produce([], "127.0.0.1:1")
