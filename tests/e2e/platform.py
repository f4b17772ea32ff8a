"""A Trebanx of one's own: a Kafka with the platform's topics, workers on it, and what they committed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.structs import TopicPartition

from lakay_streams.contracts.topics import (
    ATO_ALERTS,
    COMPLIANCE_ALERTS,
    CORRIDORS,
    EDD_TRIGGERS,
    FRAUD_ALERTS,
    MEMBERS,
    MOVEMENTS,
    REKEYED,
    SOURCES,
    TIER_CHANGES,
)
from lakay_streams.settings import Settings, load_settings
from lakay_streams.simulator import SimulatorOptions
from lakay_streams.topics.provision import create_topics
from tests.agents.running import DEADLINE_S
from tests.engine.harness import group_offsets, read

PARTITIONS = 3

#: How badly records travel where nothing is to be lost: out of order, twice, late, under wrong keys, broken.
UNRULY = SimulatorOptions(out_of_order=0.02, duplicates=0.02, late=0.01, wrong_keys=0.02, poison=0.005)
ALERT_TOPICS = (FRAUD_ALERTS, ATO_ALERTS, TIER_CHANGES, COMPLIANCE_ALERTS, EDD_TRIGGERS)
GROUP = "lakay-intelligence"


class Platform:
    """Kafka at `kafka`, with the topics created; workers keep their state below `folder`."""

    def __init__(self, kafka: str, folder: Path) -> None:
        """Start nothing yet."""
        self.kafka = kafka
        self.folder = folder
        self.partitions = PARTITIONS
        self.environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "KAFKA_CONSUMER_GROUP": GROUP,
            "KAFKA_AUTO_OFFSET_RESET": "earliest",
        }

    @property
    def settings(self) -> Settings:
        """What a command in this process needs to know."""
        changes = {"kafka_bootstrap_servers": self.kafka, "lakay_data_dir": self.folder / "here"}
        return load_settings(env_file=None).model_copy(update=changes)

    def create_topics(self) -> None:
        """Create every topic."""
        asyncio.run(create_topics(self.settings))

    @contextmanager
    def worker(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker until the block ends; it must end well, unless it was killed."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "lakay_streams.cli", "worker", "--without-web"],
                env={
                    **self.environment,
                    "TOPIC_PARTITIONS": str(self.partitions),
                    "LAKAY_DATA_DIR": str(self.folder / name),
                },
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
            if process.poll() != -signal.SIGKILL:
                process.send_signal(signal.SIGTERM)
                assert process.wait(DEADLINE_S) == 0, self.log(name)[-2_000:]
        finally:
            process.kill()
            process.wait()

    def lakay(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command until it ends."""
        return subprocess.run(
            [sys.executable, "-m", "lakay_streams.cli", *arguments],
            env={**self.environment, "TOPIC_PARTITIONS": str(self.partitions), "COLUMNS": "120", **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def log(self, name: str) -> str:
        """Return a worker's log so far."""
        return (self.folder / f"{name}.log").read_text()

    async def send(self, records: Iterable[tuple[str, bytes | None, bytes | None]]) -> None:
        """Send (topic, key, value) records; a record without a key goes to partition 0."""
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka, linger_ms=10, max_request_size=16 << 20)
        await producer.start()
        try:
            for topic, key, value in records:
                await producer.send(topic, key=key, value=value, partition=0 if key is None else None)
            await producer.flush()
        finally:
            await producer.stop()

    async def read(self, topic: str, partitions: int | None = None) -> dict[int, list[Any]]:
        """Return the committed records of a topic by partition."""
        return await read(self.kafka, topic, partitions or self.partitions)

    async def records(self, topic: str) -> list[Any]:
        """Return the committed records of a topic."""
        return [record for batch in (await self.read(topic)).values() for record in batch]

    async def alert_ids(self) -> Counter[str]:
        """Return how often a committed reader sees each alert about a user; in compliance, each revision of it."""
        told = [record for topic in ALERT_TOPICS for record in await self.records(topic)]
        return Counter(alert_id(json.loads(record.value)) for record in told)

    async def sent_on(self) -> Counter[tuple[str, bytes, bytes]]:
        """Return what a committed reader sees of what workers send each other: (topic, key, value), and how often."""
        seen: Counter[tuple[str, bytes, bytes]] = Counter()
        for topic in (*REKEYED.values(), MEMBERS, MOVEMENTS):
            seen.update((topic, record.key, record.value) for record in await self.records(topic))
        seen.update((CORRIDORS, record.key, record.value) for record in (await self.read(CORRIDORS, 1))[0])
        return seen

    async def caught_up(self, seconds: float = 240.0) -> None:
        """Wait until the group has committed every committed record of every source topic."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            offsets = await group_offsets(self.kafka, GROUP)
            behind = []
            for topic in SOURCES:
                for number, batch in (await self.read(topic)).items():
                    done = offsets.get(TopicPartition(topic, number))
                    if batch and (done is None or done.offset <= batch[-1].offset):
                        behind.append((topic, number))
            if not behind:
                return
            await asyncio.sleep(0.5)
        raise AssertionError(f"not processed within {seconds:g} s: {behind}")


def alert_id(alert: dict[str, Any]) -> str:
    """Return what an alert is known by: its id, and in compliance its revision, too."""
    if "trigger_id" in alert:
        return str(alert["trigger_id"])
    return f"{alert['alert_id']}/{alert['revision']}" if "revision" in alert else str(alert["alert_id"])
