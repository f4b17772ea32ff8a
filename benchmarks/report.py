"""What a bench run found: the table in the terminal, `bench.json` and `bench.png`.

Ratios are taken between runs of the same round, which shared the machine's noise of those seconds; what is given is
their median. A contender that failed is shown as failed, with the end of its log, and one that this machine lacks
something for with a sentence; neither has numbers.
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
    """What a contender did: one measurement for each round, or why it could not, or what this machine lacks for it."""

    contender: Contender
    runs: list[Measurement]
    failure: Failure | None = None
    absence: str | None = None

    @property
    def has_result(self) -> bool:
        """Whether there are numbers to show."""
        return bool(self.runs) and self.failure is None

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


class Target(NamedTuple):
    """What `fast` is meant to reach on one core: `wanted` times what `slow` does, or so many events a second."""

    fast: str
    slow: str | None
    wanted: float

    def __str__(self) -> str:
        """Return it in words."""
        if self.slow is None:
            return f"{self.fast}, {self.wanted:,.0f} events/s"
        return f"{self.fast} / {self.slow}, {self.wanted:g} times"


class Reached(NamedTuple):
    """What was reached of a target, per core and by wall time."""

    per_core: Spread
    wall: Spread


TARGETS = (
    Target("lakay-worker", "stock-faust", 10),
    Target("lakay-worker", None, 15_000),
    Target("lakay-worker", "lakay-worker-before", 2),
    Target("lakay-engine", "stock-faust", 30),
    Target("lakay-engine", "quix-streams-eos", 2),
    Target("lakay-engine", "kafka-streams-eos", 1.3),
    Target("lakay-engine", "limit-fetch-decode", 0.5),
    Target("lakay-engine", "limit-decode", 0.5),
)
"""Numbers to read, never asserted: a busy machine misses them without anything having become slower."""

BASELINE = "stock-faust"


def ratio(slow: Outcome, fast: Outcome, *, per_core: bool) -> Spread:
    """Return how many times faster `fast` is, round by round."""
    return Spread.of(
        [
            b.per_core / a.per_core if per_core else b.events_per_s / a.events_per_s
            for a, b in zip(slow.runs, fast.runs, strict=False)
        ]
    )


def ratios(outcomes: list[Outcome], *, per_core: bool = False) -> dict[str, Spread]:
    """Return the speed of each contender over each one listed before it, as `later / earlier`."""
    return {
        f"{fast.contender.name} / {slow.contender.name}": ratio(slow, fast, per_core=per_core)
        for slow, fast in combinations([outcome for outcome in outcomes if outcome.has_result], 2)
    }


def reached(outcomes: list[Outcome]) -> dict[Target, Reached]:
    """Return what was reached of each target whose contenders have results."""
    by_name = {outcome.contender.name: outcome for outcome in outcomes if outcome.has_result}
    found = {}
    for target in TARGETS:
        fast = by_name.get(target.fast)
        if fast is None:
            continue
        if target.slow is None:
            found[target] = Reached(fast.per_core, fast.events_per_s)
        elif slow := by_name.get(target.slow):
            found[target] = Reached(ratio(slow, fast, per_core=True), ratio(slow, fast, per_core=False))
    return found


def show(console: Console, outcomes: list[Outcome]) -> None:
    """Print the table, what is missing of it, and the targets."""
    table = Table(
        box=box.SIMPLE_HEAD,
        title="one worker process, one broker",
        title_justify="left",
    )
    table.add_column("contender", no_wrap=True)
    for heading in ("events/s", "cores", "per core", "range", "x stock"):
        table.add_column(heading, justify="right", no_wrap=True)
    baseline = next((each for each in outcomes if each.has_result and each.contender.name == BASELINE), None)
    for outcome in outcomes:
        table.add_row(*_row(outcome, baseline))
    console.print(table)
    for outcome in outcomes:
        if outcome.absence:
            console.print(f"{outcome.contender.name} is not available: {outcome.absence}")
        if outcome.failure:
            title = f"{outcome.contender.name} {outcome.failure.reason}; the end of its log:"
            console.print(Panel(Text(outcome.failure.log or "(empty)"), title=title, border_style="red"))
    found = reached(outcomes)
    if found:
        console.print("Targets, per core (median, range):")
    for target, (per_core, wall) in found.items():
        verdict = "[green]met    [/]" if per_core.median >= target.wanted else "[yellow]not met[/]"
        digits = ",.0f" if target.slow is None else ".2f"
        console.print(
            f"  {verdict} {target}: [bold]{per_core.median:{digits}}[/] "
            f"({per_core.low:{digits}} to {per_core.high:{digits}}), by wall time {wall.median:{digits}}",
            soft_wrap=True,
        )


def _row(outcome: Outcome, baseline: Outcome | None) -> list[str]:
    contender = outcome.contender
    promise = "a limit" if contender.is_limit else f"{contender.guarantee}, {contender.commit_interval_ms / 1000:g} s"
    label = f"{contender.name}\n[dim]{promise}[/]"
    if not outcome.has_result:
        return [
            label,
            "[red]failed" if outcome.failure else "[dim]not available" if outcome.absence else "[dim]not run",
        ]
    speed, per_core = outcome.events_per_s, outcome.per_core
    return [
        label,
        f"{speed.median:,.0f}",
        f"{outcome.cores.median:.2f}",
        f"[bold]{per_core.median:,.0f}",
        f"{per_core.low:,.0f}-{per_core.high:,.0f}",
        f"{ratio(baseline, outcome, per_core=True).median:.1f}" if baseline else "",
    ]


def as_dict(outcomes: list[Outcome], *, quick: bool) -> dict[str, Any]:
    """Return what `bench.json` holds."""
    return {
        "quick": quick,
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "contenders": [_contender(outcome) for outcome in outcomes],
        "ratios": {name: round(found.median, 2) for name, found in ratios(outcomes).items()},
        "ratios_per_core": {name: round(found.median, 2) for name, found in ratios(outcomes, per_core=True).items()},
        "targets": [
            {
                "target": str(target),
                "wanted": target.wanted,
                "met": found.per_core.median >= target.wanted,
                "per_core": found.per_core._asdict(),
                "wall": found.wall._asdict(),
            }
            for target, found in reached(outcomes).items()
        ],
    }


def _contender(outcome: Outcome) -> dict[str, Any]:
    worked = outcome.has_result
    return {
        "name": outcome.contender.name,
        "does": outcome.contender.does,
        "events_per_s": round(outcome.events_per_s.median, 1) if worked else None,
        "cores": round(outcome.cores.median, 3) if worked else None,
        "per_core": round(outcome.per_core.median, 1) if worked else None,
        "commit_interval_ms": outcome.contender.commit_interval_ms,
        "guarantee": outcome.contender.guarantee,
        "failure": outcome.failure._asdict() if outcome.failure else None,
        "absence": outcome.absence,
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
        if not outcome.has_result:
            axes.text(0, row, "  failed" if outcome.failure else "  not available", va="center", color="tab:red")
            continue
        speed = outcome.per_core
        ours = outcome.contender.name.startswith("lakay-")
        colour = "tab:gray" if outcome.contender.is_limit else "tab:orange" if ours else "tab:blue"
        axes.barh(row, speed.median, height=0.55, color=colour, alpha=0.75)
        axes.plot([run.per_core for run in outcome.runs], [row] * len(outcome.runs), "k.", markersize=5)
        axes.text(speed.high, row, f"   {speed.median:,.0f}", va="center")
    names = [
        f"{outcome.contender.name}\n{'limit' if outcome.contender.is_limit else outcome.contender.guarantee}"
        for outcome in outcomes
    ]
    axes.set_yticks(range(len(outcomes)), names)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("events per second of one core, one worker process (bar: median, dots: runs)")
    figure.savefig(path, dpi=150)
    plt.close(figure)
