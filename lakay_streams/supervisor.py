"""A worker's supervisor: the parent that starts it again when it stopped on purpose or was killed.

The engine ends the process (exit code 70) where only a new process is safe: another worker took its partitions, or a
record crashed it. What was not committed is replayed. Any other exit code is an answer, and is passed on.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Sequence
from types import FrameType

from lakay_streams.processes import EXIT_RESTART, die_with_parent
from lakay_streams.telemetry import get_logger

log = get_logger()

BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before each start after a failure, while failures follow each other."""

STEADY_S = 60.0
"""A worker that ran this long had recovered: the next failure is a first one again."""


class Supervisor:
    """Runs one command again and again. SIGTERM and SIGINT are handed to it, and end both."""

    def __init__(self, command: Sequence[str]) -> None:
        """Start nothing yet."""
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False

    def run(self) -> int:
        """Return the exit code that the command ended with for good; call it from the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        failures = 0
        while True:
            started = time.monotonic()
            code = self._run_once()
            if self._stopping:
                # Killed by the signal before it took notice of it, or about to ask for a new start: it has stopped.
                return 0 if code in {-signal.SIGTERM, EXIT_RESTART} else _exit_code(code)
            if code >= 0 and code != EXIT_RESTART:
                return code
            if time.monotonic() - started >= STEADY_S:
                failures = 0
            pause = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
            failures += 1
            log.warning("worker_restarting", reason=_reason(code), failures=failures, backoff_seconds=pause)
            self._pause(pause)
            if self._stopping:
                return 0

    def _run_once(self) -> int:
        # A session of its own: Ctrl-C in a terminal reaches the supervisor alone, which hands it on once.
        self._child = subprocess.Popen(self._command, start_new_session=True, preexec_fn=die_with_parent)
        if self._stopping:
            self._child.terminate()
        try:
            return self._child.wait()
        finally:
            self._child = None

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        if self._child is not None:
            self._child.terminate()

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping and time.monotonic() < until:
            time.sleep(0.05)


def _reason(code: int) -> str:
    if code == EXIT_RESTART:
        return f"it stopped to be restarted (exit code {code})"
    try:
        return f"it was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was killed by signal {-code}"


def _exit_code(code: int) -> int:
    """As a shell tells it: 128 and the signal's number for a killed process."""
    return code if code >= 0 else 128 - code
