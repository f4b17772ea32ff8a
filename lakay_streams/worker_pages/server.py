"""Faust's web server, in a thread and event loop of its own, on a socket that is bound before anything starts."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from aiohttp.web import (
    AppRunner,
    BaseRunner,
    BaseSite,
    HTTPException,
    Request,
    Response,
    StreamResponse,
    middleware,
)
from faust.web.drivers import aiohttp as driver

from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.state.descriptors import connections
from lakay_streams.errors import PrerequisiteError
from lakay_streams.settings import Settings
from lakay_streams.telemetry.logs import get_logger
from lakay_streams.worker_pages import health, stats, tables
from lakay_streams.worker_pages.connections import Bounded, Connections
from lakay_streams.worker_pages.pages import PLACES, SAFETY, answer, page, refuse
from lakay_streams.worker_pages.sampler import Sampler

log = get_logger()

# It logs a traceback, and with it what came, of every request that is no HTTP, and anybody may send those. Pages' own
# failures are told by `safe`.
logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)

#: Connections at a time, at most: they get what RocksDB and Kafka leave of the process's file descriptors.
MOST_CONNECTIONS = 64

#: Bytes of a request's line, and of a header.
MAX_LINE_BYTES = 8 << 10

_ANYWHERE = {"0.0.0.0", "::", "*", ""}  # noqa: S104 - recognised here, bound only where the operator says so


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises `PrerequisiteError` when the port is taken or the address is not here."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise PrerequisiteError(
            f"The worker's pages cannot listen on {host}:{port} ({error.strerror or error}): "
            "choose a free --port or WORKER_PORT, correct WORKER_HOST, or start it with --without-web."
        ) from None


def canonical_url(host: str, port: int) -> str:
    """Return where other workers and people reach pages that listen on `host`."""
    if host in _ANYWHERE:
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: StreamApp, settings: Settings, bound: socket.socket) -> None:
    """Put every page on `app`; its web server starts first and stops last."""
    app.web = Server(app, bound)
    sampler = Sampler(app)
    app.companions.append(sampler)
    service = {
        "app": settings.app_name,
        "version": settings.app_version,
        "settings_version": settings.version,
        "group": str(app.conf.id),
    }
    list_date = settings.compliance_limits().countries.published
    health.attach(app, version=settings.app_version, sampler=sampler, list_date=list_date)
    stats.attach(app, service=service, sampler=sampler, list_date=list_date)
    tables.attach(app, access=tables.Access.of(settings), sampler=sampler, behavior=settings.behavior_limits())

    @page(app, "/")
    async def index(request: Request) -> Response:
        places = [{"page": label, "path": path, "href": path} for path, label in PLACES]
        return answer(request, {**service, "pages": places}, title=settings.app_name)


class Server(driver.Web):
    """Faust's web server with the project's pages only: Faust's own show tables to everyone."""

    default_blueprints = ()
    production_blueprints = ()
    debug_blueprints = ()
    optional_blueprints = ()

    def __init__(self, app: StreamApp, bound: socket.socket, **kwargs: Any) -> None:
        """Serve on the socket `bound`."""
        super().__init__(app, **kwargs)
        self._stream_app = app
        self._bound = bound
        self.web_app.middlewares.append(safe)
        # Someone who reads slowly does not hold up the end.
        self._runner = AppRunner(
            self.web_app,
            access_log=None,
            shutdown_timeout=1.0,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
        )

    def _create_site(self) -> BaseSite:
        most = connections(MOST_CONNECTIONS, self._stream_app.reserved_files)
        return Site(self._runner, self._bound, Connections(most))


class Site(BaseSite):
    """aiohttp's site on a socket, with bounded connections."""

    def __init__(self, runner: BaseRunner, bound: socket.socket, connections: Connections) -> None:
        """Serve `runner`'s pages on the socket `bound`."""
        super().__init__(runner)
        self._bound = bound
        self._connections = connections

    @property
    def name(self) -> str:
        """Where it listens."""
        return f"http://{self._bound.getsockname()}"

    async def start(self) -> None:
        """Listen."""
        await super().start()
        protocols = self._runner.server
        assert protocols is not None  # noqa: S101 - the runner is set up before its sites
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(protocols(), self._connections), sock=self._bound
        )


class _Connection(Bounded):
    """One client's, whose turn it is while no page is being made for it."""

    _answered = 0
    _answering = False

    def turn(self) -> object:
        return None if self._answering else self._answered

    @contextmanager
    def answers(self) -> Iterator[None]:
        """Know that it is the server's turn."""
        self._answering = True
        try:
            yield
        finally:
            self._answering = False
            self._answered += 1


@middleware
async def safe(request: Request, handler: Callable[[Request], Awaitable[StreamResponse]]) -> StreamResponse:
    """Answer every failure in the client's form, and tell browsers to load and guess nothing."""
    response: StreamResponse
    connection = request.transport and request.transport.get_protocol()
    try:
        with connection.answers() if isinstance(connection, _Connection) else nullcontext():
            response = await handler(request)
    except HTTPException as failure:
        allowed = {"Allow": failure.headers["Allow"]} if "Allow" in failure.headers else None
        reason = f"{failure.reason}: see / for the pages there are"
        response = refuse(request, failure.status, reason, allowed)
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("web_request_failed", path=request.path)
        response = refuse(request, 500, "the page failed, which is a bug: see web_request_failed in the worker's log")
    response.headers.update(SAFETY)
    return response
