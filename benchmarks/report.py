"""What a bench run found: the table in the terminal, `bench.json` and `bench.png`.

Ratios are taken between runs of the same round, which shared the machine's noise of those seconds; what is given is
their median. A contender that failed is shown as failed, with the end of its log, and has no numbers.
"""

from __future__ import annotations

import os
import platform
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import orjson
from rich import box
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from benchmarks.measure import Measurement, Spread

mpl.use("Agg")
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from benchmarks.contenders import Contender


class Failure(NamedTuple):
    """Why a contender has no result, and the last lines it logged."""

    reason: str
    log: str


class Outcome(NamedTuple):
    """What a contender did: one measurement for each round, and the failure that ended it, if any."""

    contender: Contender
    runs: list[Measurement]
    failure: Failure | None = None

    @property
    def events_per_s(self) -> Spread:
        """Events by wall time, over the runs."""
        return Spread.of([run.events_per_s for run in self.runs])

    @property
    def per_core(self) -> Spread:
        """Events by CPU second, over the runs."""
        return Spread.of([run.per_core for run in self.runs])

    @property
    def cores(self) -> Spread:
        """Cores kept busy, over the runs."""
        return Spread.of([run.cores for run in self.runs])


def ratios(outcomes: list[Outcome], *, per_core: bool = False) -> dict[str, Spread]:
    """Return the speed of each contender over each one listed before it, as `later / earlier`, round by round."""
    found = {}
    for slow, fast in combinations([outcome for outcome in outcomes if not outcome.failure], 2):
        pairs = zip(slow.runs, fast.runs, strict=False)
        found[f"{fast.contender.name} / {slow.contender.name}"] = Spread.of(
            [b.per_core / a.per_core if per_core else b.events_per_s / a.events_per_s for a, b in pairs]
        )
    return found


def show(console: Console, outcomes: list[Outcome]) -> None:
    """Print the table, the ratios and the failures."""
    table = Table(box=box.SIMPLE_HEAD, title="one worker process, one broker", title_justify="left")
    table.add_column("contender", no_wrap=True)
    for heading in ("events/s", "range", "cores", "per core"):
        table.add_column(heading, justify="right", no_wrap=True)
    for outcome in outcomes:
        contender = outcome.contender
        promise = f"{contender.guarantee}, every {contender.commit_interval_ms / 1000:g} s"
        label = f"{contender.name}\n[dim]{promise}[/]"
        if outcome.failure:
            table.add_row(label, "[red]failed")
            continue
        speed = outcome.events_per_s
        table.add_row(
            label,
            f"[bold]{speed.median:,.0f}",
            f"{speed.low:,.0f}-{speed.high:,.0f}",
            f"{outcome.cores.median:.2f}",
            f"{outcome.per_core.median:,.0f}",
        )
    console.print(table)
    by_core = ratios(outcomes, per_core=True)
    for name, ratio in ratios(outcomes).items():
        console.print(
            f"  {name}: [bold]{ratio.median:.1f} times[/] "
            f"({ratio.low:.1f} to {ratio.high:.1f}), per core {by_core[name].median:.1f} times"
        )
    for outcome in outcomes:
        if outcome.failure:
            title = f"{outcome.contender.name} {outcome.failure.reason}; the end of its log:"
            console.print(Panel(Text(outcome.failure.log or "(empty)"), title=title, border_style="red"))


def as_dict(outcomes: list[Outcome], *, quick: bool) -> dict[str, Any]:
    """Return what `bench.json` holds."""
    return {
        "quick": quick,
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "contenders": [_contender(outcome) for outcome in outcomes],
        "ratios": {name: round(ratio.median, 2) for name, ratio in ratios(outcomes).items()},
        "ratios_per_core": {name: round(ratio.median, 2) for name, ratio in ratios(outcomes, per_core=True).items()},
    }


def _contender(outcome: Outcome) -> dict[str, Any]:
    worked = not outcome.failure
    return {
        "name": outcome.contender.name,
        "does": outcome.contender.does,
        "events_per_s": round(outcome.events_per_s.median, 1) if worked else None,
        "cores": round(outcome.cores.median, 3) if worked else None,
        "per_core": round(outcome.per_core.median, 1) if worked else None,
        "commit_interval_ms": outcome.contender.commit_interval_ms,
        "guarantee": outcome.contender.guarantee,
        "failure": outcome.failure._asdict() if outcome.failure else None,
        "runs": [
            run._asdict() | {"events_per_s": run.events_per_s, "cores": run.cores, "per_core": run.per_core}
            for run in outcome.runs
        ],
    }


def write(outcomes: list[Outcome], folder: Path, *, quick: bool) -> None:
    """Write `bench.json` and `bench.png` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    content = orjson.dumps(as_dict(outcomes, quick=quick), option=orjson.OPT_INDENT_2)
    (folder / "bench.json").write_bytes(content + b"\n")
    _draw(outcomes, folder / "bench.png")


def _draw(outcomes: list[Outcome], path: Path) -> None:
    """Draw one bar for each contender, its median, and a dot for each run."""
    figure, axes = plt.subplots(figsize=(9, 1.2 + 0.7 * len(outcomes)), layout="constrained")
    for row, outcome in enumerate(outcomes):
        if outcome.failure:
            axes.text(0, row, "  failed", va="center", color="tab:red")
            continue
        speed = outcome.events_per_s
        axes.barh(row, speed.median, height=0.55, color="tab:blue", alpha=0.75)
        axes.plot([run.events_per_s for run in outcome.runs], [row] * len(outcome.runs), "k.", markersize=5)
        axes.text(speed.high, row, f"   {speed.median:,.0f}", va="center")
    names = [f"{outcome.contender.name}\n{outcome.contender.guarantee}" for outcome in outcomes]
    axes.set_yticks(range(len(outcomes)), names)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("events per second, one worker process (bar: median, dots: runs)")
    figure.savefig(path, dpi=150)
    plt.close(figure)
