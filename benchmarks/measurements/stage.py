"""A Trebanx of one's own to measure on: a Kafka with the topics, traffic, and whole workers as processes."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from rich.console import Console

from lakay_streams.contracts.topics import EVENT_TYPES
from lakay_streams.settings import load_settings
from lakay_streams.simulator.options import SimulatorOptions
from lakay_streams.simulator.sinks import produce
from lakay_streams.simulator.stream import Simulation, simulate
from lakay_streams.simulator.trebanx import Simulated
from lakay_streams.topics.provision import create_topics

SOURCES = tuple(EVENT_TYPES)
GROUP = "lakay-intelligence"
WITHIN_S = 600.0
SEED = 20_26

Result = TypeVar("Result")


class Worker:
    """A worker process and where its pages are."""

    def __init__(self, process: psutil.Popen, port: int, log: Path) -> None:
        """Take a process that was started."""
        self.process = process
        self.port = port
        self._log = log

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far."""
        return float(sum(self.process.cpu_times()[:2]))

    @property
    def rss_bytes(self) -> int:
        """Memory in use."""
        return int(self.process.memory_info().rss)

    def kill(self) -> None:
        """Kill it as a power failure would."""
        self.process.kill()
        self.process.wait()

    def get(self, path: str) -> Any:
        """Return what a page says, as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path, headers={"Accept": "application/json"})
        return json.loads(connection.getresponse().read())

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return its log lines of one event."""
        lines = re.findall(rf'^{{.*"event":"{event}".*}}$', self._log.read_text(errors="replace"), re.MULTILINE)
        return [json.loads(line) for line in lines]


class Stage:
    """Kafka at `kafka`, with every topic in `partitions` partitions; workers keep their state below `folder`."""

    def __init__(self, kafka: str, folder: Path, partitions: int, console: Console) -> None:
        """Create the topics."""
        self.kafka = kafka
        self.folder = folder
        self.partitions = partitions
        self.console = console
        settings = load_settings(env_file=None)
        changes = {"kafka_bootstrap_servers": kafka, "topic_partitions": partitions}
        self.run(create_topics(settings.model_copy(update=changes)))

    def run(self, work: Awaitable[Result]) -> Result:
        """Run a coroutine to its end."""

        async def awaited() -> Result:
            return await work

        return asyncio.run(awaited())

    def tell(self, sentence: str) -> None:
        """Show what goes on."""
        self.console.print(f"[dim]  {sentence}[/]")

    @contextmanager
    def worker(
        self, name: str, *, group: str = GROUP, cores: Iterable[int] = (), **environment: str
    ) -> Iterator[Worker]:
        """Run a worker until the block ends; it is killed then. It runs on `cores`, if there are any, else on all."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = psutil.Popen(
                [sys.executable, "-m", "lakay_streams.cli", "worker", "--no-supervise"],
                cwd=self.folder,
                env=os.environ
                | {
                    "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
                    "KAFKA_CONSUMER_GROUP": group,
                    "LAKAY_DATA_DIR": str(self.folder / name),
                    "TOPIC_PARTITIONS": str(self.partitions),
                    "WORKER_PORT": str(port),
                    "LOG_LEVEL": "INFO",
                    "LOG_SCORED_PER_SECOND": "0",
                }
                | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            if cores:
                process.cpu_affinity(list(cores))
        try:
            yield Worker(process, port, log)
        finally:
            if process.is_running():
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()

    def send(self, records: Iterable[Simulated], rate: float | None = None) -> int:
        """Send records, `rate` a second or as fast as Kafka takes them; return how many."""
        return self.run(produce(records, self.kafka, rate))

    def until_committed(self, records: int, group: str = GROUP) -> tuple[float, int]:
        """Wait until the group has committed so many records of the sources; return when (monotonic) and how many."""

        async def watch() -> tuple[float, int]:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
            await admin.start()
            try:
                async with asyncio.timeout(WITHIN_S):
                    while (committed := await _committed(admin, group)) < records:  # noqa: ASYNC110 - Kafka tells no one
                        await asyncio.sleep(0.05)
                return time.monotonic(), committed
            finally:
                await admin.close()

        return self.run(watch())

    def read(self, topic: str, starts: Mapping[int, int] | None = None) -> dict[int, list[Any]]:
        """Return the committed records of a topic by partition, from the offsets `starts`."""

        async def consume() -> dict[int, list[Any]]:
            consumer = AIOKafkaConsumer(
                bootstrap_servers=self.kafka, isolation_level="read_committed", enable_auto_commit=False
            )
            await consumer.start()
            try:
                partitions = [TopicPartition(topic, number) for number in range(self.partitions)]
                consumer.assign(partitions)
                for partition in partitions:
                    consumer.seek(partition, (starts or {}).get(partition.partition, 0))
                ends = await consumer.end_offsets(partitions)
                found: dict[int, list[Any]] = {number: [] for number in range(self.partitions)}
                while any([await consumer.position(each) < ends[each] for each in partitions]):
                    for partition, records in (await consumer.getmany(timeout_ms=100)).items():
                        found[partition.partition] += records
                return found
            finally:
                await consumer.stop()

        return self.run(consume())


@contextmanager
def core_kept() -> Iterator[list[int]]:
    """Keep this process and its children, Kafka among them, off one core; yield that core, or none where none can be.

    Production gives a worker a core. Where it shares two with its broker and whoever makes the traffic, its tail is how
    the kernel shares them out.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        yield []
        return
    kept, *others = cores
    _confine(others)
    try:
        yield [kept]
    finally:
        _confine(cores)


def _confine(cores: list[int]) -> None:
    for process in (own := psutil.Process(), *own.children(recursive=True)):
        # A thread or process may end meanwhile.
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            for thread in process.threads():
                os.sched_setaffinity(thread.id, cores)


async def _committed(admin: AIOKafkaAdminClient, group: str) -> int:
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    except KafkaError:
        return 0  # the group has no coordinator yet
    return sum(max(0, found.offset) for tp, found in offsets.items() if tp.topic in SOURCES)


def traffic(events: int | None = None, **options: Any) -> Simulation:
    """Return simulated traffic, the same in every run."""
    return simulate(SimulatorOptions(seed=SEED, events=events, **options))
