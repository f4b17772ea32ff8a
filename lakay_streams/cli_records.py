"""`lakay db` and `lakay audit`: what is kept in PostgreSQL, from the command line."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from lakay_streams.commands import EXIT_CODES, extra, settings_in_force
from lakay_streams.errors import AuditError

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


@db.command("grant", epilog=EXIT_CODES)
def grant() -> None:
    """Give the role of DATABASE_URL what it needs of the tables that the role of DATABASE_OWNER_URL owns.

    `init`, `upgrade` and `downgrade` do so, too.
    """
    with archive_extra():
        from lakay_streams.db import schema
    role = schema.grant(settings_in_force())
    print("One role does everything: set DATABASE_OWNER_URL for two." if role is None else f"{role} has its rights.")


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
        from lakay_streams.db.roles import as_owner

    day = before.date() if before else rules.latest_cutoff(datetime.now(UTC).date())

    async def work(connection: AsyncConnection[Any]) -> dict[str, int]:
        if delete:
            return await rules.delete_expired(connection, day, actor=trail.operator())
        return await rules.expired(connection, day)

    # Whoever deletes owns the tables: the application's role may not.
    for table, rows in _in_transaction(as_owner(settings_in_force()), work).items():
        print(f"{'deleted' if delete else 'would delete'} {rows} of {table} from before {day}")


@audit.command("verify", epilog="Exit codes: 0 all is whole, 1 it is not, or no database, 2 wrong usage.")
def verify(
    expect: Annotated[str | None, typer.Option(help="A head noted elsewhere, SEQ:HASH: finds a rewritten end.")] = None,
    heads: Annotated[
        Path | None, typer.Option(help="Folder of the signed heads; that of the archive on this machine unless given.")
    ] = None,
) -> None:
    """Follow the audit trail from its first row, and tell every row that was changed, removed or moved.

    Then compare it with the last head that an archive signed, and every revision of every alert, every filing and
    every report that was filed with the digest that the trail has of it. Who can rewrite the whole trail can rewrite
    neither the signed heads nor the digests.
    """
    with archive_extra():
        from lakay_streams.archive.verifying import verify_revisions
        from lakay_streams.db import audit as trail
        from lakay_streams.db.heads import Heads
        from lakay_streams.reports.verifying import verify_filings
    try:
        expected = [trail.Head.parse(expect)] if expect else []
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--expect") from None
    settings = settings_in_force()
    problems: list[str] = []
    last = None
    # Before the trail, which may grow meanwhile, and not lose the row that was signed.
    signed = Heads.of(settings, folder=heads)
    try:
        last = signed.last()
    except AuditError as broken:
        problems.append(str(broken))
    else:
        if last is not None:
            expected.append(last.head)

    async def work(connection: AsyncConnection[Any]) -> trail.Verdict:
        verdict = await trail.verify(connection, *expected)
        problems.extend(verdict.problems)
        for check in (verify_revisions, verify_filings):
            problems.extend(await check(connection, settings))
        return verdict

    verdict = _in_transaction(settings, work)
    if last is None and not problems and (signed.folder.parent.exists() or sys.stderr.isatty()):
        # A trail whose end was cut off looks whole.
        print(f"No signed head is in {signed.folder}: name their folder with --heads.", file=sys.stderr)
    for problem in problems:
        print(problem)
    print(f"{verdict.rows} rows, {'NOT WHOLE' if problems else 'whole'}, head {verdict.head}")
    raise typer.Exit(1 if problems else 0)


@audit.command("sign", epilog=EXIT_CODES)
def sign(
    after_restore: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="The database is an older backup: say so, and go on from there."),
    ] = None,
) -> None:
    """Sign the head of the trail as it is now, as an archive does every minute; refused where the trail was cut."""
    with archive_extra():
        from lakay_streams.db import audit as trail
        from lakay_streams.db.heads import Heads
    settings = settings_in_force()
    heads = Heads.of(settings)
    if after_restore:
        reason = after_restore
        _in_transaction(settings, lambda each: heads.note_restored(each, reason, actor=trail.operator()))
    signed = _in_transaction(settings, lambda each: heads.sign(each, restored=bool(after_restore))) or heads.last()
    print(
        "The trail is empty." if signed is None else f"head {signed.head}, signed {signed.at} with {signed.signature}"
    )


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
