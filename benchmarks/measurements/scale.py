"""Scale: the CPU time of an event, and events by wall time, with one worker and with two on the same topics.

The machine has few cores and the broker needs some of them, so the wall rate of two workers tells little here; what an
event costs when the partitions are shared tells whether workers stand in each other's way.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from benchmarks.measurements.stage import Stage, Worker, traffic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTITIONS = 12
WORKERS = (1, 2)
STARTED = 0.1
"""Share of the events after which the clock starts: processes have started and partitions are shared by then."""


def measure(stage: Stage, quick: bool) -> list[dict[str, Any]]:
    """Measure each number of workers, with and without copies of each other's partitions, on the same events."""
    events = stage.send(traffic(100_000 if quick else 400_000))
    rows = []
    for workers in WORKERS:
        for standby in (0, 1) if workers > 1 else (0,):
            group = f"scale-{workers}-{standby}"
            with ExitStack() as stack:
                running = [
                    stack.enter_context(
                        stage.worker(f"{group}-{number}", group=group, TABLE_STANDBY_REPLICAS=str(standby))
                    )
                    for number in range(workers)
                ]
                rows.append({"workers": workers, "standby": standby, **_measured(stage, group, running, events)})
            stage.tell(f"{workers} workers, standby {standby}: {rows[-1]['us_per_event']} us of CPU an event")
    return rows


def draw(rows: list[dict[str, Any]], axes: Axes) -> None:
    """Draw the CPU time of an event."""
    labels = [f"{row['workers']} worker{'s' * (row['workers'] > 1)}\nstandby {row['standby']}" for row in rows]
    axes.bar(labels, [row["us_per_event"] for row in rows])
    axes.set_ylabel("µs of CPU an event, all workers")
    axes.set_title("Scale")


def _measured(stage: Stage, group: str, workers: list[Worker], events: int) -> dict[str, Any]:
    started, at_start = stage.until_committed(int(events * STARTED), group)
    cpu_at_start = _cpu(workers)
    ended, _ = stage.until_committed(events, group)
    done, cpu, seconds = events - at_start, _cpu(workers) - cpu_at_start, ended - started
    return {
        "events_per_s": round(done / seconds),
        "us_per_event": round(cpu / done * 1e6, 1),
        "cores": round(cpu / seconds, 2),
    }


def _cpu(workers: list[Worker]) -> float:
    return sum(worker.cpu_seconds for worker in workers)
