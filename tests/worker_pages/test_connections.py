"""No client keeps a listener waiting, whatever it sends or leaves out: the API's (uvicorn) and the pages' (aiohttp)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import uvicorn
from aiohttp.web import Application, AppRunner, Request, Response
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from lakay_streams.api.server import protocols
from lakay_streams.worker_pages.connections import Connections
from lakay_streams.worker_pages.server import Site, safe

ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = b"x" * (32 << 20)

#: How long the test's listeners leave a client, and how long the test waits for what must come.
PATIENCE_S = 1.0
WITHIN_S = 20.0


@asynccontextmanager
async def by_uvicorn(connections: Connections, answer: Callable[[], Awaitable[bytes]]) -> AsyncIterator[int]:
    """Serve one page as the API is served."""

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        body = await answer()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})

    make = protocols(connections)
    config = uvicorn.Config(app, timeout_keep_alive=600)
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: make(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def by_aiohttp(connections: Connections, answer: Callable[[], Awaitable[bytes]]) -> AsyncIterator[int]:
    """Serve one page as a worker's are served."""

    async def page(_request: Request) -> Response:
        return Response(body=await answer())

    app = Application(middlewares=[safe])
    app.router.add_get("/", page)
    runner = AppRunner(app, access_log=None, keepalive_timeout=600, shutdown_timeout=0.1)
    await runner.setup()
    bound = socket.create_server(("127.0.0.1", 0))
    await Site(runner, bound, connections).start()
    try:
        yield bound.getsockname()[1]
    finally:
        await runner.cleanup()


listeners = pytest.mark.parametrize("listener", [by_uvicorn, by_aiohttp])
Listener = Callable[[Connections, Callable[[], Awaitable[bytes]]], AbstractAsyncContextManager[int]]


async def short() -> bytes:
    return b"short"


async def holds(what: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(WITHIN_S):
        while not what():  # noqa: ASYNC110 - a listener tells nobody
            await asyncio.sleep(0.01)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the server ends the connection."""
    came = b""
    try:
        async with asyncio.timeout(WITHIN_S):
            while chunk := await reader.read(1 << 16):
                came += chunk
    except ConnectionError:
        pass
    return came


async def answered(reader: asyncio.StreamReader) -> bool:
    """Whether an answer comes; it is read whole."""
    async with asyncio.timeout(WITHIN_S):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
    return head.startswith(b"HTTP/1.1 200")


@listeners
@pytest.mark.parametrize(
    "begun",
    [b"", ASK[:-10], b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx", ASK],
    ids=["nothing", "half the headers", "half a body", "a request and no other"],
)
async def test_a_client_that_stops_is_ended(listener: Listener, begun: bytes) -> None:
    async with listener(Connections(8, request_s=PATIENCE_S), short) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        await ended(reader)
        writer.close()


@listeners
async def test_a_client_that_sends_a_byte_now_and_then_is_ended(listener: Listener) -> None:
    async with listener(Connections(8, request_s=PATIENCE_S), short) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def drip() -> None:
            writer.write(ASK[:-2])
            while True:
                writer.write(b"X-Slow: 1\r\n")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        await ended(reader)
        dripping.cancel()
        writer.close()


@listeners
async def test_a_client_that_takes_no_answer_is_ended(listener: Listener) -> None:
    async def large() -> bytes:
        return LARGE

    connections = Connections(8, request_s=600, answer_s=PATIENCE_S)
    async with listener(connections, large) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(ASK)
        await holds(lambda: len(connections) == 1)
        await holds(lambda: len(connections) == 0)
        writer.close()


@listeners
async def test_a_client_that_asks_again_in_time_is_kept_and_so_is_one_whose_page_takes_long(listener: Listener) -> None:
    async def slow() -> bytes:
        await asyncio.sleep(1.5 * PATIENCE_S)
        return b"slow"

    async with listener(Connections(8, request_s=PATIENCE_S), slow) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(ASK)
            assert await answered(reader)
        writer.close()


@listeners
async def test_a_client_with_many_quick_requests_outlives_the_deadline_of_one(listener: Listener) -> None:
    async with listener(Connections(8, request_s=PATIENCE_S), short) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(15):
            writer.write(ASK)
            assert await answered(reader)
            await asyncio.sleep(PATIENCE_S / 5)
        writer.close()


@listeners
async def test_idle_connections_make_room_for_a_new_one_and_never_exceed_the_limit(listener: Listener) -> None:
    connections = Connections(8)
    async with listener(connections, short) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(40)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(ASK)
        assert await answered(reader)
        assert len(connections) <= 8
        for _, each in (*idle, (reader, writer)):
            each.close()


@listeners
async def test_where_every_connection_is_being_answered_a_new_one_is_refused(listener: Listener) -> None:
    go_on = asyncio.Event()

    async def when_told() -> bytes:
        await go_on.wait()
        return b"told"

    connections = Connections(2)
    async with listener(connections, when_told) as port:
        asked = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for _, writer in asked:
            writer.write(ASK)
        await holds(lambda: [each.turn() for each in connections.open] == [None, None])
        reader, refused = await asyncio.open_connection("127.0.0.1", port)
        assert await ended(reader) == b""
        go_on.set()
        assert [await answered(reader) for reader, _ in asked] == [True, True]
        for _, writer in (*asked, (reader, refused)):
            writer.close()
