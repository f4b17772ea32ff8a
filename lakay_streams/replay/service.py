"""The door to replays: begin one, run its units in this machine's processes, and tell what came of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pyarrow import parquet

from lakay_streams.contracts.topics import REJECTED
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.errors import ReplayError
from lakay_streams.replay.comparing import Comparison, compared
from lakay_streams.replay.past import Past
from lakay_streams.replay.request import EDGE_MS, Done, Folder, Request, shown
from lakay_streams.replay.told import Told, told
from lakay_streams.settings import Settings
from lakay_streams.simulator.evaluate import Evaluation, evaluate
from lakay_streams.simulator.labels import read_labels

Tell = Callable[[str, int, int], None]
"""Hears what is done, how much of it, and of how much."""


def begin(settings: Settings, folder: Folder, since: int, until: int, candidate: Settings | None = None) -> Request:
    """Begin a replay in `folder`, or go on with it.

    Raises `ReplayError` for a period that is empty or of which the lake has no journal, `DatabaseError`.
    """
    if since >= until:
        raise ReplayError(f"the period from {shown(since)} to {shown(until)} is empty: give --to a later time")
    with Past(settings) as past:
        partitions = past.partitions
    if not partitions:
        raise ReplayError("the lake has no journal: let `lakay lake run` fill it first")
    request = Request(
        since=since,
        until=until,
        partitions=partitions,
        version=candidate.version if candidate else None,
        decisive=candidate.decisive if candidate else None,
    )
    folder.begin(request)
    return request


def commands(folder: Folder, request: Request) -> list[str]:
    """Return a command for each unit, which may run anywhere and in any order."""
    return [f"lakay replay --into {folder.path} --unit {number}" for number in request.partitions]


def run(folder: Folder, request: Request, processes: int, tell: Tell = lambda *_: None) -> list[Done]:
    """Run every unit that is not done, `processes` at once. Raises `ReplayError` with what a unit said at its end."""
    missing = [number for number in request.partitions if folder.done(number) is None]
    finished = len(request.partitions) - len(missing)
    with ThreadPoolExecutor(max_workers=max(1, processes)) as pool:
        tell("partitions", finished, len(request.partitions))
        for _ in pool.map(lambda number: _run_unit(folder.path, number), missing):
            finished += 1
            tell("partitions", finished, len(request.partitions))
    return merged(folder)


def _run_unit(path: Path, number: int) -> None:
    # A process of its own: its memory is free when it ends, and its event loop nobody else's.
    command = (sys.executable, "-m", "lakay_streams.cli", "replay", "--into", str(path), "--unit", str(number))
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or [f"it ended with exit code {ended.returncode}"]
        raise ReplayError(f"partition {number}: {said[-1]}")


def merged(folder: Folder) -> list[Done]:
    """Return what each unit was. Raises `ReplayError` where one is not done."""
    request = folder.request()
    found = {number: folder.done(number) for number in request.partitions}
    missing = [str(number) for number, done in found.items() if done is None]
    if missing:
        raise ReplayError(f"partitions {', '.join(missing)} are not done: run their units first (--plan prints them)")
    return [done for done in found.values() if done is not None]


def alerts_of(folder: Folder, request: Request) -> Iterator[Told]:
    """Yield the alerts of a replay, by partition and in their order."""
    for number in request.partitions:
        for batch in parquet.ParquetFile(folder.outputs(number)).iter_batches():
            for row in batch.to_pylist():
                if row["topic"] != REJECTED:
                    yield told(row["topic"], row["at"], row["value"])


def sent(settings: Settings, request: Request) -> Iterator[Told]:
    """Yield the alerts that were sent in the period and shortly before and after, as the lake has them."""
    period = range(request.since - EDGE_MS, request.until + EDGE_MS)
    with Past(settings) as past:
        for topic in sorted(settings.alert_topics):
            for number in past.partitions_of(topic):
                for record in past.records(topic, number, period):
                    if type(record) is Record and record.value is not None:
                        yield told(topic, record.timestamp, record.value)


def compare(settings: Settings, folder: Folder, other: Folder | None = None) -> Comparison:
    """Compare a replay with what was sent, or with another replay of the same period.

    Raises `ReplayError` where a unit is not done, or the periods differ.
    """
    request = folder.request()
    merged(folder)
    if other is None:
        return compared(sent(settings, request), alerts_of(folder, request), request.since, request.until)
    before = other.request()
    merged(other)
    if (before.since, before.until) != (request.since, request.until):
        raise ReplayError(
            f"{other.path} is of {shown(before.since)} to {shown(before.until)}, and {folder.path} of "
            f"{shown(request.since)} to {shown(request.until)}: compare replays of one period"
        )
    return compared(alerts_of(other, before), alerts_of(folder, request), request.since, request.until)


def graded(
    settings: Settings, folder: Folder, labels: Path, other: Folder | None = None
) -> tuple[Evaluation, Evaluation]:
    """Return how right the fraud and takeover alerts are that were sent, or of another replay, and those of a replay.

    `labels` is a file as `lakay simulate` writes them. Raises `PrerequisiteError` for another, and as `compare` does.
    """
    request = folder.request()
    merged(folder)
    before = sent(settings, request) if other is None else alerts_of(other, other.request())
    truth = list(read_labels(labels))
    judged = {settings.fraud.alert_kafka_topic, settings.behavior.ato_kafka_topic}

    def grade(run: Iterable[Told]) -> Evaluation:
        within = (alert for alert in run if alert.topic in judged and request.since <= alert.at < request.until)
        return evaluate((alert.as_judged for alert in within), truth, transactions=0)

    return grade(before), grade(alerts_of(folder, request))


def remarks(units: Sequence[Done], request: Request) -> Iterator[str]:
    """Yield a sentence for everything that makes a replay less than the past."""
    if lost := sum(unit.lost for unit in units):
        yield f"{lost} records are left out: the keys that sealed them were erased, or they could never be unpacked."
    if behind := sum(unit.behind for unit in units):
        yield (
            f"{behind} checkpoints used rates or corridor figures of which the lake does not have the very version: "
            "the nearest one before was taken."
        )
    if unseen := sorted({topic for unit in units for topic in unit.unseen}):
        yield (
            f"The lake begins after the first records of {', '.join(unseen)}: what users did before is not known, so "
            "that they look newer than they were."
        )
    silent = [unit.partition for unit in units if unit.begins_at is None or unit.begins_at >= request.until]
    if silent:
        yield f"Partitions {', '.join(map(str, silent))} processed nothing before {shown(request.until)}."
