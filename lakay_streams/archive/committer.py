"""One PostgreSQL transaction for rows and positions: each record of the topics is archived exactly once.

How that holds, whoever is killed or wakes up too late, says `db/positions.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psycopg
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from psycopg import AsyncConnection

from lakay_streams.archive.alerts import AlertWriter
from lakay_streams.archive.rows import ALERTS, Row, RowMaker, array_of
from lakay_streams.archive.statements import WRITES
from lakay_streams.db.pool import Database
from lakay_streams.db.positions import Positions
from lakay_streams.engine.kafka.committer import Outgoing, SourceLog
from lakay_streams.telemetry.logs import get_logger

log = get_logger()

#: What PostgreSQL says of a row that it will never take: a value, a constraint, a limit such as the depth of JSON.
_REFUSED = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.StatementTooComplex,
)

#: Bytes of rows that one statement writes.
CHUNK_BYTES = 4 << 20


class PostgresCommitter:
    """The `Committer` of one partition of the archive. Outputs go to tables: a topic's name is a table's."""

    def __init__(self, database: Database, maker: RowMaker, number: int, *, timeout: float) -> None:
        """Commit for partition `number` the rows that `maker` makes; `timeout` bounds a transaction (seconds)."""
        self._database = database
        self._maker = maker
        self._positions = Positions("archive", number)
        self._timeout = timeout

    async def start(self) -> None:
        """Wait for PostgreSQL, for as long as it takes."""
        await self._database.wait()

    async def partition_counts(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Return nothing: to which partition a key belongs does not matter to rows."""
        return {}

    async def partitions_of(self, topic: str) -> int:
        """Return 1: a table is not divided."""
        return 1

    async def committed(
        self, log: SourceLog, sources: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Return the positions in PostgreSQL; one that the log of its topic no longer has is moved to its beginning."""
        async with asyncio.timeout(self._timeout), self._database.connection(self._timeout) as connection:
            return await self._positions.find(connection, log, sources)

    async def commit(
        self,
        records: Mapping[tuple[str, int], Iterable[Outgoing]],
        offsets: Mapping[TopicPartition, OffsetAndMetadata],
    ) -> Mapping[tuple[str, int], int]:
        """Write the rows and move the positions, in one transaction.

        Raises `Fenced` when the positions are not where this committer left them, `DatabaseUnavailable`, TimeoutError.
        """
        async with asyncio.timeout(self._timeout), self._database.connection(self._timeout) as connection:
            await self._positions.move(connection, offsets)
            alerts = AlertWriter(connection, self._maker)
            given = {table: outgoing for (table, _), outgoing in records.items()}
            # In one order, so that no two transactions wait for each other.
            for table in (table for table in (ALERTS, *WRITES) if table in given):
                for chunk in _chunks(table, given[table]):
                    await self._write(connection, alerts, chunk)
            await alerts.close()
        self._positions.moved(offsets)
        return {}

    async def stop(self) -> None:
        """Do nothing: connections are the pool's."""

    async def _write(self, connection: AsyncConnection[Any], alerts: AlertWriter, rows: list[Row]) -> None:
        """Write rows of one table, and quarantine those that PostgreSQL refuses."""
        table = rows[0].table
        try:
            async with connection.transaction():
                if table == ALERTS:
                    await alerts.write(rows)
                else:
                    await connection.execute(WRITES[table], (array_of(rows),))
        except _REFUSED as refused:
            if len(rows) > 1:
                # One of them is to blame; the halves find out which.
                for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
                    await self._write(connection, alerts, half)
                return
            kind = type(refused).__name__
            log.error("record_refused_by_postgresql", table=table, kind=kind, sqlstate=refused.sqlstate)
            if not rows[0].origin:
                # Made of several records, of which each was told before.
                return
            reasons = (f"PostgreSQL refuses it: {kind}",)
            set_aside = self._maker.quarantined(rows[0].origin, rows[0].raw, reasons, None)
            await connection.execute(WRITES[set_aside.table], (array_of([set_aside]),))


def _chunks(table: str, outgoing: Iterable[Outgoing]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    size = 0
    for origin, packed in outgoing:
        length = len(packed or b"")
        if chunk and size + length > CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
        chunk.append(Row.unpacked(table, origin, packed))
        size += length
    if chunk:
        yield chunk
