"""When the next checkpoint of a busy partition is due."""

from __future__ import annotations

import asyncio

import pytest

from lakay_streams.engine.task.schedule import CATCHING_UP_PART, CATCHING_UP_S, Schedule, pause_after


@pytest.mark.parametrize(
    ("took", "pause"),
    [
        pytest.param(0.0, 0.1, id="one that took no time: an interval after its beginning"),
        pytest.param(0.03, 0.07, id="a quick one: an interval after its beginning"),
        pytest.param(0.08, 0.08, id="a slow one: as long as it took"),
        pytest.param(2.0, 0.1, id="a very slow one: an interval"),
    ],
)
def test_a_pause_makes_up_for_a_quick_checkpoint_and_outlasts_a_slow_one(took: float, pause: float) -> None:
    assert pause_after(took, 0.1) == pytest.approx(pause)


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time goes on by itself to the next timer, so that a test takes none."""

    def __init__(self) -> None:
        """Begin at 0."""
        super().__init__()
        self._skipped = 0.0

    def time(self) -> float:
        """Return the seconds gone by."""
        return self._skipped

    def wait_for(self, schedule: Schedule) -> float:
        """Return how many seconds from now a checkpoint is due."""
        begun = self._skipped
        while not schedule.is_due:
            self._skipped += 0.01
            self.run_until_complete(asyncio.sleep(0))
        return self._skipped - begun


def due_after(pending: int, unread: int, interval: float = 0.1) -> float:
    clock = Clock()
    schedule = Schedule(interval, 20_000, lambda: unread)

    async def process() -> None:
        schedule.processed(pending, committing=False)

    try:
        clock.run_until_complete(process())
        return clock.wait_for(schedule)
    finally:
        clock.close()


@pytest.mark.parametrize("unread", [0, 99, int(100 / CATCHING_UP_PART)])
def test_a_task_that_keeps_up_commits_after_its_interval(unread: int) -> None:
    assert due_after(100, unread) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("interval", [0.001, 0.1, 3.0])
def test_a_task_that_catches_up_commits_a_second_later_at_most(interval: float) -> None:
    assert due_after(100, 1_000_000, interval) == pytest.approx(interval + CATCHING_UP_S, abs=0.02)


def test_a_task_that_catches_up_commits_once_it_has_a_tenth_of_what_waits() -> None:
    clock = Clock()
    schedule = Schedule(0.1, 20_000, lambda: 1_000)

    async def process(pending: int) -> None:
        schedule.processed(pending, committing=False)

    try:
        clock.run_until_complete(process(50))
        clock.call_later(0.35, lambda: schedule.processed(150, committing=False))
        assert clock.wait_for(schedule) == pytest.approx(0.4, abs=0.02)
    finally:
        clock.close()


def test_one_that_is_asked_for_comes_at_once_however_much_waits() -> None:
    schedule = Schedule(0.1, 20_000, lambda: 1_000_000)
    schedule.request_checkpoint()
    assert schedule.is_due
