"""A worker's supervisor: the parent that starts it again when it stopped on purpose, was killed, or hangs.

The engine ends the process (exit code 70) where only a new process is safe: another worker took its partitions, or a
record crashed it. What was not committed is replayed. Any other exit code is an answer, and is passed on. A worker
whose event loop gives no sign of life, because it hangs or is stopped, is killed: its partitions wait for nobody.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from types import FrameType

import structlog

from lakay_streams.process.child import EXIT_RESTART, HEARTBEAT_FD, die_with_parent

log = structlog.get_logger()

BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before each start after a failure, while failures follow each other."""

STEADY_S = 60.0
"""A worker that ran this long had recovered: the next failure is a first one again."""

HUNG_S = 60.0
"""A worker without a sign of life for so many seconds is killed: far beyond any pause of its event loop."""

START_S = 300.0
"""Seconds until the first sign of life, which comes before the worker waits for Kafka or a database."""

LOOK_S = 0.5
"""Seconds between two looks at a worker that is silent."""


class Supervisor:
    """Runs one command again and again. SIGTERM and SIGINT are handed to it, and end both."""

    def __init__(self, command: Sequence[str], *, start_s: float = START_S, hung_s: float = HUNG_S) -> None:
        """Start nothing yet; kill what is silent for `start_s` seconds at its start, or `hung_s` later on."""
        self._command = command
        self._start_s = start_s
        self._hung_s = hung_s
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
        beats, heart = os.pipe()
        try:
            # A session of its own: Ctrl-C in a terminal reaches the supervisor alone, which hands it on once.
            self._child = subprocess.Popen(
                self._command,
                start_new_session=True,
                preexec_fn=die_with_parent,
                pass_fds=[heart],
                env=os.environ | {HEARTBEAT_FD: str(heart)},
            )
            os.close(heart)
            if self._stopping:
                self._child.terminate()
            self._watch(self._child, beats)
            return self._child.wait()
        finally:
            os.close(beats)
            self._child = None

    def _watch(self, child: subprocess.Popen[bytes], beats: int) -> None:
        """Return when the child has ended, or closed the pipe of its heartbeats; kill it when these cease."""
        silent, allowed = 0.0, self._start_s
        while child.poll() is None:
            if not select.select([beats], [], [], LOOK_S)[0]:
                # Looks are counted, not the clock: where both were stopped, the child had no time to beat either.
                silent += LOOK_S
            elif os.read(beats, 4096):
                silent, allowed = 0.0, self._hung_s
            else:
                return
            if silent >= allowed:
                log.error("worker_hung", pid=child.pid, silent_seconds=silent)
                child.kill()
                return

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
