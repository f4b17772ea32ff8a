"""The pooled connections of a process to PostgreSQL, and whether it answers.

database = Database(settings, application="lakay-archive")
async with database.connection() as connection:      # one transaction: committed at the end, or rolled back
    await connection.execute(...)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from psycopg_pool import PoolTimeout as NoneInTime

from lakay_streams.db.url import parameters_of, reason_of, variable_of
from lakay_streams.errors import DatabaseError, DatabaseUnavailable, PoolTimeout
from lakay_streams.settings import Settings
from lakay_streams.telemetry.logs import get_logger

log = get_logger()

#: Seconds between attempts to reach a server that is away, and at last between two looks at one that answers.
BACKOFF_S = (0.5, 1.0, 2.0, 5.0)

#: What a session may keep others waiting: locks of a process that was stopped in the middle of a transaction are free
#: again after the first; no statement of ours runs for longer than the last.
SESSION_LIMITS = {
    "idle_in_transaction_session_timeout": "10s",
    "lock_timeout": "20s",
    "statement_timeout": "60s",
}

#: How the server says that it is there, and yet of no use now: starting, stopping, or full.
_NOT_NOW = (psycopg.errors.CannotConnectNow, psycopg.errors.TooManyConnections)

#: How a connection, or the server, turns out to be gone. The server ends a session that was idle for too long.
LOST = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.IdleInTransactionSessionTimeout)

# It warns of every attempt to reach a server that is away; `Database` tells that once.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class Database:
    """At most `database_pool_size` connections, made when they are needed."""

    def __init__(self, settings: Settings, *, application: str) -> None:
        """Connect to nothing yet; the server lists the connections as `application`.

        Raises `SettingsError` for a DATABASE_URL that cannot be read.
        """
        self._parameters = parameters_of(settings, application)
        self._variable = variable_of(settings)
        self._size = settings.database_pool_size
        self._timeout = settings.database_pool_timeout_s
        self._in_use = 0
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] | None = None
        #: Whether the server answered when it was last asked; may be read from any thread.
        self.available = True

    async def __aenter__(self) -> Self:
        """Open the pool; connections come when they are needed."""
        self._pool = AsyncConnectionPool(
            kwargs=self._parameters,
            min_size=0,
            max_size=self._size,
            timeout=self._timeout,
            open=False,
            configure=_limit,
            # A connection may have died with a server that was restarted since.
            check=AsyncConnectionPool.check_connection,
            # Beyond it the pool gives an attempt up; the next request makes another, at once.
            reconnect_timeout=self._timeout,
            name="postgresql",
        )
        await self._pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every connection."""
        if self._pool is not None:
            await self._pool.close()

    @asynccontextmanager
    async def connection(self, timeout_s: float | None = None) -> AsyncIterator[AsyncConnection[Any]]:
        """Lend a connection for one transaction: committed at the end, rolled back on an exception.

        Waits `timeout_s` (`database_pool_timeout_s` unless given) for one to be free. Raises `PoolTimeout` when none
        was, `DatabaseUnavailable` when the server does not answer or went away in the middle, `DatabaseError` when it
        refuses the role or the database.
        """
        assert self._pool is not None, "the database is not open"  # noqa: S101 - a programmer's error
        try:
            async with self._pool.connection(timeout=timeout_s) as connection:
                self._in_use += 1
                self._answered()
                try:
                    yield connection
                finally:
                    self._in_use -= 1
        except NoneInTime:
            if self._in_use >= self._size:
                log.error("pool_timeout", pool_size=self._size, waited_seconds=timeout_s or self._timeout)
                raise PoolTimeout(
                    f"All {self._size} connections to PostgreSQL were in use for {timeout_s or self._timeout:g} s: "
                    "try again, or raise DATABASE_POOL_SIZE."
                ) from None
            await self.check()
            raise DatabaseUnavailable("PostgreSQL gave no connection in time: try again.") from None
        except LOST as failure:
            raise self._lost(failure) from failure

    async def check(self) -> None:
        """Ask the server, beside the pool, whether it answers.

        Raises `DatabaseUnavailable` when it does not, `DatabaseError` when it refuses the role or the database.
        """
        try:
            async with asyncio.timeout(self._timeout), await AsyncConnection.connect(**self._parameters) as connection:
                await connection.execute("SELECT 1")
        except (*LOST, TimeoutError, OSError) as failure:
            raise self._lost(failure) from None
        self._answered()

    async def wait(self) -> None:
        """Return once the server answers; it is told once that it does not, and once that it does again.

        Raises `DatabaseError` when it refuses the role or the database.
        """
        attempt = 0
        while True:
            try:
                await self.check()
                return
            except DatabaseUnavailable:
                await asyncio.sleep(BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)])
                attempt += 1

    async def watch(self) -> None:
        """Ask the server again and again, so that `available` is true of now; runs until it is cancelled."""
        while True:
            await asyncio.sleep(BACKOFF_S[-1])
            try:
                await self.check()
            except DatabaseError:
                continue

    def _answered(self) -> None:
        if not self.available:
            self.available = True
            log.info("database_available")

    def _lost(self, failure: Exception) -> DatabaseError:
        refused = isinstance(failure, psycopg.OperationalError) and _refused(failure)
        reason = reason_of(failure, self._parameters)
        told = f"PostgreSQL cannot be used ({reason}): " + (
            f"correct {self._variable}, or create the role and the database (runbook 1.3)."
            if refused
            else f"start it, or correct {self._variable}."
        )
        if self.available:
            self.available = False
            log.error("database_unavailable", reason=told)
        return DatabaseError(told) if refused else DatabaseUnavailable(told)


def _refused(failure: psycopg.OperationalError) -> bool:
    """Whether the server answered, and trying again helps nothing."""
    # libpq gives no SQLSTATE for a failure to connect, only the server's words.
    words = ("authentication failed", "no password", "does not exist", "no pg_hba.conf entry", "permission denied")
    return not isinstance(failure, _NOT_NOW) and any(word in str(failure) for word in words)


async def _limit(connection: AsyncConnection[Any]) -> None:
    for name, value in SESSION_LIMITS.items():
        await connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    await connection.commit()
