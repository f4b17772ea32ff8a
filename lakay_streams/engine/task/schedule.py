"""The schedule: when a task's next checkpoint is due, and whether there is room for more records until then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

#: A checkpoint of a task that catches up takes at least this part of the records that wait, or comes so many seconds
#: later: what has waited long already waits hardly longer, and a checkpoint costs the same whatever it commits.
CATCHING_UP_PART = 0.1
CATCHING_UP_S = 1.0


def pause_after(took: float, interval: float) -> float:
    """Return how long to wait after a checkpoint that took so many seconds, when more records are processed already.

    The next is due `interval` seconds after the last one began, but not before the agents have had as long as that one
    took, or a whole interval: under full load, where checkpoints are slow, there are fewer of them.
    """
    return min(interval, max(interval - took, took))


class Schedule:
    """Says when a checkpoint is due: `interval` seconds after the first record since the last one, or when asked for.

    While a checkpoint is on its way, its end decides when the next is due. A task that catches up takes its time
    (`CATCHING_UP_PART`). A task takes no more batches once twice `max_records`, or `max_bytes`, wait for a checkpoint.
    """

    def __init__(
        self,
        interval: float,
        max_records: int,
        unread: Callable[[], int] = lambda: 0,
        max_bytes: int | None = None,
    ) -> None:
        """Nothing is due, and there is room; `unread` tells how many records wait for the task in Kafka."""
        self._interval = interval
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._unread = unread
        self._pending = 0
        self._due = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._capacity = asyncio.Event()
        self._capacity.set()

    @property
    def is_due(self) -> bool:
        """Whether a checkpoint is due."""
        return self._due.is_set()

    async def due(self) -> None:
        """Wait until a checkpoint is due."""
        await self._due.wait()

    async def wait_for_capacity(self) -> None:
        """Wait while a slow commit has let too many processed records pile up."""
        await self._capacity.wait()

    def request_checkpoint(self) -> None:
        """Make a checkpoint due at once."""
        self._due.set()

    def processed(self, pending: int, *, committing: bool, pending_bytes: int = 0) -> None:
        """Hear that `pending` records wait for a checkpoint, while another one is on its way or not."""
        self._pending = pending
        if not committing:
            self._due_in(self._interval)
        load = pending / self._max_records
        if self._max_bytes is not None:
            load = max(load, pending_bytes / self._max_bytes)
        if load >= 1:
            self._due.set()
            if load >= 2:
                self._capacity.clear()

    def begun(self) -> None:
        """Hear that a checkpoint takes all that is processed."""
        self._due.clear()
        self._pending = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def committed(self, took: float, *, more: bool) -> None:
        """Hear that a checkpoint was committed within `took` seconds, and whether more was processed meanwhile."""
        if more:
            self._due_in(pause_after(took, self._interval))
        self._capacity.set()

    def close(self) -> None:
        """Let everyone go: an agent that waits for room in a task that is gone would wait for ever."""
        self.begun()
        self._capacity.set()

    def _due_in(self, seconds: float) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds, self._run_out, loop.time() + seconds + CATCHING_UP_S)

    def _run_out(self, latest: float) -> None:
        loop = asyncio.get_running_loop()
        again = min(loop.time() + self._interval, latest)
        if loop.time() < latest and self._pending < CATCHING_UP_PART * self._unread():
            self._timer = loop.call_at(again, self._run_out, latest)
        else:
            self.request_checkpoint()
