"""Topics, workers as processes, and what a reader of committed records sees."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import GroupCoordinatorNotAvailableError
from aiokafka.structs import TopicPartition

from tests.engine.counting import PARTITIONS, Count

DEADLINE = 60.0


def unique(prefix: str) -> str:
    """Return a name no other test uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


async def create_topics(kafka: str, *names: str, partitions: int = PARTITIONS, **configs: str) -> None:
    """Create topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs) for name in names])
    finally:
        await admin.close()


async def produce(kafka: str, topic: str, records: Iterable[tuple[bytes, bytes]], **options: Any) -> None:
    """Send records keyed as given and wait until they are stored."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=5, **options)
    await producer.start()
    try:
        for key, value in records:
            await producer.send(topic, key=key, value=value)
        await producer.flush()
    finally:
        await producer.stop()


async def read(kafka: str, topic: str, partitions: int = PARTITIONS) -> dict[int, list[Any]]:
    """Return the committed records of a topic by partition."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        assigned = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(assigned)
        ends = await consumer.end_offsets(assigned)
        await consumer.seek_to_beginning(*assigned)
        records: dict[int, list[Any]] = {number: [] for number in range(partitions)}
        while not all([await consumer.position(tp) >= ends[tp] for tp in assigned]):
            for tp, batch in (await consumer.getmany(timeout_ms=200)).items():
                records[tp.partition] += batch
        return records
    finally:
        await consumer.stop()


async def committed(kafka: str, group: str, topic: str) -> dict[int, Any]:
    """Return the group's committed offset and metadata in the topic by partition."""
    offsets = await group_offsets(kafka, group)
    return {tp.partition: offset for tp, offset in offsets.items() if tp.topic == topic}


async def group_offsets(kafka: str, group: str) -> dict[TopicPartition, Any]:
    """Return the group's committed offsets and metadata; none while the group has no coordinator yet."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    except GroupCoordinatorNotAvailableError:
        return {}
    finally:
        await admin.close()
    return {tp: offset for tp, offset in offsets.items() if offset.offset >= 0}


async def caught_up(kafka: str, group: str, topic: str, seconds: float = DEADLINE) -> None:
    """Wait until the group has committed every record of the topic."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        records = await read(kafka, topic)
        offsets = await committed(kafka, group, topic)
        if all(not batch or (n in offsets and offsets[n].offset > batch[-1].offset) for n, batch in records.items()):
            return
        await asyncio.sleep(0.3)
    raise AssertionError(f"{group} did not commit all of {topic} within {seconds:g} s, only {offsets}")


class Worker:
    """A worker process of the counting topology, or of another `module` that takes its environment."""

    def __init__(self, name: str, kafka: str, folder: Path, module: str = "tests.engine.counting") -> None:
        """Name it; `start` starts it. Its state is in `folder`, its log beside that."""
        self.folder = folder
        self._module = module
        self.log = folder.with_suffix(".log")
        self._environment = {
            "COUNTING_NAME": name,
            "COUNTING_KAFKA": kafka,
            "COUNTING_DATA": str(folder),
        }
        self.process: subprocess.Popen[bytes] | None = None
        self._logged_before = 0

    def start(self) -> Worker:
        """Start the process, with the environment of now."""
        with self.log.open("ab") as log:
            self._logged_before = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                env=os.environ | self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it as a power failure would."""
        self.send(signal.SIGKILL)
        self.wait()

    def works(self) -> bool:
        """Whether it has opened a partition since it was started last."""
        return b"partition_opened" in self.log.read_bytes()[self._logged_before :]

    def stop(self) -> int:
        """Ask it to stop and wait; return its exit code."""
        self.send(signal.SIGTERM)
        return self.wait()

    def wait(self, seconds: float = DEADLINE) -> int:
        """Wait for its end; return its exit code."""
        assert self.process is not None
        return self.process.wait(seconds)

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None


@contextmanager
def workers(
    name: str, kafka: str, folder: Path, count: int, module: str = "tests.engine.counting"
) -> Iterator[list[Worker]]:
    """Start `count` workers with a data folder each, and see that none survives."""
    started = [Worker(name, kafka, folder / f"worker-{number}", module).start() for number in range(count)]
    try:
        yield started
    finally:
        for worker in started:
            if worker.running:
                worker.send(signal.SIGCONT)
                worker.kill()


def counted(records: Mapping[int, list[Any]], emit_every: int) -> tuple[dict[bytes, Count], list[tuple[bytes, bytes]]]:
    """Replay in plain Python what the counting topology does; return its states and outputs."""
    states: dict[bytes, Count] = {}
    outputs = []
    for batch in records.values():
        for record in batch:
            state = states.get(record.key, Count()).counted(record.offset)
            states[record.key] = state
            if state.times % emit_every == 0:
                outputs.append((record.key, b"%d" % record.offset))
    return states, sorted(outputs)
