"""`lakay db` and `lakay audit`: what is kept in PostgreSQL, from the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from lakay_streams.commands import EXIT_CODES, extra, settings_in_force

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from lakay_streams.settings import Settings

Result = TypeVar("Result")

archive_extra = partial(extra, "archive", "everything about the database")

db = typer.Typer(help="The PostgreSQL database: its schema, and what it keeps how long.", no_args_is_help=True)
audit = typer.Typer(help="The audit trail.", no_args_is_help=True)


def _in_transaction(settings: Settings, work: Callable[[AsyncConnection[Any]], Awaitable[Result]]) -> Result:
    """Do `work` in one transaction, in a database with the schema of this version."""
    from lakay_streams.db import schema
    from lakay_streams.db.pool import Database

    schema.require(settings)

    async def run() -> Result:
        async with Database(settings, application="lakay-cli") as database, database.connection() as connection:
            return await work(connection)

    return asyncio.run(run())


@db.command("init", epilog=EXIT_CODES)
def init() -> None:
    """Make the schema in a fresh database; one that has it already is left as it is."""
    with archive_extra():
        from lakay_streams.db import schema
    settings = settings_in_force()
    schema.init_db(settings)
    print(f"The database is at revision {schema.status(settings).current}.")


Revision = Annotated[str, typer.Argument(help="A revision, or steps such as +1 and -1.")]


@db.command("upgrade", epilog=EXIT_CODES)
def upgrade(revision: Revision = "head") -> None:
    """Bring the schema up; without an argument, to what this version needs."""
    with archive_extra():
        from lakay_streams.db import schema
    settings = settings_in_force()
    before = schema.status(settings).current
    schema.upgrade(settings, revision)
    print(f"The database went from revision {before} to {schema.status(settings).current}.")


@db.command("downgrade", epilog=EXIT_CODES, context_settings={"ignore_unknown_options": True})
def downgrade(revision: Revision = "-1") -> None:
    """Bring the schema down; without an argument, by one revision. What would delete records to be kept is refused."""
    with archive_extra():
        from lakay_streams.db import schema
    settings = settings_in_force()
    before = schema.status(settings).current
    schema.downgrade(settings, revision)
    print(f"The database went from revision {before} to {schema.status(settings).current}.")


@db.command("status", epilog="Exit codes: 0 the schema is this version's, 1 it is not, or no database, 2 wrong usage.")
def status() -> None:
    """Print which revision the database is at, and which steps this version needs."""
    with archive_extra():
        from lakay_streams.db import schema
    found = schema.status(settings_in_force())
    print(f"revision {found.current}, needed {found.wanted}")
    for step in found.pending:
        print(f"  to come: {step}")
    raise typer.Exit(1 if found.pending else 0)


@db.command("retention", epilog=EXIT_CODES)
def retention(
    before: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="UTC; the latest allowed day unless given.")
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete; without it, only count.")] = False,
) -> None:
    """Count, and with --delete delete, what is old enough: last written more than five years ago (31 CFR 1010.430).

    Deleting is put into the audit trail.
    """
    with archive_extra():
        from lakay_streams.db import audit as trail
        from lakay_streams.db import retention as rules

    day = before.date() if before else rules.latest_cutoff(datetime.now(UTC).date())

    async def work(connection: AsyncConnection[Any]) -> dict[str, int]:
        if delete:
            return await rules.delete_expired(connection, day, actor=trail.operator())
        return await rules.expired(connection, day)

    for table, rows in _in_transaction(settings_in_force(), work).items():
        print(f"{'deleted' if delete else 'would delete'} {rows} of {table} from before {day}")


@audit.command("verify", epilog="Exit codes: 0 the trail is whole, 1 it is not, or no database, 2 wrong usage.")
def verify(
    expect: Annotated[str | None, typer.Option(help="A head noted elsewhere, SEQ:HASH: finds a rewritten end.")] = None,
) -> None:
    """Follow the audit trail from its first row, and tell every row that was changed, removed or moved.

    Note the head it prints somewhere else: who can rewrite the whole trail cannot rewrite that.
    """
    with archive_extra():
        from lakay_streams.db import audit as trail
    try:
        expected = trail.Head.parse(expect) if expect else None
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--expect") from None
    verdict = _in_transaction(settings_in_force(), lambda connection: trail.verify(connection, expected))
    for problem in verdict.problems:
        print(problem)
    print(f"{verdict.rows} rows, {'NOT WHOLE' if verdict.problems else 'whole'}, head {verdict.head}")
    raise typer.Exit(1 if verdict.problems else 0)


@audit.command("show", epilog=EXIT_CODES)
def show(
    last: Annotated[int, typer.Option(min=1, help="How many rows, the newest.")] = 20,
    subject: Annotated[str | None, typer.Option(help="Only rows about this.")] = None,
) -> None:
    """Print the newest rows of the audit trail, one JSON object a line, oldest first."""
    with archive_extra():
        from lakay_streams.db import audit as trail

    for entry in _in_transaction(settings_in_force(), lambda connection: trail.latest(connection, last, subject)):
        print(entry)
