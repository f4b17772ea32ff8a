"""Two roles: one owns the tables and migrates them, the other one is the application's and can undo no protection.

Who owns a table may drop its triggers, alter it and truncate it, whatever it protects. So DATABASE_OWNER_URL names the
role that migrates and that `lakay db retention` deletes as, and the role of DATABASE_URL is granted what the archive,
the API and the command line need: it reads everything, adds records, changes of each what may change, and deletes
nothing. `lakay db init`, `upgrade` and `grant` set the grants. With DATABASE_URL alone, one role does everything, which
is said at start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import AsyncConnection
from sqlalchemy import Connection, text

from lakay_streams.db.url import parameters_of
from lakay_streams.errors import DatabaseError
from lakay_streams.settings import Settings
from lakay_streams.telemetry.logs import get_logger

log = get_logger()

#: Times that the database itself writes: nobody can add a record that is older than it is. (That of `submissions` is
#: set by a trigger; other tables tell by the same name when something was recorded elsewhere.)
_OWN_TIMES = frozenset({"archived_at", "revised_at", "created_at", "changed_at"})

_SEAL = ("sealed", "encryption_key")
_TOKENS = ("body", "entity", "token_key", *_SEAL)

MAY_CHANGE: dict[str, tuple[str, ...]] = {
    "alembic_version": (),
    "audit_trail": (),
    # Its head is changed by a trigger; this column, which has one value, lets it be locked.
    "audit_head": ("one",),
    "alerts": (
        *("revision", "tier", "score", "occurred_at", "recorded_at", "revised_at", "settings_version", "topic"),
        *("partition", "topic_offset", *_TOKENS),
    ),
    "alert_revisions": _TOKENS,
    "rejects": ("reasons",),
    "quarantine": _SEAL,
    "reports": _SEAL,
    "submissions": (),
    "lake_commits": (),
    "lake_files": ("bytes", "sha256", "added", "removed", "deleted_at"),
    "lake_keys": ("subject", "token_key", *_SEAL),
}
"""The columns that the application may change; of a table that is not here, every one."""

MAY_NOT_ADD = frozenset({"alembic_version", "audit_head"})
"""Tables that the application adds no rows to."""


def as_owner(settings: Settings) -> Settings:
    """Return settings whose DATABASE_URL is the owner's, if it has one of its own."""
    owner = settings.database_owner_url
    return settings if owner is None else settings.model_copy(update={"database_url": owner})


def require_owner(connection: Connection, settings: Settings) -> None:
    """Raise `DatabaseError` where there are two roles and the one of `connection` does not own every table."""
    if settings.database_owner_url is None:
        return
    found = connection.execute(
        text(
            "SELECT DISTINCT tableowner, current_user FROM pg_tables "
            "WHERE schemaname = current_schema() AND tableowner <> current_user"
        )
    ).first()
    if found is not None:
        raise DatabaseError(
            f"Tables of this database are owned by {found[0]}: as a superuser, connected to it, run "
            f'REASSIGN OWNED BY "{found[0]}" TO "{found[1]}", then this again.'
        )


def grant(connection: Connection, settings: Settings) -> str | None:
    """Give the application's role what it needs and nothing else; return its name, None where there is one role only.

    Raises `DatabaseError` when that role is not there, or may do whatever the owner may.
    """
    role = str(parameters_of(settings, "").get("user", ""))
    owner, exists, everything = connection.execute(
        text(
            "SELECT current_user::text, r.rolname IS NOT NULL, "
            "r.rolsuper OR pg_has_role(r.oid, current_user, 'MEMBER') "
            "FROM (SELECT) one LEFT JOIN pg_roles r ON r.rolname = :role"
        ),
        {"role": role},
    ).one()
    if settings.database_owner_url is None or role == owner:
        return None
    if not exists:
        raise DatabaseError(f"The role of DATABASE_URL is not there: run CREATE ROLE \"{role}\" LOGIN PASSWORD '…'.")
    if everything:
        raise DatabaseError(
            f"The role {role} of DATABASE_URL may do whatever {owner} may: take SUPERUSER and the membership from it, "
            "or name another one."
        )
    for statement in _grants(connection, role):
        connection.exec_driver_sql(statement)
    return role


def _grants(connection: Connection, role: str) -> Iterator[str]:
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(
        text(
            "SELECT table_name, column_name FROM information_schema.columns JOIN pg_tables "
            "ON schemaname = table_schema AND tablename = table_name "
            "WHERE table_schema = current_schema() AND is_generated = 'NEVER' ORDER BY table_name, ordinal_position"
        )
    ):
        columns.setdefault(table, []).append(column)
    to = f"TO {_quoted(role)}"
    for table, known in columns.items():
        name = _quoted(table)
        yield f"REVOKE ALL ON {name} FROM {_quoted(role)}"
        yield f"GRANT SELECT ON {name} {to}"
        if table not in MAY_NOT_ADD:
            yield f"GRANT INSERT ({_listed(column for column in known if column not in _OWN_TIMES)}) ON {name} {to}"
        may_change = [column for column in known if column in MAY_CHANGE.get(table, known)]
        if may_change:
            yield f"GRANT UPDATE ({_listed(iter(may_change))}) ON {name} {to}"
    schema = _quoted(str(connection.execute(text("SELECT current_schema()")).scalar_one()))
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} {to}"


async def tell(connection: AsyncConnection[Any]) -> None:
    """Say in one line of the log whether the application's role could undo the database's protections."""
    cursor = await connection.execute(
        "SELECT current_user::text, tableowner::text, pg_has_role(current_user, tableowner, 'MEMBER') FROM pg_tables "
        "WHERE schemaname = current_schema() AND tablename = 'alerts'"
    )
    for role, owner, one in await cursor.fetchall():
        if one:
            log.info("database_one_role", role=role, reason="it owns the records: see DATABASE_OWNER_URL")
        else:
            log.info("database_two_roles", role=role, owner=owner)


def _listed(columns: Iterator[str]) -> str:
    return ", ".join(map(_quoted, columns))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
