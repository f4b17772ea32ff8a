"""Latency: from a record's append to the moment at which a reader of committed records has the alert it caused.

Kafka stamps the source records as it appends them; the reader is a consumer on the same machine and clock. Records
come evenly, at half of the rate at which the worker is saturated, and at 200 a second. The worker has a core of its
own, at full load as well.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import TopicPartition

from benchmarks.contenders.watched import until_processed
from benchmarks.measurements.stage import SOURCES, Stage, Worker, core_kept, traffic
from lakay_streams.contracts import topics
from lakay_streams.contracts.topics import FRAUD_ALERTS
from lakay_streams.simulator.sinks import produce
from lakay_streams.simulator.trebanx import Simulated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTITIONS = 3
GUARANTEES = ("exactly_once", "at_least_once")
LIGHT = 200.0
"""Records a second of light load."""


def measure(stage: Stage, quick: bool) -> list[dict[str, Any]]:
    """Measure each guarantee at half of the saturation and at light load."""
    stage.run(_stamp_appends(stage))
    seconds = 6.0 if quick else 20.0
    with core_kept() as core:
        bench = _Bench(stage, core, iter(traffic(scenario_share=0.05)), saturating=60_000 if quick else 200_000)
        # A broker that has just started is busy compiling itself; what the first worker meets is not what others will.
        bench.measure("warm-up", GUARANTEES[0], {"half": seconds / 2})
        return [
            row
            for guarantee in GUARANTEES[: 1 if quick else None]
            for row in bench.measure(guarantee, guarantee, {"half": seconds, "light": 2 * seconds})
        ]


@dataclass
class _Bench:
    """Workers on `core`, one after the other, saturated with so many `events` each; `sent` were sent so far."""

    stage: Stage
    core: list[int]
    events: Iterator[Simulated]
    saturating: int
    sent: int = 0

    def measure(self, name: str, guarantee: str, loads: Mapping[str, float]) -> list[dict[str, Any]]:
        """Measure one worker under each load for so many seconds; return its rows."""
        group = f"latency-{name}"
        environment = {"PROCESSING_GUARANTEE": guarantee, "KAFKA_AUTO_OFFSET_RESET": "latest"}
        with self.stage.worker(group, group=group, cores=self.core, **environment) as worker:
            _until_ready(worker)
            records = self._next(self.saturating)
            saturation, answers = _saturate(self.stage, worker, group, records, self.sent)
            self.stage.tell(f"{name}: {saturation:,.0f} events/s at full load")
            rows = [{"guarantee": guarantee, "load": "pages at full load", "events_per_s": saturation, **_of(answers)}]
            for load, seconds in loads.items():
                rate = LIGHT if load == "light" else saturation / 2
                found = self.stage.run(_paced(self.stage, self._next(int(rate * seconds)), rate))
                rows.append({"guarantee": guarantee, "load": load, "events_per_s": rate, **_of(found)})
        return rows

    def _next(self, count: int) -> list[Simulated]:
        """Return the next so many events, which are to be sent."""
        self.sent += count
        return list(islice(self.events, count))


def draw(rows: list[dict[str, Any]], axes: Axes) -> None:
    """Draw p50 and p99 of each guarantee and load."""
    shown = [row for row in rows if row["p50_ms"] is not None]
    labels = [f"{row['guarantee'].replace('_', ' ')}\n{row['load']}" for row in shown]
    places = range(len(shown))
    axes.bar([place - 0.2 for place in places], [row["p50_ms"] for row in shown], width=0.4, label="p50")
    axes.bar([place + 0.2 for place in places], [row["p99_ms"] for row in shown], width=0.4, label="p99")
    axes.set_xticks(list(places), labels, fontsize=8)
    axes.set_ylabel("ms from append to a committed reader")
    axes.set_title("Latency of alerts")
    axes.legend()


async def _stamp_appends(stage: Stage) -> None:
    """Let Kafka stamp the source records as it appends them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stage.kafka)
    await admin.start()
    try:
        stamped = {"message.timestamp.type": "LogAppendTime"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, stamped) for topic in SOURCES])
    finally:
        await admin.close()


