"""Who may ask: whoever sends API_TOKEN; without one, in development, programs of this machine.

That a suspicious activity report exists is confidential (31 CFR 1022.320(d)), so there is no open way to the reports.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

from lakay_streams.settings import Settings
from lakay_streams.web.loopback import is_loopback

_SET_IT = "set API_TOKEN and send it as `Authorization: Bearer <token>`"


def guard(settings: Settings) -> Callable[[Request], Awaitable[None]]:
    """Return the dependency of every route that is not open to all."""
    token = settings.api_token and settings.api_token.get_secret_value()

    async def check(request: Request) -> None:
        if token:
            given = request.headers.get("Authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                raise HTTPException(
                    401, "send API_TOKEN as `Authorization: Bearer <token>`", {"WWW-Authenticate": "Bearer"}
                )
        elif not settings.debug:
            raise HTTPException(403, f"reports are confidential (31 CFR 1022.320(d)): {_SET_IT}")
        elif not _from_here(request):
            raise HTTPException(
                403, f"without API_TOKEN, reports are served to programs of the API's own machine only: {_SET_IT}"
            )

    return check


def _from_here(request: Request) -> bool:
    # A page on the internet can make a browser ask loopback, also under a name of its own (DNS rebinding).
    origin = request.headers.get("Origin")
    return (
        request.client is not None
        and is_loopback(request.client.host)
        and is_loopback(request.url.hostname or "")
        and (origin is None or is_loopback(_host(origin)))
    )


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""
