"""Once a second, an immutable sample of the worker: what the pages show, whoever asks and whenever."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from mode import Service

from lakay_streams.engine import stats
from lakay_streams.engine.app import StreamApp
from lakay_streams.telemetry.metrics import ALERTS, CRASHED, EVENTS, FINDINGS, SCORED, counted

WINDOWS_S = (1, 10, 60)
"""Seconds over which rates are taken."""

_PAGE_BYTES = 4096


class Rate(NamedTuple):
    """Records of one inbound topic: how many since the start, and per second over each of `WINDOWS_S`."""

    topic: str
    total: int
    over: tuple[float, ...]


class Sample(NamedTuple):
    """The worker at `taken_at` (UTC). Counts are since this process started."""

    taken_at: datetime
    uptime_seconds: float
    memory_bytes: int | None
    engine: stats.EngineStats
    rates: tuple[Rate, ...]
    outcomes: Mapping[tuple[str, ...], int]
    scored: Mapping[str, int]
    alerts_by_rule: Mapping[str, int]
    alerts_by_tier: Mapping[str, int]
    parked: int


class Sampler(Service):
    """Takes the samples on the worker's event loop; `latest` may be read from any thread."""

    def __init__(self, app: StreamApp, **kwargs: Any) -> None:
        """Take the first sample at once."""
        super().__init__(**kwargs)
        self._app = app
        self._started_at = time.monotonic()
        self._history: deque[tuple[float, dict[str, int]]] = deque(maxlen=max(WINDOWS_S) + 1)
        self.latest = self._sample(stats.NOTHING_YET)

    @property
    def uptime_seconds(self) -> float:
        """Seconds since the worker began."""
        return time.monotonic() - self._started_at

    @Service.task
    async def _take_samples(self) -> None:
        while not self.should_stop:
            self.latest = self._sample(stats.take(self._app))
            await self.sleep(1.0)

    def _sample(self, engine: stats.EngineStats) -> Sample:
        outcomes = counted(EVENTS, ("topic", "outcome"))
        totals: dict[str, int] = {}
        for (topic, _), count in outcomes.items():
            totals[topic] = totals.get(topic, 0) + count
        now = time.monotonic()
        self._history.append((now, totals))
        return Sample(
            taken_at=datetime.now(UTC),
            uptime_seconds=round(self.uptime_seconds, 1),
            memory_bytes=_resident_bytes(),
            engine=engine,
            rates=tuple(
                Rate(topic, total, tuple(self._per_second(topic, total, now, window) for window in WINDOWS_S))
                for topic, total in sorted(totals.items())
            ),
            outcomes=outcomes,
            scored={tier: count for (tier,), count in counted(SCORED, ("risk_tier",)).items()},
            alerts_by_rule={rule: count for (rule,), count in counted(FINDINGS, ("rule",)).items()},
            alerts_by_tier={tier: count for (tier,), count in counted(ALERTS, ("risk_tier",)).items()},
            parked=sum(counted(CRASHED, ("topic",)).values()),
        )

    def _per_second(self, topic: str, total: int, now: float, window: int) -> float:
        # Half a second of tolerance: samples come a little more than a second apart.
        at, totals = next(each for each in self._history if each[0] >= now - window - 0.5)
        return round((total - totals.get(topic, 0)) / (now - at), 1) if now > at else 0.0


def _resident_bytes() -> int | None:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        # Not Linux.
        return None
