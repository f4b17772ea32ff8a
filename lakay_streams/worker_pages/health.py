"""/health: the process lives (runbook 2.6). /ready: all that it depends on answers, and all assigned to it is open."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp.web import Request, Response

from lakay_streams.engine.app import StreamApp
from lakay_streams.settings import countries
from lakay_streams.worker_pages.pages import answer, page
from lakay_streams.worker_pages.sampler import Sampler


def attach(app: StreamApp, *, version: str, sampler: Sampler, list_date: str) -> None:
    """Put the pages on `app`; `list_date` is the day of the list of high-risk countries in force."""

    @page(app, "/health")
    async def health(request: Request) -> Response:
        body = {"status": "healthy", "version": version, "uptime_seconds": int(sampler.uptime_seconds)}
        return answer(request, body, title="Health")

    @page(app, "/ready")
    async def ready(request: Request) -> Response:
        # Not the sample of up to a second ago: who routes traffic by this wants the truth of now.
        task_manager = app.task_manager
        answering = {"kafka": task_manager.connected, **{name: answers() for name, answers in app.dependencies.items()}}
        is_ready = task_manager.ready and all(answering.values())
        body = {
            "status": "ready" if is_ready else "not_ready",
            **answering,
            "partitions": {"assigned": sorted(task_manager.assigned), "open": sorted(task_manager.partitions)},
            "restored": task_manager.restored[0],
            "to_restore": task_manager.restored[1],
            # Told, and no reason to send traffic elsewhere: every worker has the same list.
            "high_risk_countries": {
                "published": list_date,
                "warning": countries.outdated(list_date, datetime.now(UTC).date()),
            },
        }
        return answer(request, body, title="Ready", status=200 if is_ready else 503)
