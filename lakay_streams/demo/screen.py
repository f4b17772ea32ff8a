"""Where the demo shows itself: a live page on a terminal, else a plain line every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from lakay_streams.demo.snapshot import Snapshot
from lakay_streams.demo.view import line, page

LINE_EVERY_S = 5.0


@contextmanager
def live(console: Console) -> Iterator[Callable[[Snapshot], None]]:
    """Yield what shows a snapshot; the last one stays on the screen."""
    if console.is_terminal:
        with Live(console=console, auto_refresh=False, vertical_overflow="crop") as screen:
            yield lambda snapshot: screen.update(page(snapshot, console.height), refresh=True)
    else:
        due = 0.0

        def show(snapshot: Snapshot) -> None:
            nonlocal due
            if snapshot.seconds >= due:
                due = snapshot.seconds + LINE_EVERY_S
                say(console, line(snapshot))

        yield show


@contextmanager
def long_step(console: Console, doing: str) -> Iterator[None]:
    """Show that something that takes a while goes on, and for how long already."""
    if console.is_terminal:
        with Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console) as steps:
            steps.add_task(doing)
            yield
        return
    done = threading.Event()
    started_at = time.monotonic()

    def remind() -> None:
        while not done.wait(LINE_EVERY_S):
            say(console, f"{doing}: {time.monotonic() - started_at:.0f} s so far")

    say(console, doing)
    reminder = threading.Thread(target=remind, daemon=True)
    reminder.start()
    try:
        yield
    finally:
        done.set()
        reminder.join()


def say(console: Console, sentence: str) -> None:
    """Print one sentence as it is: no markup, no colours, one line however narrow the terminal."""
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)
