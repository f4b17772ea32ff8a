"""Which past is to be run again, with which settings. A replay is a folder, and this is the file in it that says so.

    replay.json            the request
    units/00007.json       that partition 7 is done, and what it was
    outputs/00007.parquet  what partition 7 sent
    states/7/              its states at the end, in RocksDB

Whoever has the folder, the lake and PostgreSQL can run any unit, on any machine, in any order.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from lakay_streams.errors import ReplayError
from lakay_streams.process.private import write_private

_FILE = "replay.json"

EDGE_MS = 60_000
"""How far beyond the period a unit runs: an alert and its checkpoint's entry are not of one millisecond."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A period of processing time (ms UTC, `until` excluded), and the settings to decide with.

    `version` and `decisive` are those of a candidate; without them the settings that were in force decide.
    """

    since: int
    until: int
    partitions: list[int]
    version: str | None = None
    decisive: dict[str, dict[str, Any]] | None = None


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit was. `begins_at` is when the journal of its partition begins (ms UTC).

    `peak_mib` is the most memory that its process held. `unseen` are sources of which the journal's first entry has not
    the first record: states from before are missing.
    """

    partition: int
    checkpoints: int
    records: int
    outputs: int
    lost: int
    behind: int
    seconds: float
    peak_mib: int
    begins_at: int | None
    unseen: list[str]
    settings_versions: list[str]


class Folder:
    """The folder of a replay."""

    def __init__(self, path: Path) -> None:
        """Use the folder at `path`, which may not be there yet."""
        self.path = path

    def begin(self, request: Request) -> None:
        """Say what is to be run; the same again goes on with it. Raises `ReplayError` where the folder has another."""
        for part in ("units", "outputs", "states"):
            (self.path / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        if (self.path / _FILE).exists():
            if self.request() != request:
                raise ReplayError(f"{self.path} has another replay: give a folder of its own with --into")
            return
        write_private(self.path / _FILE, msgspec.json.format(msgspec.json.encode(request)))

    def request(self) -> Request:
        """Return what is to be run. Raises `ReplayError` where the folder has no replay."""
        try:
            return msgspec.json.decode((self.path / _FILE).read_bytes(), type=Request)
        except (OSError, msgspec.MsgspecError):
            raise ReplayError(f"{self.path} has no replay: begin one with `lakay replay --from ... --to ...`") from None

    def outputs(self, number: int) -> Path:
        """Return the file of what a unit sent."""
        return self.path / "outputs" / f"{number:05}.parquet"

    def states(self, number: int) -> Path:
        """Return the folder of a unit's states."""
        return self.path / "states" / str(number)

    @contextmanager
    def alone(self, number: int) -> Iterator[None]:
        """Keep others from running a unit meanwhile. Raises `ReplayError` where another process runs it."""
        with (self.path / "units" / f"{number:05}.lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ReplayError(f"another process runs partition {number} of {self.path}: wait for its end") from None
            yield

    def finish(self, done: Done) -> None:
        """Say that a unit is done; its outputs are written before."""
        write_private(self._unit(done.partition), msgspec.json.encode(done))

    def done(self, number: int) -> Done | None:
        """Return what a unit was, None where it is not done."""
        try:
            return msgspec.json.decode(self._unit(number).read_bytes(), type=Done)
        except FileNotFoundError:
            return None

    def _unit(self, number: int) -> Path:
        return self.path / "units" / f"{number:05}.json"


def shown(at: int) -> str:
    """Return a time (ms UTC) as people read it."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
