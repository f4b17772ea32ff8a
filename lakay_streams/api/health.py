"""/health: the process lives. /ready: PostgreSQL answers (runbook 2.6).

`kafka` and `redis` say whether something listens there, too, but the API uses neither, so it is ready without them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from fastapi import APIRouter, Response

from lakay_streams.db.pool import Database
from lakay_streams.errors import DatabaseError
from lakay_streams.settings import Settings

#: Seconds until something that does not answer counts as away.
WITHIN_S = 1.0

#: Seconds for which an answer is told again: /ready needs no token, and each probe opens a connection to PostgreSQL.
FRESH_S = 2.0


def router(settings: Settings, database: Database) -> APIRouter:
    """Return the routes, which need no token."""
    routes = APIRouter(tags=["health"])
    started = time.monotonic()

    @routes.get("/health")
    async def health() -> dict[str, str | int]:
        """Tell that the process lives."""
        uptime = int(time.monotonic() - started)
        return {"status": "healthy", "version": settings.app_version, "uptime_seconds": uptime}

    async def ask() -> Answering:
        database_answers, kafka, redis = await asyncio.gather(
            _answers(database), _kafka(settings.kafka_bootstrap_servers), _redis(settings.redis_url.get_secret_value())
        )
        return Answering(kafka, database_answers, redis)

    probe = Probe(ask)

    @routes.get("/ready", responses={503: {"description": "PostgreSQL does not answer."}})
    async def ready(response: Response) -> dict[str, str | bool]:
        """Tell what answers, as it was at most two seconds ago."""
        answering = await probe.latest()
        response.status_code = 200 if answering.database else 503
        status = "ready" if answering.database else "not_ready"
        return {"status": status, **answering._asdict()}

    return routes


class Answering(NamedTuple):
    """What answered."""

    kafka: bool
    database: bool
    redis: bool


class Probe:
    """Asks once for all who want to know, and again when its answer is `FRESH_S` old."""

    def __init__(self, ask: Callable[[], Awaitable[Answering]], clock: Callable[[], float] = time.monotonic) -> None:
        """Ask with `ask`; `clock` gives seconds."""
        self._ask = ask
        self._clock = clock
        self._asking: asyncio.Future[Answering] | None = None
        self._answered_at = 0.0

    async def latest(self) -> Answering:
        """Return the answer of now, or of a moment ago."""
        if self._asking is None or (self._asking.done() and not self._fresh(self._asking)):
            self._asking = asyncio.ensure_future(self._answer())
        # Who asked first may go away, and others still wait.
        return await asyncio.shield(self._asking)

    async def _answer(self) -> Answering:
        answering = await self._ask()
        self._answered_at = self._clock()
        return answering

    def _fresh(self, asked: asyncio.Future[Answering]) -> bool:
        failed = asked.cancelled() or asked.exception() is not None
        return not failed and self._clock() - self._answered_at < FRESH_S


async def _answers(database: Database) -> bool:
    try:
        await database.check()
    except DatabaseError:
        return False
    return True


async def _kafka(servers: str) -> bool:
    return any([await _listens(host.strip("[]"), int(port)) for host, _, port in _split(servers)])


def _split(servers: str) -> list[tuple[str, str, str]]:
    return [server.rpartition(":") for server in servers.split(",")]


async def _redis(url: str) -> bool:
    try:
        place = urlsplit(url)
        if place.scheme == "unix":
            return await _opens(asyncio.open_unix_connection(place.path))
        return await _listens(place.hostname or "localhost", place.port or 6379)
    except ValueError:
        return False


async def _listens(host: str, port: int) -> bool:
    return await _opens(asyncio.open_connection(host, port))


async def _opens(connecting: Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> bool:
    with suppress(OSError, TimeoutError, OverflowError):
        async with asyncio.timeout(WITHIN_S):
            _, writer = await connecting
        writer.close()
        return True
    return False