def _until_ready(worker: Worker) -> None:
    while not worker.logged("kafka_consumers_started"):
        time.sleep(0.1)


def _saturate(
    stage: Stage, worker: Worker, group: str, records: list[Simulated], sent: int
) -> tuple[float, list[float]]:
    """Return events per second with all the records waiting, and how long its pages took to answer meanwhile (ms).

    What its agents send each other is processed by then too: it is a part of what an event costs.
    """
    answers: list[float] = []
    done = Event()

    def ask() -> None:
        while not done.wait(0.02):
            asked = time.perf_counter()
            worker.get("/health")
            answers.append((time.perf_counter() - asked) * 1000)

    worker.process.suspend()
    stage.send(records)
    asking = Thread(target=ask)
    started = time.monotonic()
    worker.process.resume()
    asking.start()
    stage.until_committed(sent, group)
    stage.run(until_processed(stage.kafka, group, topics.SOURCES, stage.partitions))
    ended = time.monotonic()
    done.set()
    asking.join()
    return len(records) / (ended - started), answers


async def _paced(stage: Stage, records: list[Simulated], rate: float) -> list[float]:
    """Send the records evenly; return the latency of each alert (ms)."""
    sources = AIOKafkaConsumer(bootstrap_servers=stage.kafka, enable_auto_commit=False)
    await sources.start()
    try:
        partitions = [TopicPartition(topic, number) for topic in SOURCES for number in range(stage.partitions)]
        sources.assign(partitions)
        starts = await sources.end_offsets(partitions)
        for partition, start in starts.items():
            sources.seek(partition, start)
        with _reader(stage.kafka) as seen:
            await produce(records, stage.kafka, rate)
            await asyncio.sleep(2)
        appended: dict[str, int] = {}
        ends = await sources.end_offsets(partitions)
        while any([await sources.position(partition) < ends[partition] for partition in partitions]):
            for batch in (await sources.getmany(timeout_ms=100)).values():
                appended.update((orjson.loads(record.value)["event_id"], record.timestamp) for record in batch)
    finally:
        await sources.stop()
    return [at - appended[event_id] for event_id, at in seen.items() if event_id in appended]


@contextmanager
def _reader(kafka: str) -> Iterator[dict[str, float]]:
    """Read alerts from now on; when the block ends, the dict has when (ms) each event's alert was read.

    A process of its own: a reader that shares one with the producer of so many records reads late.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_read, args=(kafka, there))
    process.start()
    try:
        there.close()
        here.recv()
        seen: dict[str, float] = {}
        yield seen
        here.send(None)
        seen.update(here.recv())
    finally:
        process.terminate()
        process.join()


def _read(kafka: str, parent: Connection) -> None:
    """Be the reader's process: tell the parent when ready, and what was seen when the parent says to end."""

    async def read() -> None:
        alerts = AIOKafkaConsumer(
            FRAUD_ALERTS, bootstrap_servers=kafka, isolation_level="read_committed", auto_offset_reset="latest"
        )
        await alerts.start()
        await alerts.seek_to_end()
        parent.send(None)
        seen: dict[str, float] = {}
        while not parent.poll():
            for batch in (await alerts.getmany(timeout_ms=100)).values():
                now = time.time() * 1000
                seen.update((orjson.loads(alert.value)["event_id"], now) for alert in batch)
        parent.send(seen)
        await alerts.stop()

    asyncio.run(read())


def _of(found: list[float]) -> dict[str, Any]:
    """Return a distribution (ms) as a row's columns."""
    if not found:
        return {"measured": 0, "p50_ms": None, "p99_ms": None, "max_ms": None}
    ordered = sorted(found)
    return {
        "measured": len(ordered),
        "p50_ms": round(ordered[len(ordered) // 2], 1),
        "p99_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 1),
        "max_ms": round(ordered[-1], 1),
    }
