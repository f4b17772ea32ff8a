"""Fault points: named moments inside a worker at which it strikes itself down, once the harness has armed one.

A point is armed by a file that the worker looks for whenever it comes by. It renames the file as it strikes, so that
the harness knows that the fault happened exactly there.
"""

from __future__ import annotations

import os
import signal
from enum import Enum
from pathlib import Path


class Point(Enum):
    """Where a worker can be struck."""

    FENCED = "fenced"
    """Opening: the previous owner is fenced, nothing is restored."""
    RESTORING = "restoring"
    """Opening: a part of the changelog is in RocksDB."""
    RESTORED = "restored"
    """Opening: everything is restored, the committed offsets are not read."""
    BEFORE_TRANSACTION = "before_transaction"
    """Checkpoint: nothing is sent."""
    OUTPUTS_SENT = "outputs_sent"
    """Checkpoint: the broker has outputs."""
    CHANGELOG_SENT = "changelog_sent"
    """Checkpoint: the broker has outputs, the journal and a changelog."""
    OFFSETS_SENT = "offsets_sent"
    """Checkpoint: the broker has everything, uncommitted."""
    COMMIT_SENT = "commit_sent"
    """Checkpoint: the commit is asked for and its answer is not there."""
    COMMITTED = "committed"
    """Checkpoint: committed; RocksDB has none of it."""
    ROCKSDB_WRITTEN = "rocksdb_written"
    """Checkpoint: RocksDB has the first table's states; those of the other tables are missing."""


#: Seconds a worker's transaction may take before the broker aborts it.
TRANSACTION_S = 10.0

OPENING = (Point.FENCED, Point.RESTORING, Point.RESTORED)
CHECKPOINT = tuple(point for point in Point if point not in OPENING)


def arm(file: Path, point: Point, number: signal.Signals) -> None:
    """Have the worker that looks for `file` send itself a signal at its next `point`."""
    struck(file).unlink(missing_ok=True)
    ready = file.with_suffix(".ready")
    ready.write_text(f"{point.value} {number.value}")
    ready.replace(file)


def disarm(file: Path) -> None:
    """Let the worker pass."""
    file.unlink(missing_ok=True)


def struck(file: Path) -> Path:
    """Return the file that is there once the worker has struck."""
    return file.with_suffix(".struck")


def is_armed(file: Path, point: Point) -> bool:
    """Return whether `point` is armed."""
    try:
        return file.read_text().split()[0] == point.value
    except FileNotFoundError:
        return False


def reach(file: Path, point: Point) -> None:
    """Strike, when `point` is armed."""
    if not is_armed(file, point):
        return
    number = int(file.read_text().split()[1])
    file.replace(struck(file))
    os.kill(os.getpid(), number)
