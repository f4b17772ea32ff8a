"""The contenders: what each one is, and what its module has to offer.

A contender's module lies here and has two functions, or more:

    def install(job: Job) -> None
        Make what is made once and kept, such as an environment, or leave by `absent`. Called first, where `installs`.
    def prepare(job: Job) -> None
        Create and fill the topics it reads, or leave by `absent`. Called once, before its runs.
    def run(job: Job) -> Never
        Process exactly `job.events` events, from a state of nothing, and leave by `report` or `fail`.
    def worker(job: Job) -> Never
        The worker process of a contender whose `run` is `watched.run_worker`.

Each call has a process of its own (`python -m benchmarks.contenders STEP JOB`); each but `worker` has a log and an
empty folder. Consumer groups, tables and changelogs are named after `job.run_id`, so that no run sees another's
state.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal, NamedTuple, Never

import orjson

from benchmarks.measure import Measurement


class Contender(NamedTuple):
    """What is compared, played by `module`.

    `commit_interval_ms` is how much work a crash can cost; `events` is per run. A limit promises nothing and commits
    nothing. `warm_up_events` are processed in the same process before the run, with a state of their own. With
    `own_broker` it has a broker to itself, beside the one of all others.
    """

    name: str
    module: str
    does: str
    guarantee: Literal["at-least-once", "exactly-once", "none"]
    commit_interval_ms: int
    events: int
    quick_events: int
    warm_up_events: int = 0
    own_broker: bool = False
    installs: bool = False

    @property
    def is_limit(self) -> bool:
        """Whether it does a part of the job only, to show how fast the whole could be at most."""
        return self.guarantee == "none"


COMMIT_INTERVAL_MS = 100
"""Of every contender that can be told: stock Faust is left at its default, since its offsets only follow its work."""


def _common_job(
    name: str,
    module: str,
    does: str,
    guarantee: Literal["at-least-once", "exactly-once"],
    events: int = 200_000,
    warm_up_events: int = 0,
) -> Contender:
    does = f"the common job, {does}"
    return Contender(name, module, does, guarantee, COMMIT_INTERVAL_MS, events, events // 10, warm_up_events)


def _undone(name: str, does: str, events: int = 200_000) -> Contender:
    does = f"lakay-engine with one optimisation undone: {does}"
    return Contender(name, "undone", does, "exactly-once", COMMIT_INTERVAL_MS, events, quick_events=events // 4)


def _limit(name: str, does: str) -> Contender:
    return Contender(name, "limits", does, "none", 0, events=200_000, quick_events=20_000)


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender(
            name="stock-faust",
            module="stock_faust",
            does="the common job, one event at a time, three tables",
            guarantee="at-least-once",
            commit_interval_ms=2_800,
            events=20_000,
            quick_events=10_000,
        ),
        Contender(
            name="stock-faust-batched",
            module="stock_faust_batched",
            does="the common job, take_events(1000), one table, one write per user and batch",
            guarantee="at-least-once",
            commit_interval_ms=2_800,
            events=50_000,
            quick_events=20_000,
        ),
        _common_job(
            "aiokafka-redis", "aiokafka_redis", "one GET and one SET for each event", "at-least-once", events=20_000
        ),
        _common_job("quix-streams", "quix_streams", "one state for each user", "at-least-once"),
        _common_job("quix-streams-eos", "quix_streams", "one state for each user", "exactly-once"),
        _common_job("kafka-streams", "kafka_streams", "Java, warm", "at-least-once", warm_up_events=100_000),
        _common_job("kafka-streams-cold", "kafka_streams", "Java, just started", "exactly-once", events=100_000),
        _common_job("kafka-streams-eos", "kafka_streams", "Java, warm", "exactly-once", warm_up_events=100_000),
        Contender(
            name="lakay-engine",
            module="lakay_engine",
            does="the common job, record batches, one table",
            guarantee="exactly-once",
            commit_interval_ms=COMMIT_INTERVAL_MS,
            events=200_000,
            quick_events=100_000,
        ),
        Contender(
            name="lakay-worker",
            module="lakay_worker",
            does="the whole worker on simulated traffic of all four topics",
            guarantee="exactly-once",
            commit_interval_ms=COMMIT_INTERVAL_MS,
            events=300_000,
            quick_events=100_000,
        ),
        Contender(
            name="lakay-worker-before",
            module="lakay_worker_before",
            does="the same, by the worker of commit 57a1b2f in its own environment",
            guarantee="exactly-once",
            commit_interval_ms=COMMIT_INTERVAL_MS,
            events=300_000,
            quick_events=100_000,
            own_broker=True,
            installs=True,
        ),
        _undone("without-batches", "one record at a time", events=50_000),
        _undone("without-write-back", "a checkpoint after each batch"),
        _undone("without-cache", "states decoded anew after each checkpoint"),
        _undone("without-ready-made-batches", "aiokafka's send for each record"),
        _undone("with-lz4", "what is produced is compressed"),
        _undone("with-pythons-gc", "Python's own thresholds of garbage collection"),
        _undone("with-rocksdbs-log", "RocksDB writes a log of its own too"),
        _undone("with-aiokafkas-records", "records as aiokafka makes them"),
        _limit("limit-fetch", "aiokafka getmany, and nothing else"),
        _limit("limit-fetch-decode", "getmany, decode and validate"),
        _limit("limit-decode", "decode and validate, from memory"),
        _limit("limit-rocksdb-put", "one RocksDB put for each event, of the user's state after it"),
        _limit("limit-rocksdb-batch", "the same in write batches of 5,000"),
        _limit("limit-produce", "transactions of 5,000 records, in ready-made batches"),
    )
}


class Job(NamedTuple):
    """One call of a contender's module. `bench_id` is the same for all calls of one `make bench`."""

    name: str
    bootstrap_servers: str
    bench_id: str
    run_id: str
    events: int
    folder: str

    @property
    def contender(self) -> Contender:
        """Who is called, with its guarantee and commit interval."""
        return CONTENDERS[self.name]

    @property
    def source(self) -> str:
        """The topic with `events` events of the workload; contenders of the same size share it."""
        return self.source_of(self.events)

    def source_of(self, events: int) -> str:
        """Return the topic with so many events."""
        return f"{self.bench_id}-workload-{events}"

    @property
    def alerts(self) -> str:
        """The topic of this run's outputs."""
        return f"{self.run_id}-alerts"

    @property
    def result(self) -> Path:
        """Where `report` writes the measurement."""
        return Path(self.folder) / "result.json"

    @property
    def absence(self) -> Path:
        """Where `absent` writes its sentence."""
        return Path(self.folder) / "absent.txt"

    def command(self, step: str) -> list[str]:
        """Return the command that calls `step` of the contender's module."""
        return [sys.executable, "-m", "benchmarks.contenders", step, orjson.dumps(self._asdict()).decode()]


def report(job: Job, measurement: Measurement) -> Never:
    """Write the result and end the process at once: an orderly stop is not part of what is measured."""
    job.result.write_bytes(orjson.dumps(measurement._asdict()))
    os._exit(0)


def absent(job: Job, sentence: str) -> Never:
    """End the process: this machine lacks what the contender needs; `sentence` says what, and what to do."""
    job.absence.write_text(sentence)
    os._exit(0)


def fail(reason: str) -> Never:
    """End the process as failed, from wherever it is: Faust would log an agent's exception and go on."""
    print(reason, file=sys.stderr, flush=True)
    os._exit(1)
