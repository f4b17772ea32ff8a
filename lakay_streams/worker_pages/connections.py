"""The connections of a listener: how many there may be, and how long a client may take.

uvicorn and aiohttp wait for a request's headers and body as long as a client likes, and take as many connections as the
process has file descriptors, which Kafka and RocksDB need, too. Here a client has `request_s` for a whole request from
when it connected or was last answered, and `answer_s` to take an answer. Where there is no room for one more, whoever
keeps its connection waiting the longest makes it: so idle ones keep nobody out.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import cast

from lakay_streams.telemetry.logs import get_logger

log = get_logger()

#: Seconds for one whole request, idle time before it included, and for taking one whole answer.
REQUEST_S = 15.0
ANSWER_S = 60.0

#: Seconds between two looks at the connections.
LOOK_S = 0.5


class Connections:
    """Every open connection of a listener; used on its event loop alone."""

    def __init__(self, most: int, *, request_s: float = REQUEST_S, answer_s: float = ANSWER_S) -> None:
        """Allow `most` at a time."""
        self._most = most
        self._request_s = request_s
        self._answer_s = answer_s
        #: Those that are open.
        self.open: set[Bounded] = set()
        self._looking: asyncio.TimerHandle | None = None
        #: Connections that were ended to make room since the last look.
        self._evicted = 0

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self.open)

    def add(self, connection: Bounded) -> bool:
        """Take a connection in; False when there is no room for it."""
        if len(self.open) >= self._most:
            waiting = [each for each in self.open if each.turn() is not None]
            if not waiting:
                return False
            self._evicted += 1
            self._end(min(waiting, key=lambda each: each.since))
        self.open.add(connection)
        if self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(LOOK_S, self._look)
        return True

    def discard(self, connection: Bounded) -> None:
        """Forget a connection that is gone."""
        self.open.discard(connection)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        if self._evicted:
            log.warning("connections_full", most=self._most, ended=self._evicted)
            self._evicted = 0
        for each in list(self.open):
            if each.overdue(loop.time(), self._request_s, self._answer_s):
                self._end(each)
        self._looking = loop.call_later(LOOK_S, self._look) if self.open else None

    def _end(self, connection: Bounded) -> None:
        self.open.discard(connection)
        connection.transport.abort()


class Bounded(asyncio.Protocol):
    """Hands a connection to the server's own protocol, and keeps the time."""

    def __init__(self, inner: asyncio.Protocol, connections: Connections) -> None:
        """Serve with `inner`."""
        self._inner = inner
        self._connections = connections
        self._taken = False
        self._turn: object = None
        self._unsent_since: float | None = None
        #: When the client's turn began, in the loop's time.
        self.since = 0.0

    @abstractmethod
    def turn(self) -> object:
        """Return what differs from one turn of the client to the next; None while it is the server's."""

    def overdue(self, now: float, request_s: float, answer_s: float) -> bool:
        """Whether the client takes too long, to ask or to take the answer."""
        turn = self.turn()
        if turn is None or turn != self._turn:
            self.since = now
        self._turn = turn
        if not self.transport.get_write_buffer_size():
            self._unsent_since = None
            return now - self.since > request_s
        if self._unsent_since is None:
            self._unsent_since = now
        return now - self._unsent_since > answer_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, if there is room."""
        self.transport = cast(asyncio.Transport, transport)
        self.since = asyncio.get_running_loop().time()
        self._turn = self.turn()
        self._taken = self._connections.add(self)
        if self._taken:
            self._inner.connection_made(transport)
        else:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._connections.discard(self)
        if self._taken:
            self._inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand on what came."""
        if self._taken:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Hand on that no more comes."""
        return self._inner.eof_received() if self._taken else None

    def pause_writing(self) -> None:
        """Hand on that the client takes nothing now."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Hand on that it does again."""
        self._inner.resume_writing()
