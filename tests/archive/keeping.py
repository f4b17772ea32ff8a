"""Rows into the database as `lakay archive` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from lakay_streams.archive.alerts import AlertWriter
from lakay_streams.archive.rows import ALERTS, Row, RowMaker, array_of
from lakay_streams.archive.statements import WRITES


async def kept(connection: AsyncConnection[Any], maker: RowMaker, rows: Sequence[Row]) -> None:
    """Write rows in the connection's transaction, one after the other."""
    alerts = AlertWriter(connection, maker)
    for row in rows:
        if row.table == ALERTS:
            await alerts.write([row])
        else:
            await connection.execute(WRITES[row.table], (array_of([row]),))
    await alerts.close()
