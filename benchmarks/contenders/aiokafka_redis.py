"""aiokafka with Redis, without a framework: a GET and a SET for each event, offsets committed afterwards.

in    the workload    keyed by user
hold  users           one record per user, in a Redis that the worker starts; its CPU time counts
out   {run}-alerts    keyed by user

Redis keeps everything in memory and nothing on disk, so a crash of it loses the state; the ones with a changelog
promise more.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Never

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks import workload
from benchmarks.contenders import Job, absent, watched
from benchmarks.contenders.watched import run_worker as run

__all__ = ["prepare", "run", "worker"]

BATCH = 100


def prepare(job: Job) -> None:
    """Load the workload."""
    if shutil.which("redis-server") is None:
        absent(job, "redis-server is not on the path: install Redis (Debian: apt install redis-server).")
    if find_spec("redis") is None:
        absent(job, "Redis's client is not installed: `make bench` installs it, into an environment of its own.")
    watched.prepare(job)


def worker(job: Job) -> Never:
    """Run one worker, and its Redis, until it is killed."""
    socket = Path(job.folder) / "redis.sock"
    options = {"--port": "0", "--unixsocket": str(socket), "--save": "", "--appendonly": "no", "--dir": job.folder}
    with subprocess.Popen(["redis-server", *(word for option in options.items() for word in option)]) as server:
        try:
            while not socket.exists() and server.poll() is None:
                time.sleep(0.05)
            asyncio.run(_work(job, socket))
        finally:
            server.kill()
    raise SystemExit("the worker stopped before the last event")


async def _work(job: Job, socket: Path) -> None:
    """Process events one at a time and commit every so often what is done."""
    from redis.asyncio import Redis

    interval_s = job.contender.commit_interval_ms / 1000
    redis = Redis(unix_socket_path=str(socket))
    consumer = AIOKafkaConsumer(
        job.source,
        bootstrap_servers=job.bootstrap_servers,
        group_id=job.run_id,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(bootstrap_servers=job.bootstrap_servers)
    await consumer.start()
    await producer.start()
    committed_at = time.monotonic()
    while True:
        for records in (await consumer.getmany(timeout_ms=50, max_records=BATCH)).values():
            for record in records:
                event = workload.decode(record.value)
                raw = await redis.get(record.key)
                user = orjson.loads(raw) if raw else workload.new_user()
                emit = workload.step(user, event)
                await redis.set(record.key, orjson.dumps(user))
                if emit:
                    await producer.send(job.alerts, record.value, record.key)
        if time.monotonic() - committed_at >= interval_s:
            await producer.flush()
            await consumer.commit()
            committed_at = time.monotonic()
