"""`lakay db`: the PostgreSQL database, its schema and what it keeps, from the command line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from lakay_streams.cli.shared import EXIT_CODES, archive_extra, in_transaction, settings_in_force

if TYPE_CHECKING:
    from psycopg import AsyncConnection


Result = TypeVar("Result")


app = typer.Typer(help="The PostgreSQL database: its schema, and what it keeps how long.", no_args_is_help=True)


@app.command("init", epilog=EXIT_CODES)
def init() -> None:
    """Make the schema in a fresh database; one that has it already is left as it is."""
    with archive_extra():
        from lakay_streams.db import schema
    settings = settings_in_force()
    schema.init_db(settings)
    print(f"The database is at revision {schema.status(settings).current}.")


Revision = Annotated[str, typer.Argument(help="A revision, or steps such as +1 and -1.")]


@app.command("upgrade", epilog=EXIT_CODES)
def upgrade(revision: Revision = "head") -> None:
    """Bring the schema up; without an argument, to what this version needs."""
    with archive_extra():
        from lakay_streams.db import schema
    settings = settings_in_force()
    before = schema.status(settings).current
    schema.upgrade(settings, revision)
    print(f"The database went from revision {before} to {schema.status(settings).current}.")


@app.command("downgrade", epilog=EXIT_CODES, context_settings={"ignore_unknown_options": True})
def downgrade(revision: Revision = "-1") -> None:
    """Bring the schema down; without an argument, by one revision. What would delete records to be kept is refused."""
    with archive_extra():
        from lakay_streams.db import schema
    settings = settings_in_force()
    before = schema.status(settings).current
    schema.downgrade(settings, revision)
    print(f"The database went from revision {before} to {schema.status(settings).current}.")


@app.command("grant", epilog=EXIT_CODES)
def grant() -> None:
    """Give the role of DATABASE_URL what it needs of the tables that the role of DATABASE_OWNER_URL owns.

    `init`, `upgrade` and `downgrade` do so, too.
    """
    with archive_extra():
        from lakay_streams.db import schema
    role = schema.grant(settings_in_force())
    print("One role does everything: set DATABASE_OWNER_URL for two." if role is None else f"{role} has its rights.")


@app.command("status", epilog="Exit codes: 0 the schema is this version's, 1 it is not, or no database, 2 wrong usage.")
def status() -> None:
    """Print which revision the database is at, and which steps this version needs."""
    with archive_extra():
        from lakay_streams.db import schema
    found = schema.status(settings_in_force())
    print(f"revision {found.current}, needed {found.wanted}")
    for step in found.pending:
        print(f"  to come: {step}")
    raise typer.Exit(1 if found.pending else 0)


@app.command("retention", epilog=EXIT_CODES)
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
    for table, rows in in_transaction(as_owner(settings_in_force()), work).items():
        print(f"{'deleted' if delete else 'would delete'} {rows} of {table} from before {day}")
