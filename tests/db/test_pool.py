"""Connections: at most so many, none of them dead, and one log line for each change of the server's state."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from lakay_streams.db.pool import Database
from lakay_streams.embedded.postgres import EmbeddedPostgres
from lakay_streams.errors import DatabaseError, DatabaseUnavailable, PoolTimeout
from lakay_streams.settings import Settings
from lakay_streams.telemetry import logs
from tests.db.servers import settings_for

SIZE = 2


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged."""
    stream = io.StringIO()
    logs.configure("INFO", stream)
    yield stream
    logs.configure()


def events(log: io.StringIO) -> list[str]:
    return [json.loads(line)["event"] for line in log.getvalue().splitlines()]


def limited(settings: Settings, timeout_s: float = 0.3) -> Settings:
    return settings.model_copy(update={"database_pool_size": SIZE, "database_pool_timeout_s": timeout_s})


@pytest.fixture
async def database(fresh: Settings) -> AsyncIterator[Database]:
    """A database with two connections."""
    async with Database(limited(fresh), application="tests") as database:
        yield database


async def one(database: Database, statement: str = "SELECT 1") -> Any:
    async with database.connection() as connection:
        row = await (await connection.execute(statement)).fetchone()
    return None if row is None else row[0]


async def test_an_exhausted_pool_is_told_and_is_an_error_of_its_own(database: Database, log: io.StringIO) -> None:
    async with database.connection(), database.connection():
        with pytest.raises(PoolTimeout, match=r"All 2 connections.*raise DATABASE_POOL_SIZE"):
            await one(database)
    assert events(log) == ["pool_timeout"]
    assert await one(database) == 1


async def test_more_callers_than_connections_take_turns(database: Database) -> None:
    busy = await asyncio.gather(*(one(database, "SELECT pg_backend_pid() FROM pg_sleep(0.02)") for _ in range(10)))
    assert len(set(busy)) <= SIZE


async def test_what_fails_is_rolled_back(database: Database) -> None:
    async def insert_and_fail() -> None:
        async with database.connection() as connection:
            await connection.execute("INSERT INTO kept VALUES (1)")
            raise RuntimeError

    async with database.connection() as connection:
        await connection.execute("CREATE TABLE kept (n int)")
    with pytest.raises(RuntimeError):
        await insert_and_fail()
    assert await one(database, "SELECT count(*) FROM kept") == 0


async def test_a_process_stopped_in_a_transaction_does_not_keep_its_locks(database: Database) -> None:
    assert await one(database, "SELECT current_setting('idle_in_transaction_session_timeout')") == "10s"
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE locked (n int)")

    async def lock_and_stop() -> None:
        async with database.connection() as connection:
            await connection.execute("SET idle_in_transaction_session_timeout = '100ms'")
            await connection.execute("LOCK TABLE locked")
            # This process gets no time, as it were; others get the lock, once the server has ended its session.
            async with database.connection() as other:
                await other.execute("SET lock_timeout = '60s'")
                await other.execute("LOCK TABLE locked")
            await connection.execute("SELECT 1")

    with pytest.raises(DatabaseUnavailable):
        await lock_and_stop()


async def test_a_server_that_comes_and_goes_is_told_once_each_time(log: io.StringIO) -> None:
    with EmbeddedPostgres() as server:
        async with Database(limited(settings_for(server.url), 1.0), application="tests") as database:
            assert await one(database) == 1
            server.restart(kill=True)
            assert await one(database) == 1, "no dead connection is lent"
            server.end()
            for _ in range(3):
                with pytest.raises(DatabaseUnavailable, match="start it, or correct DATABASE_URL"):
                    await database.check()
                with pytest.raises(DatabaseUnavailable):
                    await one(database)
            assert not database.available
            waiting = asyncio.create_task(database.wait())
            await asyncio.sleep(1.0)
            assert not waiting.done()
            server.start()
            await asyncio.wait_for(waiting, 60)
            assert await one(database) == 1
            assert database.available
    assert events(log).count("database_unavailable") == 1
    assert events(log).count("database_available") == 1


async def test_a_server_that_hangs_is_unavailable_in_time() -> None:
    with EmbeddedPostgres() as server:
        async with Database(limited(settings_for(server.url), 1.0), application="tests") as database:
            assert server.pid is not None
            os.kill(server.pid, signal.SIGSTOP)
            try:
                with pytest.raises(DatabaseUnavailable):
                    await asyncio.wait_for(database.check(), 10)
            finally:
                os.kill(server.pid, signal.SIGCONT)


@pytest.mark.parametrize("change", [(":lakay_dev@", ":wrong@"), ("/test_", "/other_")], ids=["password", "database"])
async def test_a_refusal_is_no_matter_of_waiting(fresh: Settings, change: tuple[str, str]) -> None:
    wrong = settings_for(fresh.database_url.get_secret_value().replace(*change))
    async with Database(wrong, application="tests") as database:
        with pytest.raises(DatabaseError, match="correct DATABASE_URL, or create the role and the database") as refused:
            await asyncio.wait_for(database.wait(), 10)
    assert not isinstance(refused.value, DatabaseUnavailable)
    assert "wrong" not in str(refused.value)
