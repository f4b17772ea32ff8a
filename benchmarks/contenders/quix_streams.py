"""Quix Streams as its documentation teaches it: a stateful filter over a dataframe, one state for each key.

in    the workload    keyed by user
hold  users           one record per user, in RocksDB and its changelog
out   {run}-alerts    keyed by user

Its defaults, less one: it commits every five seconds unless told, which outlasts a run, and without a commit nothing
is written. A second contender asks for its exactly-once.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Never

from benchmarks import workload
from benchmarks.contenders import Job, absent, watched
from benchmarks.contenders.watched import run_worker as run

if TYPE_CHECKING:
    from quixstreams import State

__all__ = ["prepare", "run", "worker"]


def prepare(job: Job) -> None:
    """Load the workload."""
    if find_spec("quixstreams") is None:
        absent(job, "Quix Streams is not installed: `make bench` installs it, into an environment of its own.")
    watched.prepare(job)


def worker(job: Job) -> Never:
    """Run one worker until it is killed."""
    from quixstreams import Application

    contender = job.contender
    assert contender.guarantee != "none"
    app = Application(
        job.bootstrap_servers,
        consumer_group=job.run_id,
        auto_offset_reset="earliest",
        commit_interval=contender.commit_interval_ms / 1000,
        processing_guarantee=contender.guarantee,
        state_dir=Path(job.folder) / "state",
        loglevel="WARNING",
    )
    source = app.topic(job.source, key_deserializer="bytes", value_deserializer="bytes")
    alerts = app.topic(job.alerts, key_serializer="bytes", value_serializer="bytes")

    def emits(value: bytes, state: State[str, dict[str, Any]]) -> bool:
        event = workload.decode(value)
        user = state.get("user") or workload.new_user()
        emit = workload.step(user, event)
        state.set("user", user)
        return emit

    app.dataframe(source).filter(emits, stateful=True).to_topic(alerts)
    app.run()
    raise SystemExit("the worker stopped before the last event")
