"""Kafka Streams, in Java: the program under `peers/kafka-streams`, built by Maven, at either of its guarantees.

in    the workload    keyed by user
hold  users           one record per user, in RocksDB behind a record cache as large as the engine's, and its changelog
out   {run}-alerts    keyed by user

A contender that is warm has processed its `warm_up_events` before in the same JVM, so that what is measured is compiled
code.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path
from typing import Never

from benchmarks import workload
from benchmarks.contenders import Job, absent, fail, watched
from lakay_streams.embedded.maven import java

ROOT = Path(__file__).parents[2]
POM = ROOT / "benchmarks" / "peers" / "kafka-streams" / "pom.xml"
BUILT = ROOT / "build" / "kafka-streams"
GUARANTEES = {"at-least-once": "at_least_once", "exactly-once": "exactly_once_v2"}


def prepare(job: Job) -> None:
    """Build the program and load the workload, and that of the warm-up."""
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        absent(job, "Maven or a Java compiler is not on the path: install both (Debian: apt install maven).")
    built = subprocess.run(["mvn", "-q", "-B", "-f", POM, "package"], stdin=subprocess.DEVNULL, check=False)
    if built.returncode != 0:
        fail(f"Maven could not build {POM.relative_to(ROOT)}: see what it said, and whether it reaches Maven Central.")
    watched.prepare(job)
    if events := job.contender.warm_up_events:
        asyncio.run(workload.load(job.bootstrap_servers, job.source_of(events), events))


def run(job: Job) -> Never:
    """Run one worker until the last event is committed."""
    contender = job.contender
    program = [
        *(java(), "-cp", f"{BUILT}/*:{BUILT}/libs/*", "--enable-native-access=ALL-UNNAMED"),
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
        "bench.CommonJob",
        *(job.bootstrap_servers, GUARANTEES[contender.guarantee], contender.commit_interval_ms, f"{job.folder}/state"),
        *(job.run_id, job.source, job.alerts),
    ]
    if events := contender.warm_up_events:
        alerts = f"{job.run_id}-warm-up-alerts"
        asyncio.run(workload.create_topic(job.bootstrap_servers, alerts))
        program += [f"{job.run_id}-warm-up", job.source_of(events), alerts, events]
    watched.run_worker(job, [str(word) for word in program])
