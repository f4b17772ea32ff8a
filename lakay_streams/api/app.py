"""The FastAPI app, and which of the project's errors is which status."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg.errors import UndefinedColumn, UndefinedTable

from lakay_streams.api import health, reports
from lakay_streams.api.access import Access
from lakay_streams.api.front import Front
from lakay_streams.db.pool import Database
from lakay_streams.errors import (
    DatabaseError,
    DatabaseUnavailable,
    LakayError,
    PoolTimeout,
    ReportError,
    ReportNotFound,
)
from lakay_streams.reports.service import Reports
from lakay_streams.settings import Settings
from lakay_streams.telemetry.logs import get_logger

log = get_logger()

#: Seconds after which a client may try again.
RETRY_AFTER_S = 5

#: Of what a client sent: letters of a name that an answer repeats, and problems that it tells.
MOST_LETTERS = 100
MOST_PROBLEMS = 20


def build(settings: Settings) -> FastAPI:
    """Return the app; its database is open while it runs. Raises `SettingsError` for an unreadable DATABASE_URL."""
    database = Database(settings, application="lakay-api")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with database:
            yield

    app = FastAPI(
        title="Lakay Intelligence",
        version=settings.app_version,
        # Its pages of documentation would load scripts from elsewhere, and redirects go where the Host header says.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.add_middleware(Front, access=Access(settings))
    app.include_router(health.router(settings, database))
    app.include_router(reports.router(Reports(settings, database)))
    for kind in (LakayError, UndefinedTable, UndefinedColumn):
        app.add_exception_handler(kind, _refuse)
    app.add_exception_handler(RequestValidationError, _invalid)
    return app


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    match error:
        case PoolTimeout() | DatabaseUnavailable():
            return _answer(503, str(error), {"Retry-After": str(RETRY_AFTER_S)})
        case UndefinedTable() | UndefinedColumn():
            return _answer(503, "the database has not the schema of this version: see `lakay db status`")
        case DatabaseError():
            return _answer(503, str(error))
        case ReportNotFound():
            return _answer(404, str(error))
        case ReportError():
            return _answer(422, str(error))
    log.error("api_request_failed", path=request.scope["path"], reason=str(error))
    return _answer(500, str(error))


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    problems = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"][1:])
        told = problem["msg"].removeprefix("Value error, ")
        problems.append(f"{place[:MOST_LETTERS]}: {told}" if place else told)
    return _answer(422, "; ".join(problems[:MOST_PROBLEMS]))


def _answer(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    # Half a surrogate, which JSON can carry into a field's name, has no UTF-8.
    return JSONResponse({"detail": detail.encode("utf-8", "replace").decode()}, status, headers)
