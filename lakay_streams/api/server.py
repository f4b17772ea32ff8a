"""The process: its socket is bound before anything starts, and SIGTERM ends it in good order."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from lakay_streams.api.app import build
from lakay_streams.api.front import SAFETY
from lakay_streams.errors import PrerequisiteError
from lakay_streams.settings import Settings
from lakay_streams.telemetry.logs import get_logger
from lakay_streams.worker_pages.connections import Bounded, Connections

log = get_logger()

#: Seconds that requests have to end in.
GRACE_S = 10

#: Connections at a time, and bytes of a request's line and headers.
MOST_CONNECTIONS = 256
MAX_HEAD_BYTES = 16 << 10


def main(settings: Settings) -> int:
    """Serve until stopped; return the exit code. Raises `PrerequisiteError` where it cannot listen."""
    log.info("lakay_starting", app_name=settings.app_name, version=settings.app_version, process="api")
    app = build(settings)
    config = uvicorn.Config(
        app,
        # What uvicorn calls with named arguments; its annotation wants a class.
        http=protocols(Connections(MOST_CONNECTIONS)),  # type: ignore[arg-type]
        ws="none",
        log_config=None,  # the project's logging takes its lines
        log_level="error",  # it warns of every malformed request, and anybody may send those
        access_log=False,
        proxy_headers=False,  # who asks is decided by where the connection comes from
        server_header=False,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        timeout_graceful_shutdown=GRACE_S,
    )
    bound = _listen(settings.host, settings.port)
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again when it has ended; that end was in good order.
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[bound])
    log.info("lakay_stopped")
    return 0


def protocols(connections: Connections) -> Callable[..., Bounded]:
    """Return what makes a connection's protocol, bounded."""

    def make(**given: Any) -> Bounded:
        return _Connection(_Protocol(**given), connections)

    return make


class _Connection(Bounded):
    def __init__(self, inner: H11Protocol, connections: Connections) -> None:
        super().__init__(inner, connections)
        self._http = inner

    def turn(self) -> object:
        """It is the client's until its request is here whole, and after the answer."""
        cycle = self._http.cycle
        if cycle is None:
            return 0
        return cycle if cycle.response_complete or cycle.more_body else None


class _Protocol(H11Protocol):
    """uvicorn's, which answers what is no HTTP as everything else is answered."""

    def send_400_response(self, msg: str) -> None:
        """Answer 400, unless an answer has begun, and close."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            if self.cycle is not None:
                # Its request was broken off in the middle of the body: this is its answer.
                self.cycle.disconnected = True
            detail = "this is no HTTP request that can be read, or its headers are too long: correct it"
            body = json.dumps({"detail": detail}).encode()
            headers = [*SAFETY, (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            head = h11.Response(status_code=400, headers=[*headers, (b"connection", b"close")], reason=b"Bad Request")
            for event in (head, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        # Python repeats the address behind the reason.
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise PrerequisiteError(
            f"The API cannot listen on {host}:{port} ({reason}): choose a free --port or PORT, or correct HOST."
        ) from None
