"""Sampling of log lines: a line per event must not be what limits throughput."""

from __future__ import annotations

import time
from collections.abc import Callable


class ScoredSampling:
    """Which scored transactions are logged: every HIGH and CRITICAL one, of the others `per_second` at most.

    A log line per event must not be what limits throughput, so ask `wants` before the line's fields are built.
    `clock` gives seconds.
    """

    __slots__ = ("_budget", "_clock", "_left", "_next", "_window_s", "dropped")

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with a full budget."""
        self._budget = max(1, round(per_second)) if per_second > 0 else 0
        self._window_s = max(1.0, 1 / per_second) if per_second > 0 else 1.0
        self._clock = clock
        self._left = self._budget
        self._next = clock() + self._window_s
        self.dropped = 0
        """Lines that were left out so far."""

    def wants(self, risk_tier: str) -> bool:
        """Whether to log one transaction of this tier now."""
        if risk_tier in {"high", "critical"}:
            return True
        now = self._clock()
        if now >= self._next:
            self._next = now + self._window_s
            self._left = self._budget
        if self._left:
            self._left -= 1
            return True
        self.dropped += 1
        return False
