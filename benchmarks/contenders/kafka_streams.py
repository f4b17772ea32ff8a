"""Kafka Streams, in Java: the program under `peers/kafka-streams`, at either of its guarantees.

Its jars come as the embedded Kafka's do, pinned, and Eclipse's compiler is one of them, since the packaged Java runtime
has none: neither Maven nor a JDK is needed.

in    the workload    keyed by user
hold  users           one record per user, in RocksDB behind a record cache as large as the engine's, and its changelog
out   {run}-alerts    keyed by user

A contender that is warm has processed its `warm_up_events` before in the same JVM, so that what is measured is compiled
code.
"""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Never

from benchmarks import workload
from benchmarks.contenders import Job, absent, fail, watched
from lakay_streams.embedded.kafka import java
from lakay_streams.embedded.maven import JarSet, fetch, read_pinned
from lakay_streams.errors import PrerequisiteError

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "benchmarks" / "peers" / "kafka-streams"
BUILT = ROOT / "build" / "kafka-streams"
LIBRARIES = JarSet(
    name="kafka-streams-4.1.0",
    coordinates=(
        "org.apache.kafka:kafka-streams:4.1.0",
        "com.fasterxml.jackson.core:jackson-databind:2.19.2",
        "org.slf4j:slf4j-simple:1.7.36",
    ),
    pinned=read_pinned((PROGRAM / "jars.sha256").read_text()),
)
COMPILER = JarSet(
    name="ecj-3.43.0",
    coordinates=("org.eclipse.jdt:ecj:3.43.0",),
    pinned={"ecj-3.43.0.jar": "c786468c65e906498e7e36ece4e0d04c6d3dd34c9a61b34a3a5b512801911a82"},
)
GUARANTEES = {"at-least-once": "at_least_once", "exactly-once": "exactly_once_v2"}


def prepare(job: Job) -> None:
    """Build the program and load the workload, and that of the warm-up."""
    try:
        _compile()
    except PrerequisiteError as missing:
        absent(job, str(missing))
    watched.prepare(job)
    if events := job.contender.warm_up_events:
        asyncio.run(workload.load(job.bootstrap_servers, job.source_of(events), events))


def run(job: Job) -> Never:
    """Run one worker until the last event is committed."""
    contender = job.contender
    program = [
        *(java(), "-cp", f"{BUILT}:{fetch(LIBRARIES)}/*", "--enable-native-access=ALL-UNNAMED"),
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


def _compile() -> None:
    (compiler,) = fetch(COMPILER).iterdir()
    libraries = ":".join(str(jar) for jar in sorted(fetch(LIBRARIES).iterdir()))
    compiled = subprocess.run(
        [java(), "-jar", compiler, "-source", "17", "-target", "17", "-cp", libraries, "-d", BUILT, PROGRAM / "src"],
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if compiled.returncode != 0:
        fail(f"{PROGRAM.relative_to(ROOT)} does not compile: see what the compiler said.")
