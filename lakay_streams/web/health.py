"""/health: the process lives (runbook 2.6). /ready: all that it depends on answers, and all assigned to it is open."""

from __future__ import annotations

from aiohttp.web import Request, Response

from lakay_streams.engine.app import StreamApp
from lakay_streams.web.pages import answer, page
from lakay_streams.web.sampler import Sampler


def attach(app: StreamApp, *, version: str, sampler: Sampler) -> None:
    """Put the pages on `app`."""

    @page(app, "/health")
    async def health(request: Request) -> Response:
        body = {"status": "healthy", "version": version, "uptime_seconds": int(sampler.uptime_seconds)}
        return answer(request, body, title="Health")

    @page(app, "/ready")
    async def ready(request: Request) -> Response:
        # Not the sample of up to a second ago: who routes traffic by this wants the truth of now.
        ownership = app.ownership
        answering = {"kafka": ownership.connected, **{name: answers() for name, answers in app.dependencies.items()}}
        is_ready = ownership.ready and all(answering.values())
        body = {
            "status": "ready" if is_ready else "not_ready",
            **answering,
            "partitions": {"assigned": sorted(ownership.assigned), "open": sorted(ownership.partitions)},
            "restored": ownership.restored[0],
            "to_restore": ownership.restored[1],
        }
        return answer(request, body, title="Ready", status=200 if is_ready else 503)
