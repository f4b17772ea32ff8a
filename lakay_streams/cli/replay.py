"""`lakay replay` and `lakay state`: the past run again from the lake."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lakay_streams.cli.shared import extra, progress, settings_in_force

if TYPE_CHECKING:
    from lakay_streams.replay.comparing import Comparison
    from lakay_streams.replay.request import Done, Folder, Request
    from lakay_streams.settings import Settings

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]


def replay(
    since: Annotated[
        datetime | None, typer.Option("--from", formats=_FORMATS, help="UTC; what was processed from then on.")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=_FORMATS, help="UTC; and before then.")] = None,
    candidate: Annotated[
        Path | None,
        typer.Option(
            "--settings", help="Decide with those in force now and what this .env changes, not with those of then."
        ),
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Its folder; one in LAKAY_DATA_DIR unless given. It goes on where it ended.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Partitions at once; the processors unless given.")
    ] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Compare its alerts with those that were sent.")] = False,
    versus: Annotated[
        Path | None, typer.Option("--versus", help="Compare with the replay in this folder instead.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Compare with the truth, too: labels as `lakay simulate` writes them.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Print its units as commands, and run none.")] = False,
    unit: Annotated[
        int | None, typer.Option(min=0, help="Run this unit of the replay in --into, and no other.")
    ] = None,
    merge: Annotated[bool, typer.Option("--merge", help="Join the units in --into, which others have run.")] = False,
) -> None:
    """Run a period again from the lake, with the code of this version, and without Kafka.

    It follows the journal: the same records in the same order, with the settings and rates that were in force, give the
    same alerts. They go to the folder of the replay and nowhere else, with the states at the end. With --settings it
    tells what other settings would have found.
    """
    with extra("lake", "the lake"):
        from lakay_streams.replay import service
        from lakay_streams.replay.request import Folder

    settings = settings_in_force()
    _quiet(settings)
    if unit is not None:
        from lakay_streams.process.garbage import collect_seldom
        from lakay_streams.replay.unit import run as run_unit

        collect_seldom()
        with progress() as tell:
            run_unit(settings, Folder(_given(into)), unit, tell)
        return
    if merge or since is None or until is None:
        if since is not None or until is not None:
            raise typer.BadParameter("--from and --to go together, and without --merge")
        folder = Folder(_given(into))
        request = folder.request()
    else:
        settings_of = candidate_of(candidate) if candidate else None
        begin, end = (round(each.replace(tzinfo=UTC).timestamp() * 1000) for each in (since, until))
        version = settings_of.version if settings_of else "as-it-was"
        name = f"{since:%Y%m%dT%H%M}-{until:%Y%m%dT%H%M}-{version}"
        folder = Folder(into or settings.lakay_data_dir / "replays" / name)
        request = service.begin(settings, folder, begin, end, settings_of)
    if plan:
        print("\n".join(service.commands(folder, request)))
        print(f"lakay replay --into {folder.path} --merge")
        return
    if merge:
        units = service.merged(folder)
    else:
        with progress() as tell:
            units = service.run(folder, request, processes or os.cpu_count() or 1, tell)
    _show(folder, request, units)
    other, before = (Folder(versus), "replayed before") if versus else (None, "sent")
    if compare or versus is not None:
        _show_comparison(folder, service.compare(settings, folder, other), before)
    if labels is not None:
        for run, grades in zip((before, "now"), service.graded(settings, folder, labels, other), strict=True):
            precision, recall = (
                "none" if share is None else f"{share:.1%}" for share in (grades.precision, grades.fraud_recall)
            )
            print(f"{run}: {grades.alerts} fraud and takeover alerts, precision {precision}, recall of fraud {recall}")


def state(
    key: Annotated[str, typer.Argument(help="A user, circle or remittance.")],
    at: Annotated[datetime, typer.Option("--at", formats=_FORMATS, help="UTC; what had been processed before then.")],
) -> None:
    """Print what was known of somebody at a time, as JSON: the past of one partition, run again until then.

    It takes as long as a replay from the journal's beginning. What is known now is on the workers' pages.
    """
    with extra("lake", "the lake"):
        from lakay_streams.replay.state import state_at
    import json

    from lakay_streams.process.garbage import collect_seldom

    settings = settings_in_force()
    _quiet(settings)
    collect_seldom()
    with progress() as tell:
        found = state_at(settings, key, round(at.replace(tzinfo=UTC).timestamp() * 1000), tell)
    print(json.dumps(found, indent=2, ensure_ascii=False))


def _given(into: Path | None) -> Path:
    if into is None:
        raise typer.BadParameter("name the replay's folder with --into, or begin one with --from and --to")
    return into


def candidate_of(path: Path) -> Settings:
    """Return the settings in force with those of a file in their place, whatever the environment says of them."""
    from dotenv import dotenv_values

    from lakay_streams.errors import SettingsError
    from lakay_streams.settings import load_settings

    try:
        given = dotenv_values(path) if path.is_file() else {}
    except (OSError, UnicodeDecodeError):
        given = {}
    if not given:
        raise SettingsError(f"{path} has no settings: give an .env with those that are to be tried")
    before = dict(os.environ)
    os.environ.update({name: value or "" for name, value in given.items()})
    try:
        return load_settings()
    finally:
        os.environ.clear()
        os.environ.update(before)


def _quiet(settings: Settings) -> None:
    """Log errors alone: what a worker logs of an alert would be taken for an alert of today."""
    from lakay_streams.pii.keys import token_keys
    from lakay_streams.pii.logs import LogScreen
    from lakay_streams.pii.tokens import Tokens
    from lakay_streams.telemetry import logs

    logs.configure("CRITICAL", screen=LogScreen(Tokens(token_keys(settings))), quote=settings.debug)


def _show(folder: Folder, request: Request, units: list[Done]) -> None:
    from lakay_streams.replay.request import shown
    from lakay_streams.replay.service import remarks

    records, seconds = sum(unit.records for unit in units), sum(unit.seconds for unit in units)
    print(
        f"{shown(request.since)} to {shown(request.until)}: {records:,} records of {len(units)} partitions run again, "
        f"{sum(unit.outputs for unit in units):,} outputs in {folder.path}."
    )
    print(f"{records / seconds if seconds else 0:,.0f} records a second of each process.")
    for remark in remarks(units, request):
        print(remark, file=sys.stderr)


def _show_comparison(folder: Folder, found: Comparison, before: str) -> None:
    import msgspec
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from lakay_streams.process.private import write_private
    from lakay_streams.replay import page

    write_private(folder.path / "comparison.json", msgspec.json.format(msgspec.json.encode(found)))
    write_private(folder.path / "comparison.html", page.rendered(found, before).encode())
    console = Console()
    width = None if console.is_terminal else 10_000
    table = Table(box=box.SIMPLE_HEAD)
    for head in ("topic", before, "now", "a day", "same", "appear", "vanish", "change", "another tier"):
        table.add_column(head, justify="left" if head == "topic" else "right", no_wrap=True)
    for topic, of in found.topics.items():
        counts = of.counts
        numbers = (counts.same, counts.appeared, counts.vanished, counts.changed, counts.retiered)
        a_day = f"{counts.after / found.days:,.1f}" if found.days else ""
        table.add_row(topic, str(counts.before), str(counts.after), a_day, *map(str, numbers))
    console.print(table, width=width, soft_wrap=not console.is_terminal)
    rules = Table(box=box.SIMPLE_HEAD)
    for head in ("rule", "appear", "vanish"):
        rules.add_column(head, justify="left" if head == "rule" else "right", no_wrap=True)
    for of in found.topics.values():
        for rule, (more, less) in of.by_rule.items():
            rules.add_row(rule, str(more), str(less))
    if rules.row_count:
        console.print(rules, width=width, soft_wrap=not console.is_terminal)
    print("Every alert is the same." if found.is_same else f"{folder.path / 'comparison.html'} shows examples.")
