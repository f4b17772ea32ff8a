"""A database's rows, taken from one PostgreSQL and put into another one, in the order of the tables' references."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg

from lakay_streams.db.url import connection_parameters
from lakay_streams.settings import Settings

#: Each after what it refers to; the schema itself and its revision are the migrations'.
_TABLES = """
SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
    AND c.relname <> 'alembic_version'
ORDER BY (SELECT count(*) FROM pg_constraint f WHERE f.contype = 'f' AND f.conrelid = c.oid), 1
"""
_COLUMNS = """
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""


def connected(settings: Settings) -> psycopg.Connection[Any]:
    """Connect to the settings' database."""
    return psycopg.connect(**connection_parameters(settings.database_url, "tests"))


def take(settings: Settings, folder: Path) -> str:
    """Write each table's rows into a file of the folder, its columns' names first; return the schema's revision."""
    with connected(settings) as connection:
        for number, (table,) in enumerate(connection.execute(_TABLES).fetchall()):
            columns = _columns(connection, table)
            rows = _copied(connection, f"COPY (SELECT {columns} FROM {table} ORDER BY 1, 2) TO STDOUT")  # noqa: S608 - ours
            (folder / f"{number:02}-{table}.rows").write_bytes(f"{columns}\n".encode() + rows)
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        assert row is not None
        return str(row[0])


def put(settings: Settings, folder: Path) -> None:
    """Give a database of the same revision the rows, as a restored backup has them: no trigger judges them."""
    with connected(settings) as connection:
        for path in sorted(folder.glob("*.rows")):
            table = path.stem.partition("-")[2]
            columns, _, rows = path.read_bytes().partition(b"\n")
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a migration puts the trail's head there
            with connection.cursor().copy(f"COPY {table} ({columns.decode()}) FROM STDIN") as copy:
                copy.write(rows)
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def rows_of(settings: Settings, folder: Path) -> dict[str, list[str]]:
    """Return the database's rows of each table that the folder has, in the columns that it has."""
    found = {}
    with connected(settings) as connection:
        for path in sorted(folder.glob("*.rows")):
            table = path.stem.partition("-")[2]
            columns = path.read_text().partition("\n")[0]
            found[table] = _copied(connection, f"COPY {table} ({columns}) TO STDOUT").decode().splitlines()
    return found


def kept(folder: Path) -> dict[str, list[str]]:
    """Return the folder's rows of each table."""
    return {path.stem.partition("-")[2]: path.read_text().splitlines()[1:] for path in sorted(folder.glob("*.rows"))}


def _columns(connection: psycopg.Connection[Any], table: str) -> str:
    row = connection.execute(_COLUMNS, (table,)).fetchone()
    assert row is not None
    return str(row[0])


def _copied(connection: psycopg.Connection[Any], statement: str) -> bytes:
    with connection.cursor().copy(statement) as copy:
        return b"".join(map(bytes, copy))
