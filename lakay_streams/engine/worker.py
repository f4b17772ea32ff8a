"""A worker process: what starts when, and how it ends.

`app.Boot` has the order of start: pages first, then what the application needs of Kafka, then the rest.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

import faust
import structlog

from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.state.descriptors import raise_limit
from lakay_streams.process.child import HEARTBEAT_S, heartbeat
from lakay_streams.process.garbage import collect_seldom

log = structlog.get_logger()

#: Seconds for which one thread may keep the others waiting: pages share the interpreter with the scoring loop.
SWITCH_INTERVAL = 0.001


class Worker(faust.Worker):
    """Runs an app until a signal or an error ends it."""

    def __init__(self, app: StreamApp, *, on_ready: Callable[[], None] = lambda: None) -> None:
        """`on_ready` is called once, when everything of the first assignment is open.

        Logging stays as the process has set it up.
        """
        super().__init__(app, override_logging=False, redirect_stdouts=False, quiet=True)
        self.spinner = None
        self._stream_app = app
        self._on_ready = on_ready

    async def on_startup_finished(self) -> None:
        """Tell that records are being processed."""
        self._on_ready()

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, which end it in good order; raise what ended it otherwise."""
        limit = raise_limit()
        if limit < self._stream_app.reserved_files:
            log.warning(
                "file_limit_low", limit=limit, needed=self._stream_app.reserved_files, hint="raise `ulimit -Hn`"
            )
        collect_seldom()
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._beat(heartbeat())
        starting = self._starting_fut = asyncio.ensure_future(self.start(), loop=self.loop)
        try:
            self.loop.run_until_complete(starting)
        except asyncio.CancelledError:
            # A signal came before the start was over.
            return
        finally:
            starting.cancel()
            self.stop_and_shutdown()

    def _beat(self, beat: Callable[[], None]) -> None:
        """Show the supervisor, until the end, that the event loop turns."""
        beat()
        self.loop.call_later(HEARTBEAT_S, self._beat, beat)
