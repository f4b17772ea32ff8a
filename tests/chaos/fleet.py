"""The fleet: worker processes, started again when they are killed or ask for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lakay_streams.process.child import EXIT_RESTART, die_with_parent
from tests.chaos.points import Point, arm, disarm, struck
from tests.e2e.platform import GROUP

ROOT = Path(__file__).parents[2]

#: Seconds before a worker is started again; the real supervisor waits longer from failure to failure.
RESTART_AFTER_S = 0.5

#: Seconds within which SIGTERM must end a worker.
STOP_S = 60.0

#: What a worker logs that tells of a fault survived.
TELLING = frozenset(
    {
        "partitions_opened",
        "partition_failed",
        "store_rebuilt",
        "worker_stopping",
        "worker_crashed",
        "record_crashed_worker",
        "crash_not_accounted",
        "message_processing_error",
    }
)


class Member:
    """One worker with a folder of its own; `wanted` says whether it should be running."""

    def __init__(self, name: str, folder: Path, kafka: str, session_s: float) -> None:
        """Start nothing yet."""
        self.name = name
        self.data = folder / name
        self.log = folder / f"{name}.log"
        self.armed = folder / f"{name}.armed"
        self.wanted = False
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.ended_at = 0.0
        crashed = folder / "crashed"
        crashed.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(exist_ok=True)
        self._environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "KAFKA_CONSUMER_GROUP": GROUP,
            "KAFKA_AUTO_OFFSET_RESET": "earliest",
            "KAFKA_SESSION_TIMEOUT_S": f"{session_s:g}",
            "LAKAY_DATA_DIR": str(self.data),
            "LOG_SCORED_PER_SECOND": "0",
            "CHAOS_ARMED": str(self.armed),
            "CHAOS_CRASHED": str(crashed),
            "PYTHONPATH": str(ROOT),
        }

    @property
    def running(self) -> bool:
        """Whether the process is there, stopped or not."""
        return self.process is not None and self.process.poll() is None

    def spawn(self) -> None:
        """Start the process."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.worker"],
                env=self._environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self.started_at = time.monotonic()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, when there is a process to take it."""
        if self.process is not None:
            self.process.send_signal(number)

    def count(self, words: bytes) -> int:
        """Return how often its log has these words."""
        return self.log.read_bytes().count(words) if self.log.exists() else 0

    def told(self) -> Iterator[str]:
        """Yield each event of its log that tells of a fault survived, with the kind of error that led to it."""
        for line in self.log.read_bytes().splitlines() if self.log.exists() else ():
            try:
                entry = json.loads(line)
            except ValueError:
                # Python's or the system's last words, not the worker's.
                continue
            if entry.get("event") in TELLING:
                yield f"{entry['event']} {entry.get('kind', '')}".strip()


class Fleet:
    """The workers, and the thread that starts them again as `lakay worker` would.

    `gave_up` tells of ends that are no answer to a fault: a worker is not to end with any other code than 70.
    """

    def __init__(self, folder: Path, kafka: str, names: tuple[str, ...], session_s: float) -> None:
        """Start nothing yet."""
        self.members = [Member(name, folder, kafka, session_s) for name in names]
        self.gave_up: list[str] = []
        self.restarts = 0
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._watching = threading.Thread(target=self._watch, daemon=True)
        self._watching.start()

    # A process dies with the thread that started it, so only this one starts any.
    def _watch(self) -> None:
        while not self._over.wait(0.05):
            with self._lock:
                for member in self.members:
                    self._tend(member)

    def _tend(self, member: Member) -> None:
        if member.process is not None and not member.running:
            code = member.process.returncode
            if member.wanted and code not in (EXIT_RESTART, -signal.SIGKILL):
                self.gave_up.append(f"{member.name} ended by itself with exit code {code}")
            member.process = None
            member.ended_at = time.monotonic()
            self.restarts += member.wanted
        if member.wanted and member.process is None and time.monotonic() - member.ended_at >= RESTART_AFTER_S:
            member.spawn()

    @property
    def running(self) -> list[Member]:
        """The workers that should run and do."""
        return [member for member in self.members if member.wanted and member.running]

    @property
    def idle(self) -> list[Member]:
        """The workers that should not run."""
        return [member for member in self.members if not member.wanted]

    def start(self, member: Member) -> None:
        """Have a worker running."""
        member.wanted = True

    def stop(self, *members: Member, in_peace: bool = False) -> None:
        """End workers at once and in good order; `in_peace` they have no reason to end with any other code than 0."""
        # SIGTERM before it could take notice: nothing was begun.
        answers = {0, -signal.SIGTERM} if in_peace else {0, -signal.SIGTERM, EXIT_RESTART}
        with self._lock:
            stopped = [(member, member.process) for member in members]
            for member, _ in stopped:
                member.wanted = False
                member.send(signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for member, process in stopped:
            if process is None:
                continue
            try:
                code = process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.gave_up.append(f"{member.name} did not end within {STOP_S:g} s of SIGTERM")
                process.kill()
                continue
            if code not in answers:
                self.gave_up.append(f"{member.name} ended with exit code {code} after SIGTERM")
            with self._lock:
                # Else the watching thread could take this end for an unasked one, where it is wanted again by now.
                if member.process is process:
                    member.process = None
                    member.ended_at = time.monotonic()

    @contextmanager
    def down(self, member: Member) -> Iterator[None]:
        """Kill a worker and keep it down while the block lasts."""
        with self._lock:
            member.wanted = False
            member.send(signal.SIGKILL)
            if member.process is not None:
                member.process.wait()
        try:
            yield
        finally:
            self.start(member)

    def strike(self, member: Member, point: Point, number: signal.Signals, seconds: float) -> bool:
        """Have a worker struck at a point; return whether it came by within so many seconds."""
        arm(member.armed, point, number)
        hit = self.until(struck(member.armed).exists, seconds)
        disarm(member.armed)
        # It may have come by in this very moment.
        return hit or struck(member.armed).exists()

    @staticmethod
    def until(holds: Callable[[], bool], seconds: float, every: float = 0.02) -> bool:
        """Wait until something holds; return whether it does."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() >= deadline:
                return False
            time.sleep(every)
        return True

    def count(self, words: bytes) -> int:
        """Return how often the workers' logs have these words."""
        return sum(member.count(words) for member in self.members)

    def told(self) -> dict[str, int]:
        """Return how often the workers logged each event that tells of a fault survived."""
        return dict(sorted(Counter(event for member in self.members for event in member.told()).items()))

    def close(self) -> None:
        """Leave no process behind."""
        self._over.set()
        self._watching.join()
        for member in self.members:
            if member.process is not None:
                member.process.kill()
                member.process.wait()
