"""This project's engine at the common job: record batches, one table, a transaction for each checkpoint.

in    the workload    keyed by user
hold  users           one record per user
out   {run}-alerts    keyed by user
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Never

import msgspec

from benchmarks import workload
from benchmarks.contenders import Job
from benchmarks.contenders.watched import prepare
from benchmarks.contenders.watched import run_worker as run
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.engine.task.options import Emitter, Options
from lakay_streams.engine.worker import Worker

__all__ = ["prepare", "run", "worker"]


class User(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A user's state. The engine keeps states while it writes them, so a changed one is a new one."""

    seen: tuple[str, ...]
    minutes: dict[str, int]
    scored: int
    total: float
    average: float
    devices: dict[str, int]


NEW_USER = User((), {}, 0, 0.0, 0.0, {})


def step(user: User, event: dict[str, Any]) -> User:
    """Do the whole job for one event, as `workload.step` does; return the same user for a repeated event."""
    event_id = event["event_id"]
    if event_id in user.seen:
        return user
    minute = event["timestamp"][:16]
    minutes = user.minutes.copy()
    minutes[minute] = minutes.get(minute, 0) + 1
    if len(minutes) > workload.REMEMBERED_MINUTES:
        del minutes[next(iter(minutes))]
    payload = event["payload"]
    amount, device = float(payload["amount"]), payload["device_id"]
    devices = user.devices.copy()
    devices[device] = devices.get(device, 0) + 1
    return User(
        (*user.seen, event_id)[-workload.REMEMBERED_IDS :],
        minutes,
        user.scored + 1,
        user.total + amount,
        user.average + workload.EMA_WEIGHT * (amount - user.average),
        devices,
    )


def worker(job: Job) -> Never:
    """Run one worker until it is killed."""
    journal = f"{job.run_id}-journal"
    asyncio.run(workload.create_topic(job.bootstrap_servers, journal))
    app = StreamApp(
        job.run_id,
        brokers=job.bootstrap_servers,
        datadir=Path(job.folder) / "data",
        partitions=workload.PARTITIONS,
        replication_factor=1,
        options=Options(journal, dead_letter=_dead_letter, interval=job.contender.commit_interval_ms / 1000),
        consumer_auto_offset_reset="earliest",
    )
    table = StateTable(app, name="users", state_type=User, new=lambda: NEW_USER)

    @app.process(job.source, name="score")
    def score(work: BatchContext) -> None:
        users = work.states(table)
        for record in work:
            event = workload.decode(record.value or b"")
            key = (record.key or b"").decode()
            before = users.get(key)
            after = step(before, event)
            if after is before:
                continue
            users.set(key, after)
            if after.scored > workload.EMIT_ABOVE:
                work.emit(job.alerts, record.key, record.value)

    Worker(app).run()
    raise SystemExit("the worker stopped before the last event")


def _dead_letter(work: Emitter, record: Record, reason: str) -> None:
    raise RuntimeError(f"{record.topic} {record.partition} {record.offset} {reason}")
