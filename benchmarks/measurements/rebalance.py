"""Rebalance: how long a partition stands still when a worker dies and when it comes back, as its state grows.

Traffic never stops. The pause of a partition is the longest time between two of its checkpoints, as its journal has
them; of the partitions that moved, the worst is told. After a kill it contains the group's session timeout, which is
told beside it.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from itertools import pairwise
from threading import Thread
from typing import TYPE_CHECKING, Any

from benchmarks.measurements.memory import transactions
from benchmarks.measurements.stage import Stage, Worker
from lakay_streams.contracts.topics import JOURNAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PARTITIONS = 6
KEYS = (0, 100_000, 1_000_000)
SESSION_S = 6.0
RATE = 1_000.0
SETTLED_S = 8.0
"""Seconds of steady traffic before and after what is measured."""


def measure(stage: Stage, quick: bool) -> list[dict[str, Any]]:
    """Measure both kinds of rebalance at each size of state, without and with copies."""
    rows, first = [], 0
    for keys in KEYS[: 1 if quick else None]:
        for standby in (0, 1):
            group = f"rebalance-{keys}-{standby}"
            environment = {
                "TABLE_STANDBY_REPLICAS": str(standby),
                "KAFKA_SESSION_TIMEOUT_S": f"{SESSION_S:g}",
                "KAFKA_AUTO_OFFSET_RESET": "latest",
            }
            with ExitStack() as stack:

                def worker(name: str) -> Worker:
                    return stack.enter_context(stage.worker(f"{group}-{name}", group=group, cores=(), **environment))  # noqa: B023 - called at once

                heir, victim = worker("heir"), worker("victim")
                _until_shared(heir, victim)
                if keys:
                    first += stage.send(transactions(first, first + keys))
                    stage.until_committed(first, group)
                    time.sleep(SETTLED_S)  # copies are up to date
                feed = Thread(target=stage.send, args=(transactions(first, first + int(RATE * 8 * SETTLED_S)), RATE))
                first += int(RATE * 8 * SETTLED_S)
                feed.start()
                time.sleep(SETTLED_S)
                for event in ("killed", "back"):
                    opened = len(heir.logged("partition_opened"))
                    begun = time.time()
                    if event == "killed":
                        victim.kill()
                        time.sleep(SESSION_S)
                        taker = heir
                    else:
                        taker, opened = worker("victim"), 0
                    time.sleep(2.5 * SETTLED_S)
                    pause = _longest_pause(stage, begun)
                    openings = taker.logged("partition_opened")[opened:]
                    rows.append(
                        {
                            "keys": keys,
                            "standby": standby,
                            "event": event,
                            "pause_ms": round(pause * 1000),
                            "of_it_detection_ms": round(SESSION_S * 1000) if event == "killed" else 0,
                            "replayed": sum(opening["replayed"] for opening in openings),
                            "longest_opening_ms": round(max(opening["seconds"] for opening in openings) * 1000),
                        }
                    )
                    stage.tell(f"{keys:,} keys, standby {standby}, {event}: {rows[-1]['pause_ms']} ms")
                feed.join()
    return rows


def draw(rows: list[dict[str, Any]], axes: Axes) -> None:
    """Draw the pauses, without the time that the group takes to notice a death."""
    for event in ("killed", "back"):
        for standby in (0, 1):
            of = [row for row in rows if (row["event"], row["standby"]) == (event, standby)]
            pauses = [row["pause_ms"] - row["of_it_detection_ms"] for row in of]
            axes.plot([f"{row['keys']:,}" for row in of], pauses, marker="o", label=f"{event}, standby {standby}")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("keys")
    axes.set_ylabel("ms, beyond the group's detection")
    axes.set_title("Pause of a rebalance")
    axes.legend()


def _until_shared(*workers: Worker) -> None:
    """Wait until each worker has opened some of the partitions, and the group is at rest."""
    while not all(worker.logged("partitions_opened") for worker in workers):
        time.sleep(0.2)
    time.sleep(3)


def _longest_pause(stage: Stage, begun: float) -> float:
    """Return the longest time (s) between two checkpoints of one partition since `begun`."""
    pauses: list[float] = []
    for entries in stage.read(JOURNAL).values():
        moments = [begun, *(entry.timestamp / 1000 for entry in entries if entry.timestamp / 1000 >= begun)]
        pauses += [later - earlier for earlier, later in pairwise(moments)]
    return max(pauses, default=0.0)
