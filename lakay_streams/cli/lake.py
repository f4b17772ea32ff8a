"""`lakay lake`: every record as it came, in Parquet files: written, counted and verified."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lakay_streams.cli.processes import supervise
from lakay_streams.cli.shared import EXIT_CODES, extra, in_transaction, progress, settings_in_force

if TYPE_CHECKING:
    from psycopg import AsyncConnection

app = typer.Typer(help="The lake: every record as it came, in Parquet files.", no_args_is_help=True)


@app.command("run", epilog=EXIT_CODES)
def run(
    port: Annotated[int | None, typer.Option(help="Port of its web pages, instead of LAKE_PORT.")] = None,
    without_web: Annotated[bool, typer.Option("--without-web", help="Serve no web pages.")] = False,
    no_supervise: Annotated[
        bool, typer.Option("--no-supervise", help="Do not start it again; exit code 70 asks whoever started it to.")
    ] = False,
) -> None:
    """Write every record of Kafka into the lake, until stopped.

    Files go to DATALAKE_BUCKET at DATALAKE_ENDPOINT, or to a folder of LAKAY_DATA_DIR where that is empty. Which files
    there are stands in PostgreSQL. Start more of them to share the load, each with its own --port.
    """
    if not no_supervise:
        raise typer.Exit(supervise())
    loaded = settings_in_force(serving=True)
    if port is not None:
        loaded = loaded.model_copy(update={"lake_port": port})
    with extra("lake", "the lake"):
        from agents.lake import main
    raise typer.Exit(main(loaded, with_web=not without_web))


@app.command("stats", epilog=EXIT_CODES)
def stats() -> None:
    """Show how many records, files and bytes the lake has of each event type."""
    with extra("lake", "the lake"):
        from lakay_streams.lake import manifest
    found = in_transaction(settings_in_force(), manifest.stats)
    _show(
        ("topic", "event type", "files", "records", "bytes", "from", "to", "last written"),
        [(*each[:5], each.since, each.until, f"{each.flushed_at:%Y-%m-%dT%H:%M:%SZ}") for each in found],
    )


@app.command("partitions", epilog=EXIT_CODES)
def partitions(event_type: Annotated[str | None, typer.Argument(help="Only this event type.")] = None) -> None:
    """Show what the lake has by event type and day."""
    with extra("lake", "the lake"):
        from lakay_streams.lake import manifest

    async def work(connection: AsyncConnection[Any]) -> list[manifest.Partition]:
        return await manifest.partitions(connection, event_type)

    found = in_transaction(settings_in_force(), work)
    _show(
        ("event type", "day", "topic", "files", "records", "bytes"),
        [(each.event_type, each.event_date, each.topic, each.files, each.records, each.bytes) for each in found],
    )


@app.command("verify", epilog="Exit codes: 0 all is whole, 1 it is not, or a server is away, 2 wrong usage.")
def verify() -> None:
    """Compare the lake with Kafka and with its manifest: every record once, every file whole, no file too many."""
    with extra("lake", "the lake"):
        from lakay_streams.lake.verifying import verify as compare
    with progress() as tell:
        verdict = compare(settings_in_force(), tell)
    for fault in verdict.faults:
        print(fault, file=sys.stderr)
    print(f"{verdict.files} files, {verdict.records} records: {len(verdict.faults) or 'no'} faults.")
    raise typer.Exit(1 if verdict.faults else 0)


@app.command("compact", epilog=EXIT_CODES)
def compact(
    before: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="UTC; only days before it, today unless given.")
    ] = None,
) -> None:
    """Make few large files of the many small ones of each day that is over.

    Run it daily, and again for days of which late events came. `lakay lake expire` deletes the small ones a day later.
    """
    with extra("lake", "the lake"):
        from lakay_streams.lake.compacting import compact as merge
    day = before.date() if before else datetime.now(UTC).date()
    with progress() as tell:
        done = merge(settings_in_force(), day, tell)
    print(f"{done.files} files became {done.into}.")


@app.command("expire", epilog=EXIT_CODES)
def expire() -> None:
    """Delete what nobody reads: files that compaction replaced a day ago, and those of flushes that were cut off."""
    with extra("lake", "the lake"):
        from lakay_streams.lake.compacting import expire as delete
    deleted = delete(settings_in_force())
    for path in deleted:
        print(path)
    print(f"{len(deleted) or 'no'} files deleted.", file=sys.stderr)


@app.command("erase", epilog=EXIT_CODES)
def erase(
    user_id: Annotated[str, typer.Argument(help="Whose records.")],
    delete: Annotated[bool, typer.Option("--delete", help="Delete the keys; without it, only tell which.")] = False,
) -> None:
    """Erase a person: delete the keys of the person's records, month by month, so that nothing opens them any more.

    Months that the Bank Secrecy Act wants kept are told with the reason, and stay. What PostgreSQL has of a person
    (alerts, reports) goes by `lakay db retention`. Erasing is put into the audit trail.
    """
    with extra("lake", "the lake"):
        from lakay_streams.db import audit as trail
        from lakay_streams.db.roles import as_owner
        from lakay_streams.lake import erasing
    from lakay_streams.pii.keys import token_keys
    from lakay_streams.pii.tokens import Tokens

    settings = settings_in_force()
    tokens, today = Tokens(token_keys(settings)), datetime.now(UTC).date()

    async def work(connection: AsyncConnection[Any]) -> erasing.Erasure:
        if delete:
            return await erasing.erase(connection, tokens, user_id, today, actor=trail.operator())
        return await erasing.erasable(connection, tokens, user_id, today)

    # Whoever deletes owns the tables: the application's role may not.
    found = in_transaction(as_owner(settings), work)
    for month in found.months:
        print(f"{month:%Y-%m} {'is erased' if delete else 'would be erased'}")
    for held in found.held:
        print(
            f"{held.month:%Y-%m} stays: {held.alerts} alerts of compliance ({held.alert_type}) are about it, the last "
            f"told on {held.told_last}; kept for five years from then (31 CFR 1010.430(d))"
        )
    if not (found.months or found.held):
        print("the lake has no records of this person")


def _show(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for head in heads:
        table.add_column(head, justify="right" if head in {"files", "records", "bytes"} else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row))
    console = Console()
    # On paper, in a file or in a pipe a table is as wide as it is.
    console.print(table, width=None if console.is_terminal else 10_000, soft_wrap=not console.is_terminal)
