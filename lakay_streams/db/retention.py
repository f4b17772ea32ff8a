"""Retention: what is old enough is deleted, on an operator's word; what is not is refused.

Source: 31 CFR 1010.430(d), five years. They count from a record's last revision, and of what stands behind a report to
FinCEN, the alert and the draft, from the day that the filing was recorded (31 CFR 1022.320(c), 1010.306(a)(2)). The
database refuses earlier deletion by itself (revisions 0001 to 0004), whoever asks; this says so before anything is
tried. The audit trail has no end.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.sql import SQL, Composed, Identifier

from lakay_streams.db import audit
from lakay_streams.errors import RetentionError

YEARS = 5

#: Each table, and when a row of it was last written.
TABLES = {
    "alerts": "revised_at",
    "rejects": "archived_at",
    "quarantine": "archived_at",
    "reports": "created_at",
    "filings": "changed_at",
    "submissions": "recorded_at",
}

_YOUNG_ALERT: LiteralString = """
    AND NOT EXISTS (SELECT FROM alerts a WHERE a.alert_id = {table}.alert_id AND a.revised_at >= %(before)s)
"""
_YOUNG_FILING: LiteralString = """
    AND NOT EXISTS (SELECT FROM filings f WHERE f.alert_id = {table}.alert_id AND f.changed_at >= %(before)s)
"""
_YOUNG_SUBMISSION: LiteralString = """
    AND NOT EXISTS (SELECT FROM submissions s WHERE s.alert_id = {table}.alert_id AND s.recorded_at >= %(before)s)
"""
_BEHIND: dict[str, LiteralString] = {
    "alerts": _YOUNG_FILING + _YOUNG_SUBMISSION,
    # What was filed goes no sooner than its alert, which would else be due again.
    "filings": _YOUNG_SUBMISSION + "AND (status <> 'filed' OR (true" + _YOUNG_ALERT + "))",
    "submissions": _YOUNG_ALERT + _YOUNG_FILING + _YOUNG_SUBMISSION,
    "reports": """
    AND NOT EXISTS (SELECT FROM submissions s WHERE s.report_id = {table}.report_id AND s.recorded_at >= %(before)s)
    """,
}
"""What else keeps a row, beyond its own time."""

#: Rows that one statement deletes.
CHUNK = 10_000


def latest_cutoff(today: date) -> date:
    """Return the latest day before which everything may be deleted."""
    try:
        return today.replace(year=today.year - YEARS)
    except ValueError:
        # 29 February: the day before keeps a day more.
        return today.replace(year=today.year - YEARS, day=28)


async def expired(connection: AsyncConnection[Any], before: date) -> dict[str, int]:
    """Return how many rows of each table were last written before the day `before` (UTC).

    Raises `RetentionError` for a day that is less than five years ago.
    """
    cutoff = _checked(before)
    counts = {}
    for table, written in TABLES.items():
        count = SQL("SELECT count(*) FROM {table} WHERE ").format(table=Identifier(table)) + _old(table, written)
        cursor = await connection.execute(count, {"before": cutoff})
        row = await cursor.fetchone()
        counts[table] = 0 if row is None else int(row[0])
    return counts


async def kept(connection: AsyncConnection[Any], table: str) -> tuple[int, datetime | None]:
    """Return how many rows a table of `TABLES` has, and when the oldest was last written."""
    count = SQL("SELECT count(*), min({}) FROM {}").format(Identifier(TABLES[table]), Identifier(table))
    row = await (await connection.execute(count)).fetchone()
    return (0, None) if row is None else (int(row[0]), row[1])


async def delete_expired(connection: AsyncConnection[Any], before: date, *, actor: str) -> dict[str, int]:
    """Delete what `expired` counts, and put that into the audit trail, in the connection's transaction.

    Raises `RetentionError` for a day that is less than five years ago.
    """
    cutoff = _checked(before)
    deleted = dict.fromkeys(TABLES, 0)
    # What the database asks for before it deletes anything; the revisions of an alert go with it.
    await connection.execute("SET LOCAL lakay.retention = 'on'")
    for table, written in TABLES.items():
        which = SQL("DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {old} LIMIT %(most)s))")
        delete = which.format(table=Identifier(table), old=_old(table, written))
        while True:
            cursor = await connection.execute(delete, {"before": cutoff, "most": CHUNK})
            if not cursor.rowcount:
                break
            deleted[table] += cursor.rowcount
    await audit.append(
        connection, "retention_deleted", actor=actor, details={"before": before.isoformat(), "rows": deleted}
    )
    return deleted


def _old(table: str, written: str) -> Composed:
    """Return the condition for a row of a table that may be deleted."""
    old = SQL("{table}.{written} < %(before)s").format(table=Identifier(table), written=Identifier(written))
    return old + SQL(_BEHIND.get(table, "")).format(table=Identifier(table))


def _checked(before: date) -> datetime:
    latest = latest_cutoff(datetime.now(UTC).date())
    if before > latest:
        raise RetentionError(
            f"Records are kept for {YEARS} years (31 CFR 1010.430), and those before {before} include younger ones: "
            f"give {latest} or an earlier day."
        )
    return datetime.combine(before, time(), UTC)
