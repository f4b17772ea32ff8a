"""The manifest: which files the lake has, in PostgreSQL. A file that is not in it is none of the lake's.

Each row knows the commit that added it and the one that removed it. So what the lake was at a commit is a question to
the manifest, and a file that was removed stays until nobody reads it any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from lakay_streams.lake.bronze import LAYER, File

_COMMIT = "INSERT INTO lake_commits (why) VALUES (%s) RETURNING number"
_ADD = """
    INSERT INTO lake_files (path, layer, topic, partition, event_type, event_date, first_offset, last_offset, records,
                            bytes, sha256, added)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_KEPT = """
    SELECT path, topic, partition, event_type, event_date, first_offset, last_offset, records, bytes, sha256
    FROM lake_files WHERE layer = %(layer)s AND added IS NOT NULL AND removed IS NULL
      AND (%(topics)s::text[] IS NULL OR topic = ANY(%(topics)s))
      AND (%(partition)s::integer IS NULL OR partition = %(partition)s)
      AND (%(event_types)s::text[] IS NULL OR event_type = ANY(%(event_types)s))
      AND (%(since)s::date IS NULL OR event_date >= %(since)s)
      AND (%(until)s::date IS NULL OR event_date <= %(until)s)
    ORDER BY topic, partition, first_offset, path
"""
_ALL_PATHS = "SELECT path FROM lake_files"
_ANNOUNCE = """
    INSERT INTO lake_files (path, layer, topic, partition, event_type, event_date, first_offset, last_offset, records,
                            bytes, sha256)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (path) DO NOTHING
"""
_TAKE = "UPDATE lake_files SET added = %s, bytes = %s, sha256 = %s WHERE path = %s AND added IS NULL"
_REMOVE = "UPDATE lake_files SET removed = %s WHERE path = ANY(%s) AND added IS NOT NULL AND removed IS NULL"
_UNREAD = """
    SELECT path FROM lake_files JOIN lake_commits ON number = removed
    WHERE deleted_at IS NULL AND created_at < now() - %s ORDER BY path
"""
_DELETED = "UPDATE lake_files SET deleted_at = now() WHERE path = ANY(%s)"
_STATS = """
    SELECT topic, event_type, count(*)::int AS files, sum(records)::bigint AS records, sum(bytes)::bigint AS bytes,
           min(event_date) AS since, max(event_date) AS until, max(created_at) AS flushed_at
    FROM lake_files JOIN lake_commits ON number = added
    WHERE layer = %s AND removed IS NULL GROUP BY topic, event_type ORDER BY topic, event_type
"""
_PARTITIONS = """
    SELECT topic, event_type, event_date, count(*)::int AS files, sum(records)::bigint AS records,
           sum(bytes)::bigint AS bytes
    FROM lake_files WHERE layer = %s AND added IS NOT NULL AND removed IS NULL AND (%s::text IS NULL OR event_type = %s)
    GROUP BY topic, event_type, event_date ORDER BY event_type, event_date, topic
"""
_POSITIONS = "SELECT topic, partition, next_offset FROM lake_positions ORDER BY topic, partition"


class Kept(NamedTuple):
    """A file that the lake has, by its row."""

    path: str
    topic: str
    partition: int
    event_type: str
    event_date: date
    first_offset: int
    last_offset: int
    records: int
    bytes: int
    sha256: str


class Stats(NamedTuple):
    """What the lake has of one event type."""

    topic: str
    event_type: str
    files: int
    records: int
    bytes: int
    since: date
    until: date
    flushed_at: datetime


class Partition(NamedTuple):
    """What the lake has of one event type and day."""

    topic: str
    event_type: str
    event_date: date
    files: int
    records: int
    bytes: int


async def add(connection: AsyncConnection[Any], files: Iterable[File], why: str) -> int:
    """Add files in the connection's transaction; return the number of the commit."""
    number = await _commit(connection, why)
    rows = [
        (
            *(file.path, LAYER, file.topic, file.partition, file.event_type, file.event_date, file.first_offset),
            *(file.last_offset, file.records, len(file.content), file.sha256, number),
        )
        for file in files
    ]
    await connection.cursor().executemany(_ADD, rows)
    return number


async def announce(connection: AsyncConnection[Any], file: File) -> None:
    """Tell that a file is about to be written, which is the lake's only once it is `put_in_place`: it is no stray."""
    values = (file.path, LAYER, file.topic, file.partition, file.event_type, file.event_date, file.first_offset)
    await connection.execute(_ANNOUNCE, (*values, file.last_offset, file.records, len(file.content), file.sha256))


async def put_in_place(connection: AsyncConnection[Any], file: File, of: Sequence[str]) -> bool:
    """Make an announced file the lake's, in the place of those that its records were in; False where others did."""
    number = await _commit(connection, "compact")
    taken = await connection.execute(_TAKE, (number, len(file.content), file.sha256, file.path))
    removed = await connection.execute(_REMOVE, (number, list(of)))
    return taken.rowcount == 1 and removed.rowcount == len(of)


async def unread(connection: AsyncConnection[Any], since: timedelta) -> list[str]:
    """Return the files that are none of the lake's for so long and not deleted yet."""
    return [path for (path,) in await (await connection.execute(_UNREAD, (since,))).fetchall()]


async def deleted(connection: AsyncConnection[Any], of: Sequence[str]) -> None:
    """Note that files were deleted."""
    await connection.execute(_DELETED, (list(of),))


async def kept(
    connection: AsyncConnection[Any],
    *,
    topics: Collection[str] | None = None,
    partition: int | None = None,
    event_types: Collection[str] | None = None,
    since: date | None = None,
    until: date | None = None,
) -> list[Kept]:
    """Return the files of bronze, by topic, partition and offset.

    Only those of these topics, this partition, these event types and the days `since` to `until`, both included, where
    they are given.
    """
    wanted = {
        "layer": LAYER,
        "topics": None if topics is None else [*topics],
        "partition": partition,
        "event_types": None if event_types is None else [*event_types],
        "since": since,
        "until": until,
    }
    async with connection.cursor(row_factory=class_row(Kept)) as cursor:
        await cursor.execute(_KEPT, wanted)
        return await cursor.fetchall()


async def paths(connection: AsyncConnection[Any]) -> set[str]:
    """Return the path of every file that is, or was, the lake's."""
    return {path for (path,) in await (await connection.execute(_ALL_PATHS)).fetchall()}


async def stats(connection: AsyncConnection[Any]) -> list[Stats]:
    """Return what bronze has, by topic and event type."""
    return await _rows(connection, Stats, _STATS, LAYER)


async def partitions(connection: AsyncConnection[Any], event_type: str | None = None) -> list[Partition]:
    """Return what bronze has by event type and day, of one type or of all."""
    return await _rows(connection, Partition, _PARTITIONS, LAYER, event_type, event_type)


async def positions(connection: AsyncConnection[Any]) -> dict[tuple[str, int], int]:
    """Return the next offset of each topic and partition that the lake reads."""
    rows = await (await connection.execute(_POSITIONS)).fetchall()
    return {(topic, partition): offset for topic, partition, offset in rows}


async def _commit(connection: AsyncConnection[Any], why: str) -> int:
    row = await (await connection.execute(_COMMIT, (why,))).fetchone()
    assert row is not None  # noqa: S101 - an INSERT returns its row
    return int(row[0])


async def _rows(connection: AsyncConnection[Any], kind: type[Any], query: str, *values: Any) -> list[Any]:
    async with connection.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(query, values)
        return await cursor.fetchall()
