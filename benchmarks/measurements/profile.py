"""Profile: what an event costs, by stage, in the whole worker under full load.

py-spy samples the process from outside; a sample counts for the innermost frame that belongs to a stage, so that what a
library does is laid to whoever asked for it. The shares are of the process's CPU time, and make microseconds an event.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measurements.stage import Stage, traffic
from lakay_streams.errors import PrerequisiteError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes

PARTITIONS = 3
RATE = 200
"""Samples a second."""

WAITING = "EpollSelector.select"

STAGES = (
    ("decode and validate", ("lakay_streams/contracts/",)),
    ("decide: rules and states", ("lakay_streams/domain/",)),
    ("admit: owner, duplicates, counts", ("agents/intake.py", "prometheus_client/")),
    ("agents", ("agents/", "lakay_streams/telemetry/logs.py")),
    ("look up and set states", ("lakay_streams/engine/state/table.py", "lakay_streams/engine/kafka/partitioner.py")),
    ("encode states", ("StreamTask._encoded",)),
    ("RocksDB", ("lakay_streams/engine/state/rocksdb.py",)),
    ("produce and commit", ("lakay_streams/engine/kafka/producer.py", "aiokafka/producer/")),
    ("standby", ("lakay_streams/engine/state/standby.py",)),
    (
        "fetch",
        (
            "lakay_streams/engine/kafka/consumer_thread.py",
            "lakay_streams/engine/kafka/transport.py",
            "aiokafka/consumer/",
            "aiokafka/codec.py",
        ),
    ),
    ("pages", ("lakay_streams/worker_pages/",)),
    ("checkpoints and batches", ("lakay_streams/engine/",)),
    ("Kafka connections", ("aiokafka/",)),
    ("Faust", ("faust/", "mode/")),
    ("event loop", ("asyncio/", "selectors.py", "<built-in")),
)
"""By name: what a frame's function or file holds. The first that fits counts."""


def measure(stage: Stage, quick: bool) -> list[dict[str, Any]]:
    """Sample one worker from its first commits to its last."""
    events = stage.send(traffic(100_000 if quick else 400_000))
    raw = stage.folder / "samples"
    with stage.worker("profiled") as worker:
        started, at_start = stage.until_committed(events // 10)
        cpu_at_start = worker.cpu_seconds
        command = ["record", "--pid", str(worker.process.pid), "--rate", str(RATE), "--format", "raw"]
        with subprocess.Popen(
            [_py_spy(), *command, "--output", str(raw)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as sampler:
            ended, done = stage.until_committed(events)
            cpu = worker.cpu_seconds - cpu_at_start
            sampler.send_signal(signal.SIGINT)  # it writes what it has
            sampler.wait(30)
    if not raw.exists():
        raise PrerequisiteError("py-spy wrote no samples: let it trace processes (as root, or with CAP_SYS_PTRACE)")
    stage.tell(f"{(done - at_start) / (ended - started):,.0f} events/s while sampled")
    return _rows(raw.read_text().splitlines(), cpu / (done - at_start) * 1e6)


def draw(rows: list[dict[str, Any]], axes: Axes) -> None:
    """Draw the stages, the dearest on top."""
    ordered = sorted(rows, key=lambda row: row["us_per_event"])
    axes.barh([row["stage"] for row in ordered], [row["us_per_event"] for row in ordered])
    axes.set_xlabel("µs of CPU an event")
    axes.set_title("Where the worker's time goes")


def stage_of(stack: str) -> str:
    """Return the stage of a sample: frames from the outermost to the innermost, with semicolons in between."""
    for frame in reversed(stack.split(";")):
        for name, signs in STAGES:
            if any(sign in frame for sign in signs):
                return name
    return "other"


def _rows(samples: Iterable[str], us_per_event: float) -> list[dict[str, Any]]:
    counted: Counter[str] = Counter()
    for line in samples:
        stack, count = line.rsplit(" ", 1)
        # py-spy cannot always tell a thread that waits from one that works.
        if WAITING in stack.rsplit(";", 1)[-1]:
            continue
        counted[stage_of(stack)] += int(count)
    return [
        {
            "stage": name,
            "us_per_event": round(us_per_event * count / counted.total(), 1),
            "share": round(count / counted.total(), 3),
        }
        for name, count in counted.most_common()
    ]


def _py_spy() -> Path:
    py_spy = Path(sys.executable).parent / "py-spy"
    if not py_spy.exists():
        raise PrerequisiteError("py-spy is not installed here: `make bench` installs it in .venv-bench")
    return py_spy
