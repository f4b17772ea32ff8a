"""Whether what is done about alerts, and what was filed of them, is what the audit trail says of it.

Each entry `report_STATUS` has the digests of the rows of `filings` and `submissions` that were written with it
(`db/recorded.py`), of what they say and not of the times that the database adds. A row that differs from what was told
of it last, that nothing tells of, or that is missing before its retention, is named. Of rows from before the trail told
of any (revision 0006), `filings_begun` has the names.

A column that a later revision adds has no place in the digests of before: leave it out of a digest where it is null.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, LiteralString, NamedTuple

import msgspec
from psycopg import AsyncConnection
from psycopg.sql import SQL, Identifier

from lakay_streams.db import audit, recorded
from lakay_streams.db.digests import Digests
from lakay_streams.settings import Settings

BEGUN = "filings_begun"

TOLD = ("report_drafted", "report_determined", "report_filed", "report_declined", "report_reviewed")
"""The actions of entries that tell of rows: each status that a filing may have."""


class Table(NamedTuple):
    """A table whose rows are in the trail: what a row is called, its key, and what its digest is made of."""

    table: LiteralString
    called: str
    key: tuple[str, ...]
    columns: tuple[str, ...]

    def name_of(self, row: Mapping[str, Any]) -> str:
        """Return the name of a row in the trail; it ends with the alert's id."""
        return "/".join((self.table, *(str(row[column]) for column in self.key)))

    def in_trail(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the digest of a row is made of, as PostgreSQL's `to_jsonb` writes it."""
        return {column: row[column] for column in self.columns}


FILINGS = Table(
    "filings",
    "The filing",
    ("alert_id",),
    (
        *("alert_id", "kind", "due", "status", "revision", "report_id", "reason", "changed_by", "determined_on"),
        *("determined_by", "voluntary", "by_hand", "prior_bsa_id", "form"),
    ),
)
SUBMISSIONS = Table(
    "submissions",
    "What was filed",
    ("bsa_id", "alert_id"),
    (
        *("bsa_id", "alert_id", "kind", "form", "prior_bsa_id", "filed_on", "due", "counted_from", "revision"),
        *("report_id", "amount_minor", "movements", "filed_by"),
    ),
)
_TABLES = {each.table: each for each in (FILINGS, SUBMISSIONS)}


class _Told(NamedTuple):
    """What the trail told of a row last, and on which day; without a digest, that it was there."""

    seq: int
    at: str
    digest: str | None


class _Digests(msgspec.Struct, frozen=True):
    rows: dict[Annotated[str, msgspec.Meta(pattern="^(filings|submissions)/.")], str | None] = {}


class _Entry(recorded.Entry, frozen=True):
    details: _Digests


async def verify_filings(connection: AsyncConnection[Any], settings: Settings) -> recorded.Checked:
    """Return the problems, as many as are listed, and how many rows have no digest.

    The connection's transaction sees one moment (`audit.verify` begins it so).
    """
    # Whole tables are read.
    await connection.execute("SET LOCAL statement_timeout = 0")
    digests = Digests.of(settings)
    # As many as there are reports to FinCEN, which officers make: they fit into memory.
    malformed: list[str] = []
    told = await _told(connection, malformed)
    missing, found, unchecked = dict(told), malformed, 0
    for table in _TABLES.values():
        async for row in _rows(connection, table):
            name = table.name_of(row)
            missing.pop(name, None)
            unchecked += name in told and told[name].digest is None
            if (problem := _fault(digests, told.get(name), table.in_trail(row))) is not None:
                found.append(f"{_called(name)} {problem}")
    retained_from = await recorded.retained_from(connection)
    # What retention keeps of an alert, it keeps together.
    lately = {_alert_of(name) for name, each in told.items() if each.at >= retained_from}
    found += (
        f"{_called(name)} is missing: row {each.seq} of the trail tells of it."
        for name, each in sorted(missing.items())
        if _alert_of(name) in lately
    )
    return recorded.Checked(found[: audit.LISTED], unchecked)


async def _told(connection: AsyncConnection[Any], malformed: list[str]) -> dict[str, _Told]:
    """Return what was told of each row last."""
    told: dict[str, _Told] = {}
    begun = False
    async for seq, entry in recorded.entries(connection, _Entry, BEGUN, *TOLD, malformed=malformed):
        rows, day = entry.details.rows, entry.at.date().isoformat()
        # A later beginning would be somebody's who adds or changes rows.
        if entry.action != BEGUN or not begun:
            told |= {name: _Told(seq, day, digest) for name, digest in rows.items()}
        begun = begun or (entry.action != BEGUN and bool(rows))
    return told


async def _rows(connection: AsyncConnection[Any], table: Table) -> AsyncIterator[dict[str, Any]]:
    async with connection.cursor(name=table.table) as cursor:
        select = SQL("SELECT to_jsonb({table}) FROM {table} ORDER BY {key}")
        key = SQL(", ").join(map(Identifier, table.key))
        await cursor.execute(select.format(table=Identifier(table.table), key=key))
        async for (row,) in cursor:
            yield row


def _fault(digests: Digests, told: _Told | None, record: Mapping[str, Any]) -> str | None:
    if told is None:
        return "was added: no row of the trail tells of it."
    if told.digest is None:
        return None
    if problem := recorded.unheld(digests, told.digest):
        return problem
    return None if digests.fits(record, told.digest) else recorded.CHANGED


def _called(name: str) -> str:
    """Return a row as people call it."""
    table, _, key = name.partition("/")
    bsa_id, _, alert_id = key.rpartition("/")
    return f"{_TABLES[table].called} of alert {alert_id}" + (f" as {bsa_id}" if bsa_id else "")


def _alert_of(name: str) -> str:
    return name.rpartition("/")[2]
