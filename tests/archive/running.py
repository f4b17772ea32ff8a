"""An archive process, killed, stopped and continued as a machine may do it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from lakay_streams.settings import Settings
from tests.agents.running import ROOT, ask, free_port

LAKAY_ARCHIVE = (sys.executable, "-m", "lakay_streams.cli", "archive", "--no-supervise")

#: Seconds without a heartbeat after which another archive takes over: short, since the tests kill many.
SESSION_S = "2"


class Archive:
    """One archive process at a time."""

    def __init__(
        self, kafka: str, settings: Settings, folder: Path, name: str, command: Sequence[str] = LAKAY_ARCHIVE
    ) -> None:
        """Name it; `start` starts it. Its log is in `folder`."""
        self.port = free_port()
        self.log = folder / f"{name}.log"
        self._command = [*command, "--port", str(self.port)]
        self._environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "KAFKA_SESSION_TIMEOUT_S": SESSION_S,
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "LAKAY_DATA_DIR": str(folder / name),
            "PYTHONPATH": str(ROOT),
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> Archive:
        """Start the process."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command,
                env=os.environ | self._environment | environment,
                cwd=self.log.parent,
                stdout=log,
                stderr=log,
            )
        return self

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it as a power failure would, if it still runs."""
        if self.running:
            self.send(signal.SIGKILL)
        self.wait()

    def stop(self) -> int:
        """Ask it to stop and wait; return its exit code."""
        self.send(signal.SIGTERM)
        return self.wait()

    def wait(self, seconds: float = 60.0) -> int:
        """Wait for its end; return its exit code."""
        assert self.process is not None
        return self.process.wait(seconds)

    def cpu_seconds(self) -> float:
        """How long it has kept a processor busy."""
        assert self.process is not None
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def is_ready(self) -> bool:
        """Whether it archives."""
        try:
            return ask(f"http://127.0.0.1:{self.port}/ready").status == 200
        except OSError:
            return False


@contextmanager
def archives(
    kafka: str,
    settings: Settings,
    folder: Path,
    count: int = 1,
    command: Sequence[str] = LAKAY_ARCHIVE,
    **environment: str,
) -> Iterator[list[Archive]]:
    """Start so many archives, and see that none survives."""
    all_of_them = [Archive(kafka, settings, folder, f"archive-{number}", command) for number in range(count)]
    started = [archive.start(**environment) for archive in all_of_them]
    try:
        yield started
    finally:
        for archive in started:
            if archive.running:
                archive.send(signal.SIGCONT)
                archive.kill()
