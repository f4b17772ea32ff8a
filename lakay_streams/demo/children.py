"""The demo's child processes: each with a log file, none outliving the demo.

A child runs in a session of its own, so that Ctrl-C reaches the demo alone, which then stops its children in order.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Protocol, Self

from lakay_streams.process.child import die_with_parent

PATIENCE_S = 15.0
"""How long a child may take to stop in good order before it is killed."""


class Running(Protocol):
    """A process that should run as long as the demo: a `Child`, or the embedded Kafka."""

    @property
    def exit_code(self) -> int | None:
        """Its exit code, or None while it runs."""

    @property
    def log(self) -> Path:
        """The file that all it says goes to."""


class Child:
    """One running module of the project.

    Start it from a thread that lives as long as it should: Linux ends the child with that thread.
    """

    def __init__(self, module: str, *arguments: str, log: Path, environment: Mapping[str, str]) -> None:
        """Start `python -m module arguments`; `environment` adds to this process's own."""
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    @property
    def exit_code(self) -> int | None:
        """Its exit code, or None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Ask it to stop, wait, and kill it when it does not."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def obituary(children: Mapping[str, Running], lines: int = 12) -> str | None:
    """Which of the children, by name, ended by itself, with the end of its log; None while all run."""
    for name, child in children.items():
        if child.exit_code is not None:
            said: Sequence[str] = child.log.read_text(errors="replace").splitlines()[-lines:]
            return "\n".join((f"{name} ended by itself with code {child.exit_code}. Its last words:", *said))
    return None


class Interruption:
    """Ctrl-C and SIGTERM: the first ends what is being started at once, or is `requested` after `defer`.

    Later ones change nothing, so that nobody cuts off the stopping of the children.
    """

    def __init__(self) -> None:
        """Nothing is requested yet."""
        self.requested = False
        self._deferred = False

    def __enter__(self) -> Self:
        """Take over both signals."""
        self._before = {number: signal.signal(number, self._arrived) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give both signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def defer(self) -> None:
        """From now on, only note that an end is requested."""
        self._deferred = True

    def _arrived(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        if not self._deferred:
            self._deferred = True
            raise KeyboardInterrupt
