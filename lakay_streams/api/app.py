"""The FastAPI app, and which of the project's errors is which status."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg.errors import UndefinedColumn, UndefinedTable

from lakay_streams.api import access, health, reports
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
from lakay_streams.telemetry import get_logger

log = get_logger()

#: Seconds after which a client may try again.
RETRY_AFTER_S = 5


def build(settings: Settings) -> FastAPI:
    """Return the app; its database is open while it runs. Raises `SettingsError` for an unreadable DATABASE_URL."""
    database = Database(settings, application="lakay-api")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with database:
            yield

    # Its pages of documentation would load scripts from elsewhere.
    app = FastAPI(
        title="Lakay Intelligence", version=settings.app_version, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    app.include_router(health.router(settings, database))
    app.include_router(reports.router(Reports(settings, database)), dependencies=[Depends(access.guard(settings))])
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
    log.error("api_request_failed", path=request.url.path, reason=str(error))
    return _answer(500, str(error))


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    problems = []
    for problem in error.errors():
        place = ".".join(str(part) for part in problem["loc"][1:])
        told = problem["msg"].removeprefix("Value error, ")
        problems.append(f"{place}: {told}" if place else told)
    return _answer(422, "; ".join(problems))


def _answer(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)
