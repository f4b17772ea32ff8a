"""An archive that is killed (SIGKILL) at a step of its transactions: `python -m tests.archive.killed`.

ARCHIVE_KILL_AT=step:n kills it the n-th time that a transaction with rows comes to the step, one of

    locked      the positions are locked
    moved       they are moved, not committed
    written     rows are written, not committed
    committed   all of it is committed, and nobody knows yet
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from lakay_streams import cli
from lakay_streams.archive.committer import PostgresCommitter
from lakay_streams.db.positions import Positions

STEPS: dict[str, tuple[type, str]] = {
    "locked": (Positions, "_locked"),
    "moved": (Positions, "move"),
    "written": (PostgresCommitter, "_write"),
    "committed": (PostgresCommitter, "commit"),
}

_has_rows = ContextVar("has_rows", default=False)


def with_rows(commit: Callable[..., Any]) -> Callable[..., Any]:
    """Return `commit`, which lets its steps know whether there are rows to write."""

    @wraps(commit)
    async def committing(self: PostgresCommitter, records: Any, offsets: Any) -> Any:
        _has_rows.set(bool(records))
        return await commit(self, records, offsets)

    return committing


def killing_after(method: Callable[..., Any], times: int) -> Callable[..., Any]:
    """Return the method, after which the process is killed the n-th time that there are rows."""
    left = times

    @wraps(method)
    async def called(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        result = await method(*args, **kwargs)
        left -= _has_rows.get()
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return called


if __name__ == "__main__":
    step, _, number = os.environ["ARCHIVE_KILL_AT"].partition(":")
    owner, name = STEPS[step]
    setattr(PostgresCommitter, "commit", with_rows(PostgresCommitter.commit))  # noqa: B010 - mypy allows no other way
    setattr(owner, name, killing_after(getattr(owner, name), int(number)))
    cli.main()
