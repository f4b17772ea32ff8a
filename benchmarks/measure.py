"""What a run cost: wall time and CPU time of whole processes.

CPU time is user plus system time of a process, all its threads and all its children, so that work cannot hide in a
RocksDB thread or a helper process. The broker is not part of it.
"""

from __future__ import annotations

import os
import time
from statistics import median
from typing import NamedTuple

import psutil


class Measurement(NamedTuple):
    """One run of one contender. `cpu_seconds` is user plus system time during the same `seconds` of wall time."""

    events: int
    seconds: float
    cpu_seconds: float

    @property
    def events_per_s(self) -> float:
        """Events by wall time."""
        return self.events / self.seconds

    @property
    def cores(self) -> float:
        """Cores kept busy on average."""
        return self.cpu_seconds / self.seconds

    @property
    def per_core(self) -> float:
        """Events per second of CPU: what one core does when nothing makes it wait."""
        return self.events / self.cpu_seconds


class Meter:
    """Measures a process from the moment the meter is made to the moment it is read."""

    def __init__(self, pid: int | None = None) -> None:
        """Start measuring process `pid`, by default this one."""
        self._process = psutil.Process(pid or os.getpid())
        self._cpu_at_start = self._cpu_seconds()
        self._started = time.perf_counter()

    def read(self, events: int) -> Measurement:
        """Return what the `events` processed since the start took."""
        seconds = time.perf_counter() - self._started
        return Measurement(events, seconds, self._cpu_seconds() - self._cpu_at_start)

    def _cpu_seconds(self) -> float:
        processes = [self._process, *self._process.children(recursive=True)]
        return sum(sum(process.cpu_times()[:2]) for process in processes)


class Spread(NamedTuple):
    """Median and range of what several runs gave."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Return the spread of at least one value."""
        return cls(median(values), min(values), max(values))
