"""Contenders watched from outside: only a worker's committed offsets, its outputs and its CPU time are read.

The clock starts at the group's first commit, so that neither the process's start nor its joining the group counts, and
stops when every event is committed.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections import Counter
from collections.abc import Iterable
from typing import Never

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from benchmarks import workload
from benchmarks.contenders import Job, fail, report
from benchmarks.measure import Measurement, Meter
from lakay_streams.engine.kafka.group import unprocessed

POLL_S = 0.02
"""How often the committed offsets are read: what a run's time may be wrong by."""


def prepare(job: Job) -> None:
    """Load the workload."""
    asyncio.run(workload.load(job.bootstrap_servers, job.source, job.events))


def run_worker(job: Job, command: list[str] | None = None) -> Never:
    """Run the common job's worker until all is committed, check what it emitted, and report.

    The worker is `command`, else `worker` of the contender's module. It reads `job.source` in the group `job.run_id`
    and writes to `job.alerts`.
    """
    asyncio.run(workload.create_topic(job.bootstrap_servers, job.alerts))
    with subprocess.Popen(command or job.command("worker")) as worker:
        try:
            measurement = asyncio.run(measure(job, worker, job.source))
            asyncio.run(_check_outputs(job))
        finally:
            worker.kill()
    report(job, measurement)


async def measure(job: Job, worker: subprocess.Popen[bytes], *topics: str, internal: Iterable[str] = ()) -> Measurement:
    """Watch the committed offsets of the group `job.run_id` from the first one to the last record of `topics`.

    What the worker writes to topics that it reads again is part of an event's cost: with such among the `internal`
    topics, the clock stops when all of these are committed too.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=job.bootstrap_servers)
    await admin.start()
    try:
        total = await count_records(job, *topics)
        at_start = await _committed_above(admin, job, worker, topics, 0)
        meter = Meter(worker.pid)
        if at_start > total / 2:
            fail(f"{at_start} of {total} events were in the first commit: load more to measure the steady rate.")
        await _committed_above(admin, job, worker, topics, total - 1)
        await until_processed(job.bootstrap_servers, job.run_id, internal, workload.PARTITIONS)
        return meter.read(total - at_start)
    finally:
        await admin.close()


async def until_processed(kafka: str, group: str, topics: Iterable[str], partitions: int) -> None:
    """Wait until the group has committed every record of the topics, what it writes to them itself included."""
    sources = [TopicPartition(topic, number) for topic in topics for number in range(partitions)]
    while sources and await unprocessed(group, sources, {"bootstrap_servers": kafka}):  # noqa: ASYNC110 - Kafka tells no one
        await asyncio.sleep(POLL_S)


async def count_records(job: Job, *topics: str) -> int:
    """Return how many records the topics hold."""
    consumer = AIOKafkaConsumer(*topics, bootstrap_servers=job.bootstrap_servers)
    await consumer.start()
    try:
        return sum((await consumer.end_offsets(consumer.assignment())).values())
    finally:
        await consumer.stop()


async def _committed_above(
    admin: AIOKafkaAdminClient, job: Job, worker: subprocess.Popen[bytes], topics: tuple[str, ...], events: int
) -> int:
    """Wait until more than `events` are committed; return how many are."""
    while True:
        if worker.poll() is not None:
            fail(f"The worker ended with code {worker.returncode} before the last event.")
        try:
            offsets = await admin.list_consumer_group_offsets(job.run_id)
        except KafkaError:
            # The group has no coordinator yet.
            offsets = {}
        committed: int = sum(max(0, found.offset) for partition, found in offsets.items() if partition.topic in topics)
        if committed > events:
            return committed
        await asyncio.sleep(POLL_S)


async def _check_outputs(job: Job) -> None:
    """Fail unless a reader of committed records finds what a plain replay emits, each as often."""
    consumer = AIOKafkaConsumer(
        job.alerts,
        bootstrap_servers=job.bootstrap_servers,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    emitted: Counter[tuple[bytes, bytes]] = Counter()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        # Positions, not records: a transaction's marker has an offset and is never delivered.
        while any([await consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=50)).values():
                emitted.update((record.key, record.value) for record in records)
    finally:
        await consumer.stop()
    expected = Counter((record.key, record.value) for record in workload.outputs(job.events))
    if emitted != expected:
        missing, extra = (expected - emitted).total(), (emitted - expected).total()
        fail(f"Of {expected.total()} outputs {missing} are missing, and {extra} are too many: the job was not done.")
