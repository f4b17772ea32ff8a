"""The contenders: what each one is, and what its module has to offer.

A contender named `some-engine` is the module `some_engine.py` here, with two functions:

    def prepare(job: Job) -> None
        Create and fill the topics it reads. Called once, before its runs.
    def run(job: Job) -> Never
        Process exactly `job.events` events, from a state of nothing, and leave by `report` or `fail`.

Each call has a process, a log and an empty folder of its own (`python -m benchmarks.contenders NAME STEP JOB`).
Consumer groups, tables and changelogs are named after `job.run_id`, so that no run sees another's state.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal, NamedTuple, Never

import orjson

from benchmarks.measure import Measurement


class Contender(NamedTuple):
    """What is compared. `commit_interval_ms` is how much work a crash can cost; `events` is per run."""

    name: str
    does: str
    guarantee: Literal["at-least-once", "exactly-once"]
    commit_interval_ms: int
    events: int
    quick_events: int


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender(
            name="stock-faust",
            does="the common job, one event at a time, three tables",
            guarantee="at-least-once",
            commit_interval_ms=2_800,
            events=20_000,
            quick_events=10_000,
        ),
        Contender(
            name="stock-faust-batched",
            does="the common job, take_events(1000), one table, one write per user and batch",
            guarantee="at-least-once",
            commit_interval_ms=2_800,
            events=50_000,
            quick_events=20_000,
        ),
        Contender(
            name="lakay-worker",
            does="the whole worker on simulated traffic of all four topics",
            guarantee="exactly-once",
            commit_interval_ms=100,
            events=300_000,
            quick_events=100_000,
        ),
    )
}


class Job(NamedTuple):
    """One call of a contender's module. `bench_id` is the same for all calls of one `make bench`."""

    bootstrap_servers: str
    bench_id: str
    run_id: str
    events: int
    folder: str

    @property
    def result(self) -> Path:
        """Where `report` writes the measurement."""
        return Path(self.folder) / "result.json"


def report(job: Job, measurement: Measurement) -> Never:
    """Write the result and end the process at once: an orderly stop is not part of what is measured."""
    job.result.write_bytes(orjson.dumps(measurement._asdict()))
    os._exit(0)


def fail(reason: str) -> Never:
    """End the process as failed, from wherever it is: Faust would log an agent's exception and go on."""
    print(reason, file=sys.stderr, flush=True)
    os._exit(1)
