"""What every part of the simulation shares: the options, the platform, the people, and the processes that run.

A process is a generator of event times (ms UTC): it sleeps until the time it yielded, and in between tells Trebanx what
happens, at that time or after. Thousands of them, each a person's, a circle's or a thief's, cost one heap entry each.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappush
from random import Random

from lakay_streams.simulator.options import SimulatorOptions
from lakay_streams.simulator.people import Person
from lakay_streams.simulator.trebanx import Trebanx

Process = Iterator[int]


class World:
    """One simulated world."""

    def __init__(self, options: SimulatorOptions) -> None:
        """Make the people; nothing happens yet."""
        self.options = options
        self.start = options.start_ms
        self.trebanx = Trebanx(options.seed)
        self.people = [Person(number, options) for number in range(options.users)]
        self.rates: dict[str, float] = {}
        self.asleep: list[tuple[int, int, Process]] = []
        self._processes = 0

    def rng(self, name: str) -> Random:
        """Return the generator of that name: the same in every run of the same seed."""
        return Random(f"{self.options.seed}/{name}")

    def spawn(self, process: Process) -> None:
        """Let a process run up to its first sleep."""
        wake = next(process, None)
        if wake is not None:
            self._processes += 1
            heappush(self.asleep, (wake, self._processes, process))
