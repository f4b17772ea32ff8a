"""What apps that write to PostgreSQL have beside their agents: the pool, and whether the server answers."""

from __future__ import annotations

from typing import Any

from mode import Service

from lakay_streams.db.pool import Database


class DatabaseWatch(Service):
    """Opens the pool with the app and closes it after it, and asks PostgreSQL now and then whether it answers."""

    def __init__(self, database: Database, **kwargs: Any) -> None:
        """Watch `database`."""
        super().__init__(**kwargs)
        self._database = database

    async def on_start(self) -> None:
        """Open the pool."""
        await self.add_async_context(self._database)

    @Service.task
    async def _watch(self) -> None:
        await self._database.watch()
