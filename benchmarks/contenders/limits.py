"""The limits: a part of the common job and nothing else, so that what the rest costs can be seen.

Each is named in `CONTENDERS`; none keeps a promise, so none is a competitor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Never

import msgspec
from aiokafka import AIOKafkaConsumer

from benchmarks import workload
from benchmarks.contenders import Job, report, watched
from benchmarks.contenders.lakay_engine import NEW_USER, User, step
from benchmarks.measure import Measurement, Meter
from lakay_streams.engine.kafka.producer import TransactionalProducer
from lakay_streams.engine.state.rocksdb import PartitionStore

BATCH = 5_000
"""Changes of a write batch and records of a transaction: the engine's largest checkpoint."""


def prepare(job: Job) -> None:
    """Load the workload."""
    watched.prepare(job)


def run(job: Job) -> Never:
    """Run the limit that the contender is named after."""
    report(job, LIMITS[job.name](job))


def fetch(job: Job) -> Measurement:
    """Read every record."""
    return asyncio.run(_read(job, lambda value: None))


def fetch_decode(job: Job) -> Measurement:
    """Read, decode and validate every record."""
    return asyncio.run(_read(job, workload.decode))


async def _read(job: Job, use: Callable[[bytes], object]) -> Measurement:
    consumer = AIOKafkaConsumer(
        job.source, bootstrap_servers=job.bootstrap_servers, auto_offset_reset="earliest", fetch_max_wait_ms=50
    )
    await consumer.start()
    meter, done = Meter(), 0
    while done < job.events:
        for records in (await consumer.getmany(timeout_ms=1_000)).values():
            for record in records:
                use(record.value)
            done += len(records)
    measurement = meter.read(done)
    await consumer.stop()
    return measurement


def decode(job: Job) -> Measurement:
    """Decode and validate every record, from memory."""
    values = [record.value for record in workload.records(job.events)]
    meter = Meter()
    for value in values:
        workload.decode(value)
    return meter.read(job.events)


def rocksdb_put(job: Job) -> Measurement:
    """Put the state of a user after each of its events, one at a time."""
    states, store = _states(job), _store(job)
    meter = Meter()
    for key, value in states:
        store.db.put(key, value)
    return meter.read(job.events)


def rocksdb_batch(job: Job) -> Measurement:
    """Put the same in write batches."""
    states, store = _states(job), _store(job)
    meter = Meter()
    for start in range(0, len(states), BATCH):
        store.write(states[start : start + BATCH], start)
    return meter.read(job.events)


def _states(job: Job) -> list[tuple[bytes, bytes]]:
    users: dict[bytes, User] = {}
    states = []
    for key, value in workload.records(job.events):
        users[key] = step(users.get(key, NEW_USER), workload.decode(value))
        states.append((key, msgspec.msgpack.encode(users[key])))
    return states


def _store(job: Job) -> PartitionStore:
    store = PartitionStore(Path(job.folder) / "users" / "0.db")
    store.open()
    return store


def produce(job: Job) -> Measurement:
    """Write every record in transactions."""
    return asyncio.run(_produce(job))


async def _produce(job: Job) -> Measurement:
    await workload.create_topic(job.bootstrap_servers, job.alerts)
    records = [(record.key, record.value) for record in workload.records(job.events)]
    producer = TransactionalProducer(
        transactional_id=job.run_id,
        group_id=job.run_id,
        timeout=30.0,
        client={"bootstrap_servers": job.bootstrap_servers},
    )
    await producer.start()
    meter = Meter()
    for number, start in enumerate(range(0, len(records), BATCH)):
        target = (job.alerts, number % workload.PARTITIONS)
        await producer.commit({target: records[start : start + BATCH]}, {})
    measurement = meter.read(job.events)
    await producer.stop()
    return measurement


LIMITS = {
    "limit-fetch": fetch,
    "limit-fetch-decode": fetch_decode,
    "limit-decode": decode,
    "limit-rocksdb-put": rocksdb_put,
    "limit-rocksdb-batch": rocksdb_batch,
    "limit-produce": produce,
}
