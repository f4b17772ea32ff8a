"""/health: the process lives. /ready: PostgreSQL answers (runbook 2.6).

`kafka` and `redis` say whether something listens there, too, but the API uses neither, so it is ready without them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from urllib.parse import urlsplit

from fastapi import APIRouter, Response

from lakay_streams.db.pool import Database
from lakay_streams.errors import DatabaseError
from lakay_streams.settings import Settings

#: Seconds until something that does not answer counts as away.
WITHIN_S = 1.0


def router(settings: Settings, database: Database) -> APIRouter:
    """Return the routes, which need no token."""
    routes = APIRouter(tags=["health"])
    started = time.monotonic()

    @routes.get("/health")
    async def health() -> dict[str, str | int]:
        """Tell that the process lives."""
        uptime = int(time.monotonic() - started)
        return {"status": "healthy", "version": settings.app_version, "uptime_seconds": uptime}

    @routes.get("/ready", responses={503: {"description": "PostgreSQL does not answer."}})
    async def ready(response: Response) -> dict[str, str | bool]:
        """Tell what answers now."""
        answers, kafka, redis = await asyncio.gather(
            _answers(database), _kafka(settings.kafka_bootstrap_servers), _redis(settings.redis_url.get_secret_value())
        )
        response.status_code = 200 if answers else 503
        status = "ready" if answers else "not_ready"
        return {"status": status, "kafka": kafka, "database": answers, "redis": redis}

    return routes


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
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(WITHIN_S):
            _, writer = await connecting
        writer.close()
        return True
    return False
