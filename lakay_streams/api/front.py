"""What every request meets first, before a byte of its body is read: who asks, and how much.

    the token, from the headers          401, 403, 429
    the body, whole and in time          413, 408
    then FastAPI; whatever it raises     500, one sentence, and `api_request_failed` in the log

Every answer carries headers that let a browser run, frame, guess and keep nothing. Who is refused before the body is
here whole loses the connection: the rest of the body is nobody's request.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lakay_streams.api.access import Access, Refusal
from lakay_streams.telemetry.logs import get_logger

log = get_logger()

#: A narrative of 20,000 signs (FinCEN's limit), each written as JSON's longest escape, is 240,000 bytes.
MAX_BODY_BYTES = 256 << 10

#: Seconds for a whole body.
BODY_S = 10.0

#: Seconds that a refused body is read on and dropped: a connection that is closed with bytes unread is reset, and the
#: client may lose the answer with it.
LINGER_S = 1.0

SAFETY = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
"""Headers of every answer. A report's page has its style inside."""


class Front:
    """The ASGI application around the API's."""

    def __init__(self, app: ASGIApp, access: Access, *, body_s: float = BODY_S) -> None:
        """Let those through to `app` whom `access` lets, and wait `body_s` seconds for a body."""
        self._app = app
        self._access = access
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False
        unread = _has_body(scope)

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                own = [name for name, _ in SAFETY]
                kept = [header for header in message.get("headers", ()) if header[0].lower() not in own]
                message["headers"] = [*kept, *SAFETY]
            await send(message)

        try:
            actor = self._access.check(scope)
            try:
                body = await asyncio.wait_for(_whole(scope, receive), self._body_s)
            except TimeoutError:
                raise Refusal(408, f"the body did not come within {self._body_s:g} s: send it again") from None
            unread = False
            scope.setdefault("state", {})["actor"] = actor
            await self._app(scope, _again(body, receive), answer)
        except Refusal as refused:
            await _refuse(answer, refused, receive if unread else None)
        except Exception:
            log.exception("api_request_failed", path=scope["path"])
            if begun:
                raise
            await _refuse(answer, Refusal(500, "this is a bug: see api_request_failed in the API's log"))


async def _whole(scope: Scope, receive: Receive) -> bytes:
    """Return the body. Raises `Refusal` for one that is too large, as soon as that is known."""
    too_large = Refusal(413, f"a body has {MAX_BODY_BYTES} bytes at most: send less")
    told = dict(scope["headers"]).get(b"content-length", b"0")
    if told.isdigit() and int(told[:20]) > MAX_BODY_BYTES:
        raise too_large
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Refusal(400, "the body is not whole: send it again")
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise too_large
        if not message.get("more_body", False):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what hands on a body that was read, and after it whatever else comes."""
    given = False

    async def next_message() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_message


def _has_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


async def _refuse(send: Send, refused: Refusal, unread: Receive | None = None) -> None:
    """Answer, and close the connection where a body is still `unread`."""
    body = json.dumps({"detail": refused.detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *refused.headers]
    if unread is not None:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": unread is not None})
    if unread is not None:
        with suppress(TimeoutError):
            await asyncio.wait_for(_dropped(unread), LINGER_S)
        await send({"type": "http.response.body"})


async def _dropped(receive: Receive) -> None:
    size = 0
    while size <= MAX_BODY_BYTES:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body", False):
            return
