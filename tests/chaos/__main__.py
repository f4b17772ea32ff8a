"""`make chaos`: inject faults and say what came of it.

CHAOS_FAULTS (40) is how many faults, CHAOS_SEED (1) which, CHAOS_KINDS (all) which kinds, separated by commas. The
report goes to build/chaos.json, the workers' logs to build/chaos. Exit code 1 tells of a difference; all data then
stays there too.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import statistics
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.chaos.faults import FAULTS
from tests.chaos.run import Outcome, Plan, run

FOLDER = Path("build/chaos").absolute()
REPORT = Path("build/chaos.json").absolute()


def plan() -> Plan:
    """Read the plan from the environment; exit with what is wrong with it."""
    kinds = tuple(kind for kind in os.environ.get("CHAOS_KINDS", "").split(",") if kind) or tuple(FAULTS)
    unknown = sorted(set(kinds) - set(FAULTS))
    if unknown:
        sys.exit(f"CHAOS_KINDS: {unknown[0]} is no kind of fault: choose from {', '.join(FAULTS)}")
    try:
        return Plan(int(os.environ.get("CHAOS_SEED", "1")), int(os.environ.get("CHAOS_FAULTS", "40")), kinds)
    except ValueError as error:
        sys.exit(f"CHAOS_SEED and CHAOS_FAULTS are whole numbers ({error})")


def by_kind(outcome: Outcome) -> dict[str, int]:
    """Count the injected faults by kind, in the order of the kinds."""
    counts = Counter(fault.kind for fault in outcome.injected)
    return {kind: counts[kind] for kind in FAULTS if counts[kind]}


def report(outcome: Outcome) -> dict[str, object]:
    """Return what is kept of a run."""
    verdict = outcome.verdict
    return {
        "seed": outcome.plan.seed,
        "faults": len(outcome.injected),
        "faults_by_kind": by_kind(outcome),
        "not_injected": outcome.missed,
        "events": verdict.events,
        "outputs": verdict.outputs,
        "parked": verdict.parked,
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "differences": verdict.differences,
        "seconds": round(outcome.seconds, 1),
        "worker_restarts": outcome.restarts,
        "logged": outcome.told,
        "schedule": [fault._asdict() for fault in outcome.injected],
    }


def show(console: Console, outcome: Outcome) -> None:
    """Print the counts by kind and what came out."""
    table = Table("fault", "times", "seconds until all move again (median, worst)", title="Faults injected")
    for kind, times in by_kind(outcome).items():
        took = [fault.recovered_s for fault in outcome.injected if fault.kind == kind and fault.recovered_s is not None]
        table.add_row(kind, str(times), f"{statistics.median(took):.1f}, {max(took):.1f}" if took else "")
    console.print(table)
    if outcome.missed:
        console.print(f"not injected: {', '.join(f'{kind} {times}' for kind, times in outcome.missed.items())}")
    told = ", ".join(f"{event} {times}" for event, times in outcome.told.items())
    console.print(f"{outcome.restarts} restarts of workers; they logged {told}")
    verdict = outcome.verdict
    for difference in verdict.differences:
        console.print(f"DIFFERENCE  {difference}", markup=False)
    console.print(
        f"seed {outcome.plan.seed}: {len(outcome.injected)} faults, {verdict.events} events, "
        f"{verdict.outputs} outputs, {verdict.parked} parked, {verdict.lost} lost, {verdict.doubled} doubled, "
        f"{len(verdict.differences)} differences, {outcome.seconds:.0f} s"
    )


def main() -> int:
    """Run, report, and return the exit code."""
    # Of what a client says of a broker that is away, the report tells enough.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    planned = plan()
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f"Chaos, seed {planned.seed}", total=planned.faults)

        def tell(injected: int, line: str) -> None:
            progress.update(bar, completed=injected)
            console.print(f"{injected:3}/{planned.faults}  {line}", markup=False, soft_wrap=True)

        outcome = run(planned, FOLDER, tell)
    REPORT.write_text(json.dumps(report(outcome), indent=2) + "\n")
    show(console, outcome)
    if outcome.held:
        for entry in filter(Path.is_dir, FOLDER.iterdir()):
            shutil.rmtree(entry)
        return 0
    console.print(
        f"Logs and data are in {FOLDER}; CHAOS_SEED={planned.seed} deals the same faults again.", markup=False
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
