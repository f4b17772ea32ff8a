"""The process: its socket is bound before anything starts, and SIGTERM ends it in good order."""

from __future__ import annotations

import signal
import socket

import uvicorn

from lakay_streams.api.app import build
from lakay_streams.errors import PrerequisiteError
from lakay_streams.settings import Settings
from lakay_streams.telemetry import get_logger

log = get_logger()

#: Seconds that requests have to end in.
GRACE_S = 10


def main(settings: Settings) -> int:
    """Serve until stopped; return the exit code. Raises `PrerequisiteError` where it cannot listen."""
    log.info("lakay_starting", app_name=settings.app_name, version=settings.app_version, process="api")
    app = build(settings)
    config = uvicorn.Config(
        app,
        log_config=None,  # the project's logging takes its lines
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # who asks is decided by where the connection comes from
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    bound = _listen(settings.host, settings.port)
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again when it has ended; that end was in good order.
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[bound])
    log.info("lakay_stopped")
    return 0


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
