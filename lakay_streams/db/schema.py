"""The schema: brought up and down by Alembic, one transaction for all the steps of a call.

A fresh database is initialised by whoever comes first (`init_db`); any other change of schema is an operator's
(`lakay db upgrade`). Concurrent callers wait for each other. Steps are the owner's (`roles.py`), who grants the
application's role its rights with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from lakay_streams.db import roles
from lakay_streams.db.url import parameters_of, reason_of, variable_of
from lakay_streams.errors import DatabaseError, DatabaseUnavailable
from lakay_streams.settings import Settings

MIGRATIONS = "lakay_streams.db:migrations"

#: Held while the schema changes (`pg_advisory_xact_lock`), so that two who start at once do not both make it.
SCHEMA_LOCK = 0x1A_4A_11

#: Where nothing was ever migrated.
NOTHING = "base"


class Status(NamedTuple):
    """What revision the database is at, what this version wants, and the steps between, oldest first."""

    current: str
    wanted: str
    pending: tuple[str, ...]


def status(settings: Settings) -> Status:
    """Return how the database's schema stands to this version.

    Raises `DatabaseUnavailable`, or `DatabaseError` when the database is of a newer version.
    """
    scripts = ScriptDirectory.from_config(_config())
    with connected(settings) as connection:
        current = _current(connection)
    wanted = scripts.get_current_head() or NOTHING
    try:
        steps = [step.revision for step in scripts.iterate_revisions(wanted, current)]
    except (CommandError, RevisionError):
        raise DatabaseError(
            f"The database is at revision {current}, which this version does not know (its own is {wanted}): "
            "install the version that made it, or go back with that version's `lakay db downgrade`."
        ) from None
    return Status(current, wanted, tuple(reversed(steps)))


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Bring the schema up to `revision`: an id, "head", or "+1"."""
    _migrate(settings, command.upgrade, revision)


def downgrade(settings: Settings, revision: str = "-1") -> None:
    """Bring the schema down to `revision`: an id, "base", or "-1". Refused where it would delete records to be kept."""
    _migrate(settings, command.downgrade, revision)


def init_db(settings: Settings) -> None:
    """Make the schema in a fresh database; leave one of this version as it is.

    Raises `DatabaseError` for a database of another version: its change is an operator's decision.
    """
    if status(settings).current == NOTHING:
        upgrade(settings)
    require(settings)


def require(settings: Settings) -> None:
    """Raise `DatabaseError` unless the database has the schema of this version."""
    found = status(settings)
    if found.current == NOTHING:
        raise DatabaseError("The database is empty: run `lakay db init`, or start `lakay archive`, which does it.")
    if found.pending:
        raise DatabaseError(
            f"The database is at revision {found.current} and this version needs {found.wanted}: "
            "run `lakay db upgrade`, best after a backup."
        )


def grant(settings: Settings) -> str | None:
    """Set the rights of the application's role; return its name, None where there is one role only."""
    with connected(roles.as_owner(settings)) as connection:
        lock(connection)
        roles.require_owner(connection, settings)
        return roles.grant(connection, settings)


def _migrate(settings: Settings, change: Callable[[Config, str], None], revision: str) -> None:
    with connected(roles.as_owner(settings)) as connection:
        try:
            lock(connection)
            roles.require_owner(connection, settings)
            _current(connection)
            change(_config(connection), revision)
            roles.grant(connection, settings)
        except CommandError as unknown:
            raise DatabaseError(f"There is no such step ({unknown}): see `lakay db status`.") from None
        except DBAPIError as failure:
            if isinstance(failure.orig, psycopg.errors.RaiseException):
                # A step's own refusal, written to be read.
                raise DatabaseError(str(failure.orig.diag.message_primary)) from None
            if isinstance(failure.orig, psycopg.errors.InsufficientPrivilege):
                raise DatabaseError(
                    f"The role may not change the schema ({failure.orig.diag.message_primary}): name the one that owns "
                    "the tables in DATABASE_OWNER_URL."
                ) from None
            raise


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.attributes["connection"] = connection
    return config


@contextmanager
def connected(settings: Settings) -> Iterator[Connection]:
    """Connect, for one transaction, which is committed at the end.

    Raises `DatabaseUnavailable`, or `DatabaseError` when PostgreSQL refuses a statement, as over a schema that somebody
    else has changed.
    """
    parameters = parameters_of(settings, "lakay-migrations")
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(**parameters), poolclass=NullPool)
    try:
        with engine.begin() as connection:
            yield connection
    except OperationalError as failure:
        raise DatabaseUnavailable(
            f"PostgreSQL cannot be used ({reason_of(failure.orig or failure, parameters)}): "
            f"start it, or correct {variable_of(settings)}."
        ) from None
    except DBAPIError as failure:
        raise DatabaseError(
            f"PostgreSQL refused a statement, and nothing was changed ({_words_of(failure.orig)}): see "
            "whether the tables are those of the revision that `lakay db status` says, else restore a backup."
        ) from None


def _current(connection: Connection) -> str:
    heads = MigrationContext.configure(connection).get_current_heads()
    if len(heads) > 1:
        raise DatabaseError(
            f"The database says that it is at {len(heads)} revisions at once ({', '.join(sorted(heads))}): leave the "
            "one in alembic_version that the tables are of, or restore a backup."
        )
    return next(iter(heads), NOTHING)


def _words_of(refusal: BaseException | None) -> str:
    """Return what PostgreSQL says of tables and columns; what it says of data quotes them, and is its kind alone."""
    if isinstance(refusal, psycopg.Error) and not isinstance(refusal, psycopg.DataError):
        return refusal.diag.message_primary or type(refusal).__name__
    return type(refusal).__name__


def lock(connection: Connection) -> None:
    """Wait until nobody else changes the schema, and keep others waiting until the end of the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SCHEMA_LOCK})
