"""A body has a deadline, and who is refused before it came loses the connection, and not the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from pydantic import SecretStr
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from lakay_streams.api.access import Access
from lakay_streams.api.front import MAX_BODY_BYTES, Front
from lakay_streams.api.server import protocols
from lakay_streams.settings import load_settings
from lakay_streams.worker_pages.connections import Connections

TOKEN = "an-operators-token"
BEARER = f"Authorization: Bearer {TOKEN}"
SOON_S = 0.2


async def welcome(scope: Scope, receive: Receive, send: Send) -> None:
    body = b""
    while (message := await receive()).get("more_body"):
        body += message["body"]
    await PlainTextResponse(f"{len(body + message['body'])} bytes")(scope, receive, send)


@asynccontextmanager
async def client() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Serve as `lakay api` does, with a short deadline, and connect."""
    settings = load_settings(None).model_copy(update={"api_token": SecretStr(TOKEN)})
    front = Front(welcome, Access(settings), body_s=SOON_S)
    config = uvicorn.Config(front, log_config=None, server_header=False, date_header=False)
    config.load()
    make = protocols(Connections(8))
    server = await asyncio.get_running_loop().create_server(
        lambda: make(config=config, server_state=ServerState(), app_state={}), "127.0.0.1", 0
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()


def head(*headers: str) -> bytes:
    return "\r\n".join(["POST /reports HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    return int(lines[0].split()[1]), headers, await reader.readexactly(int(headers["content-length"]))


@pytest.mark.parametrize("sent", [b"", b"x" * 99])
async def test_a_body_that_does_not_come_in_time_is_408_and_ends_the_connection(sent: bytes) -> None:
    async with asyncio.timeout(30), client() as (reader, writer):
        writer.write(head(BEARER, "Content-Length: 100") + sent)
        status, headers, body = await answer(reader)
        assert (status, headers["connection"]) == (408, "close")
        assert f"within {SOON_S:g} s" in body.decode()
        assert await reader.read() == b"", "the connection is closed"


@pytest.mark.parametrize("length", [1_000, MAX_BODY_BYTES, 100 * MAX_BODY_BYTES])
async def test_without_a_token_the_connection_ends_whatever_of_the_body_comes(length: int) -> None:
    async with asyncio.timeout(30), client() as (reader, writer):
        writer.write(head(f"Content-Length: {length}") + b"x" * min(length, MAX_BODY_BYTES // 2))
        status, headers, _ = await answer(reader)
        assert (status, headers["connection"]) == (401, "close")
        assert await reader.read() == b"", "the connection is closed, and not reset"


async def test_a_body_that_is_too_large_ends_the_connection() -> None:
    async with asyncio.timeout(30), client() as (reader, writer):
        writer.write(head(BEARER, f"Content-Length: {MAX_BODY_BYTES + 1}") + b"x" * 10_000)
        status, headers, _ = await answer(reader)
        assert (status, headers["connection"]) == (413, "close")
        assert await reader.read() == b""


async def test_who_is_refused_without_a_body_may_ask_again_on_the_same_connection() -> None:
    async with asyncio.timeout(30), client() as (reader, writer):
        for _ in range(2):
            writer.write(head())
            status, headers, _ = await answer(reader)
            assert (status, headers.get("connection")) == (401, None)
        writer.write(head(BEARER, "Content-Length: 5") + b"hello")
        assert (await answer(reader))[::2] == (200, b"5 bytes")
