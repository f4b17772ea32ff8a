"""Measure on a Kafka of one's own: `python -m benchmarks.measurements [latency memory scale rebalance replay profile]`.

`BENCH_QUICK=1` measures little of each. Results: a table each, `build/bench-<name>.json` and `build/bench-<name>.png`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib as mpl
import orjson
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.measurements.stage import Stage
from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.errors import LakayError

mpl.use("Agg")
from matplotlib import pyplot as plt

NAMES = ("latency", "memory", "scale", "rebalance", "replay", "profile")
BUILD = Path(__file__).parents[2] / "build"


def main() -> int:
    """Measure what is asked for; 0 when all was measured, 2 when there is no broker."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measurements", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"only these (of {', '.join(NAMES)})")
    chosen = parser.parse_args().name or NAMES
    if unknown := set(chosen) - set(NAMES):
        parser.error(f"no measurement {', '.join(sorted(unknown))}: choose from {', '.join(NAMES)}")
    quick = os.environ.get("BENCH_QUICK", "0") not in ("", "0")
    console = Console()
    for name in chosen:
        module = importlib.import_module(f"benchmarks.measurements.{name}")
        console.print(f"[bold]{name}[/]")
        try:
            with EmbeddedKafka() as kafka, tempfile.TemporaryDirectory(prefix="lakay-bench-") as folder:
                stage = Stage(kafka.bootstrap_servers, Path(folder), module.PARTITIONS, console)
                rows = module.measure(stage, quick)
        except LakayError as error:
            console.print(str(error), style="red")
            return 2
        _show(console, name, rows)
        figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
        module.draw(rows, axes)
        BUILD.mkdir(exist_ok=True)
        figure.savefig(BUILD / f"bench-{name}.png", dpi=120)
        told = {"quick": quick, "load": os.getloadavg()[0], "rows": rows}
        (BUILD / f"bench-{name}.json").write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        console.print(f"written: {BUILD.name}/bench-{name}.json, {BUILD.name}/bench-{name}.png")
    return 0


def _show(console: Console, name: str, rows: list[dict[str, Any]]) -> None:
    table = Table(box=box.SIMPLE_HEAD, title=name, title_justify="left")
    for column in rows[0]:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, (int, float)) else str(cell) for cell in row.values()))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
