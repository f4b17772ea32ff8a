"""A unit of a replay: one partition, run again by the code that a worker runs. Units need nothing of each other."""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from agents.topology import build
from lakay_streams.contracts.topics import REJECTED, SOURCES
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.replay import Checkpoint, Counts, Log, Output, PartitionReplay
from lakay_streams.errors import ReplayError
from lakay_streams.replay.past import Decisive, Past
from lakay_streams.replay.request import EDGE_MS, Done, Folder, Request
from lakay_streams.settings import Settings
from lakay_streams.settings.past import as_of

NOWHERE = "127.0.0.1:1"
"""The Kafka of a replay: there is none."""

SCHEMA = pa.schema(
    [
        pa.field("at", pa.int64(), nullable=False, metadata={"unit": "ms since 1970, UTC"}),
        pa.field("topic", pa.string(), nullable=False),
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
    ]
)

_ROWS = 10_000
"""Outputs that are written at once."""

Tell = Callable[[str, int, int], None]
"""Hears what is done, how far, and how far it goes."""


def run(settings: Settings, folder: Folder, number: int, tell: Tell = lambda *_: None) -> Done:
    """Run a unit again, unless it is done; return what it was.

    Raises `DatabaseError`, `LakeError`, `PiiError`, `ReplayError`, `SettingsError`.
    """
    request = folder.request()
    if number not in request.partitions:
        raise ReplayError(f"{folder.path} has no partition {number}, only {', '.join(map(str, request.partitions))}")
    with folder.alone(number):
        return folder.done(number) or _run(settings, folder, request, number, tell)


def _run(settings: Settings, folder: Folder, request: Request, number: int, tell: Tell) -> Done:
    started = time.monotonic()
    states = folder.states(number)
    # What a unit left that was ended in the middle is no past of anything.
    shutil.rmtree(states, ignore_errors=True)
    states.mkdir(parents=True)
    wanted, earliest = settings.alert_topics | {REJECTED}, request.since - EDGE_MS
    with Past(settings) as past, _Outputs(folder.outputs(number)) as outputs:

        def send(output: Output) -> None:
            if output.at >= earliest and output.topic in wanted:
                outputs.add(output)

        apps = Apps(settings, past, states, request.version, request.decisive)
        begun, counts = again(past, apps, number, request.until + EDGE_MS, send, tell)
    done = Done(
        partition=number,
        checkpoints=counts.checkpoints,
        records=counts.records,
        outputs=outputs.rows,
        lost=counts.lost,
        behind=counts.behind,
        seconds=round(time.monotonic() - started, 3),
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        begins_at=begun.at,
        unseen=begun.unseen,
        settings_versions=apps.versions,
    )
    folder.finish(done)
    return done


def again(
    past: Past, apps: Apps, number: int, until: int, send: Callable[[Output], None], tell: Tell
) -> tuple[Begun, Counts]:
    """Run a partition's past again until a time (ms UTC); return how it began, and how much it was."""
    begun = Begun(past.checkpoints(number, until), until, tell, f"partition {number}")
    references: dict[str, Log] = {topic: partial(_all_records, past, topic) for topic in apps.references}
    sources = {topic: past.records(topic, number) for topic in SOURCES}
    return begun, PartitionReplay(number, apps.of, references, send).run(begun, sources)


def _all_records(past: Past, topic: str) -> Iterator[Record]:
    return (record for record in past.records(topic, 0) if type(record) is Record)


class Begun:
    """The journal of a partition, which remembers how it began and tells how far it is."""

    def __init__(self, checkpoints: Iterator[Checkpoint], until: int, tell: Tell, what: str) -> None:
        """Follow `checkpoints`, which end before `until` (ms UTC); `tell` hears how far `what` is."""
        self._checkpoints = checkpoints
        self._until = until
        self._tell = tell
        self._what = what
        self.at: int | None = None
        self.unseen: list[str] = []

    def __iter__(self) -> Iterator[Checkpoint]:
        """Yield each."""
        seen: set[str] = set()
        for checkpoint in self._checkpoints:
            if self.at is None:
                self.at = checkpoint.at
            for segment in checkpoint.entry.segments:
                if segment.topic not in seen:
                    seen.add(segment.topic)
                    if segment.first_offset > 0:
                        self.unseen.append(segment.topic)
            yield checkpoint
            self._tell(self._what, max(0, checkpoint.at - self.at), max(1, self._until - self.at))


class Apps:
    """The app for each settings version that the journal names: the candidate's, where there is one, for all."""

    def __init__(
        self,
        settings: Settings,
        past: Past,
        folder: Path,
        candidate: str | None = None,
        decisive: Decisive | None = None,
    ) -> None:
        """Keep states in `folder`; `candidate` is a version of settings, whose decisive ones are given with it."""
        quiet = {"lakay_data_dir": folder, "kafka_bootstrap_servers": NOWHERE, "table_standby_replicas": 0}
        self._settings = settings.model_copy(update=quiet)
        self._candidate = candidate
        self._decisive = decisive
        self._past = past
        self._folder = folder
        # Making an app takes a third of a second, and most often it is that of today.
        self._current = settings.version, build(self._settings)
        #: The versions that decided.
        self.versions: list[str] = []
        #: The topics of references.
        self.references = [table.topic for table in self._current[1].task_manager.global_tables]

    @property
    def current(self) -> StreamApp:
        """The app that decided last."""
        return self._current[1]

    def of(self, version: str) -> StreamApp:
        """Return the app for the settings of a version."""
        wanted = self._candidate or version
        if self._current[0] != wanted:
            self._current = wanted, build(self._settings_of(wanted))
        if wanted not in self.versions:
            self.versions.append(wanted)
        return self._current[1]

    def _settings_of(self, version: str) -> Settings:
        if version == self._settings.version:
            return self._settings
        decisive = self._decisive or self._past.settings.get(version)
        if decisive is None:
            raise ReplayError(
                f"settings of version {version} decided then, and the audit trail does not have them: give settings "
                "with --settings"
            )
        return as_of(self._settings, version, decisive, self._folder)


class _Outputs:
    """A file of outputs, there when it is whole."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._scratch = file.with_suffix(".partial")
        self._waiting: list[Output] = []
        self.rows = 0

    def __enter__(self) -> _Outputs:
        self._writer = parquet.ParquetWriter(self._scratch, SCHEMA, compression="zstd", write_page_checksum=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._write()
        self._writer.close()
        if kind is None:
            self._scratch.replace(self._file)
        else:
            self._scratch.unlink(missing_ok=True)

    def add(self, output: Output) -> None:
        """Add one."""
        self._waiting.append(output)
        self.rows += 1
        if len(self._waiting) >= _ROWS:
            self._write()

    def _write(self) -> None:
        columns: list[list[Any]] = [[getattr(each, field.name) for each in self._waiting] for field in SCHEMA]
        self._writer.write_table(pa.table(columns, schema=SCHEMA))
        self._waiting = []
