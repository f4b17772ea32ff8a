"""Replay: what a worker, the lake and a replay do with the same records, each alone, per core.

A worker scores the traffic; the lake then writes all of it into a folder, and its files, compacted, are read back,
opened and unpacked; then the past is run again. `records` are a worker's: inbound ones, and those that workers sent
each other.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import psutil
from pydantic import SecretStr

from benchmarks.measurements.stage import Stage, traffic
from lakay_streams.contracts.topics import SOURCES
from lakay_streams.db.pool import Database
from lakay_streams.embedded.postgres import EmbeddedPostgres
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.lake import manifest
from lakay_streams.lake.compacting import compact
from lakay_streams.replay import service
from lakay_streams.replay.past import Past
from lakay_streams.replay.request import Folder
from lakay_streams.settings import Settings, load_settings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTITIONS = 2
_EVER = (0, 4_102_444_800_000)


def measure(stage: Stage, quick: bool) -> list[dict[str, Any]]:
    """Measure each on the same records."""
    rows: list[dict[str, Any]] = []

    def row(what: str, records: int, cpu: float, wall: float, mib: float) -> None:
        a_second = records / cpu
        ratio = a_second / rows[0]["per_core"] if rows else 1.0
        rows.append(
            {
                "what": what,
                "records": records,
                "per_core": round(a_second),
                "wall": round(records / wall),
                "of_the_worker": round(ratio, 2),
                "rss_mib": round(mib),
            }
        )
        stage.tell(f"{what}: {a_second:,.0f} records/s a core")

    events = stage.send(traffic(10_000 if quick else 100_000))
    with stage.worker("worker") as worker:
        # Once it runs: it has its caches to fill, too, and a replay has its start to bear.
        started, at = stage.until_committed(events // 10)
        cpu = worker.cpu_seconds
        ended, done = stage.until_committed(events)
        spent, mib = worker.cpu_seconds - cpu, worker.rss_bytes / 2**20
        # What workers send each other is processed, too.
        records = _settled(stage)
        row("worker", round(records * (done - at) / events), spent, ended - started, mib)
    with EmbeddedPostgres() as postgres:
        settings = load_settings(env_file=None).model_copy(
            update={
                "kafka_bootstrap_servers": stage.kafka,
                "topic_partitions": PARTITIONS,
                "lakay_data_dir": stage.folder / "shared",
                "database_url": SecretStr(postgres.url),
                "datalake_endpoint": "",
            }
        )
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": stage.kafka,
            "TOPIC_PARTITIONS": str(PARTITIONS),
            "LAKAY_DATA_DIR": str(settings.lakay_data_dir),
            "DATABASE_URL": postgres.url,
            "DATALAKE_ENDPOINT": "",
            "LAKE_FLUSH_S": "5",
        }
        with _lake(stage, environment) as lake:
            started = time.monotonic()
            kept = _kept(stage, settings, records)
            wall, (user, system, *_) = time.monotonic() - started, lake.cpu_times()
            row("lake", kept, user + system, wall, lake.memory_info().rss / 2**20)
        # As every night: simulated weeks in a minute make a small file of each day and type otherwise.
        compact(settings, date.max)
        with Past(settings) as past:
            started, cpu = time.monotonic(), time.process_time()
            read = sum(
                type(record) is Record
                for topic in SOURCES
                for number in past.partitions
                for record in past.records(topic, number)
            )
            row("read back", read, time.process_time() - cpu, time.monotonic() - started, _own_mib())
        for processes in (1, 2):
            folder = Folder(stage.folder / f"replay-{processes}")
            request = service.begin(settings, folder, *_EVER)
            before, started = _children_cpu(), time.monotonic()
            with _environment(environment):
                units = service.run(folder, request, processes)
            done = sum(unit.records for unit in units)
            wall = time.monotonic() - started
            largest = max(unit.peak_mib for unit in units)
            row(f"replay, {processes} at once", done, _children_cpu() - before, wall, largest)
    return rows


def _settled(stage: Stage) -> int:
    """Return how many records the worker's sources have, once there come no more."""
    before = -1
    while (found := sum(len(batch) for topic in SOURCES for batch in stage.read(topic).values())) != before:
        before = found
        time.sleep(1)
    return found


@contextmanager
def _lake(stage: Stage, environment: Mapping[str, str]) -> Iterator[psutil.Popen]:
    with (stage.folder / "lake.log").open("wb") as log:
        process = psutil.Popen(
            [sys.executable, "-m", "lakay_streams.cli", "lake", "run", "--no-supervise", "--without-web"],
            cwd=stage.folder,
            env=os.environ | environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _kept(stage: Stage, settings: Settings, least: int) -> int:
    """Wait until the lake has every record of the sources, and no more come; return how many it has in all."""

    async def count() -> tuple[int, int]:
        async with Database(settings, application="lakay-bench") as database, database.connection() as connection:
            exists = await (await connection.execute("SELECT to_regclass('lake_files')")).fetchone()
            if exists is None or exists[0] is None:
                return 0, 0
            told = await manifest.stats(connection)
            return sum(each.records for each in told if each.topic in SOURCES), sum(each.records for each in told)

    sources, every, before = 0, 0, -1
    while sources < least or every != before:
        before = every
        time.sleep(6)
        sources, every = stage.run(count())
    return every


@contextmanager
def _environment(given: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _children_cpu() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


def _own_mib() -> float:
    return float(psutil.Process().memory_info().rss / 2**20)


def draw(rows: list[dict[str, Any]], axes: Axes) -> None:
    """Draw records a second and core."""
    axes.barh([row["what"] for row in rows], [row["per_core"] for row in rows])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("records a second and core")
    axes.set_title("The same records, by a worker, into the lake, and again from it")
