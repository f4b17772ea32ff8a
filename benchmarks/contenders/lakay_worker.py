"""This project's worker at its whole job, seen from outside: only its committed offsets and its CPU time are read.

in    the four trebanx.* topics    simulated traffic, loaded once and the same for every run
out   lakay.*                      alerts; not one reject, since simulated traffic keeps the contracts
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Never

from aiokafka.admin import AIOKafkaAdminClient

from benchmarks.contenders import Job, fail, report
from benchmarks.contenders.watched import count_records, measure
from benchmarks.measure import Measurement
from benchmarks.workload import PARTITIONS
from lakay_streams.contracts import topics
from lakay_streams.contracts.topics import EVENT_TYPES, FRAUD_ALERTS, REJECTED

SOURCES = tuple(EVENT_TYPES)
SEED = 20_26
LAKAY = (sys.executable, "-m", "lakay_streams.cli")


def prepare(job: Job) -> None:
    """Create the topics and load the traffic."""
    load(job, LAKAY)


def run(job: Job) -> Never:
    """Run one worker until all the traffic is committed."""
    run_one(job, LAKAY)


def load(job: Job, lakay: Sequence[str]) -> None:
    """Create the topics with the command `lakay`, and load this commit's traffic.

    A broker that has Trebanx topics already is left alone.
    """
    if found := asyncio.run(_inbound_topics(job)):
        fail(f"The broker has {found[0]} already, and benching would fill it: use a broker without Trebanx topics.")
    _done(job, *lakay, "topics", "create")
    _done(job, *LAKAY, "simulate", "--events", str(job.events), "--seed", str(SEED))


def run_one(job: Job, lakay: Sequence[str]) -> Never:
    """Run one worker of the command `lakay` until all the traffic is committed."""
    with subprocess.Popen([*lakay, "worker"], cwd=job.folder, env=_environment(job)) as worker:
        try:
            measurement = asyncio.run(_measure(job, worker))
        finally:
            worker.kill()
    report(job, measurement)


async def _measure(job: Job, worker: subprocess.Popen[bytes]) -> Measurement:
    """Watch the worker through all the traffic, and see that it did its job."""
    alerts, rejects = await count_records(job, FRAUD_ALERTS), await count_records(job, REJECTED)
    measurement = await measure(job, worker, *SOURCES, internal=topics.SOURCES)
    if await count_records(job, REJECTED) != rejects:
        fail("The worker rejected simulated events: what was measured is not its job.")
    if await count_records(job, FRAUD_ALERTS) == alerts:
        fail("The worker made no alert: what was measured is not its job.")
    return measurement


async def _inbound_topics(job: Job) -> list[str]:
    """Return which of the inbound topics the broker has."""
    admin = AIOKafkaAdminClient(bootstrap_servers=job.bootstrap_servers)
    await admin.start()
    try:
        return sorted(set(SOURCES).intersection(await admin.list_topics()))
    finally:
        await admin.close()


def _done(job: Job, *command: str) -> None:
    """Run one command of the project to its end."""
    done = subprocess.run(command, cwd=job.folder, env=_environment(job), check=False)
    if done.returncode != 0:
        fail(f"`{' '.join(command)}` ended with code {done.returncode}.")


def _environment(job: Job) -> dict[str, str]:
    """Return the environment of the project's commands: defaults, but for what must differ between runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": job.bootstrap_servers,
        "KAFKA_CONSUMER_GROUP": job.run_id,
        "LAKAY_DATA_DIR": str(Path(job.folder) / "data"),
        "WORKER_PORT": str(port),
        "CHECKPOINT_INTERVAL_MS": str(job.contender.commit_interval_ms),
        "TOPIC_PARTITIONS": str(PARTITIONS),
    }
