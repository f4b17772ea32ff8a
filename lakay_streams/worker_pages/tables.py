"""/tables: the state of every entity, read where it lives.

A worker holds the states of its own partitions. For another's key it sends the client on (307) to the worker that owns
it, as the group's assignment says. State is personal data: who may see it is `Access`.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, Self, TypeVar, cast
from urllib.parse import quote

from aiohttp.web import Request, Response

from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.user_state import UserState
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.state.table import StateTable
from lakay_streams.errors import StoreError
from lakay_streams.settings import Settings
from lakay_streams.settings.kinds import is_web_address
from lakay_streams.worker_pages.loopback import foreign, is_loopback
from lakay_streams.worker_pages.pages import Handler, answer, page, refuse
from lakay_streams.worker_pages.readable import profile_of, readable
from lakay_streams.worker_pages.sampler import Sampler

KEYS_LISTED = 100
KEYS_LISTED_MAX = 1_000

#: Seconds to wait for the scoring loop to hand over a state.
HAND_OVER_S = 5.0

Result = TypeVar("Result")


class Access(NamedTuple):
    """Who may see state: whoever sends the token; without one, in development, programs of this machine."""

    token: str | None
    #: WORKER_HOST, and what is set that takes requests from elsewhere to it.
    bind: str
    debug: bool
    public_url: str | None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the settings say."""
        token = settings.worker_token
        return cls(
            token.get_secret_value() if token else None,
            settings.worker_host,
            settings.debug,
            settings.worker_public_url,
        )

    def refusal(self, request: Request) -> Response | None:
        """Return why the client may not see state, or None when it may."""
        if self.token is not None:
            # What is no UTF-8 in a header, aiohttp hands on as halves of surrogates.
            given = [value.encode("utf-8", "surrogateescape") for value in request.headers.getall("Authorization", ())]
            scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
            if scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self.token.encode()):
                return None
            return refuse(
                request,
                401,
                "tables hold personal data: send the worker's WORKER_TOKEN as `Authorization: Bearer <token>`",
                {"WWW-Authenticate": "Bearer"},
            )
        reason = self._reason(request)
        if reason is None:
            return None
        return refuse(
            request,
            403,
            f"tables hold personal data, and without WORKER_TOKEN are for programs of this machine only, at "
            f"http://127.0.0.1 or http://localhost; {reason}: set WORKER_TOKEN and send it as `Authorization: Bearer "
            "<token>`",
        )

    def _reason(self, request: Request) -> str | None:
        if not self.debug:
            return "DEBUG=false wants a token always"
        if not is_loopback(self.bind):
            return f"WORKER_HOST={self.bind} is open to other machines"
        if self.public_url is not None:
            return "WORKER_PUBLIC_URL brings requests from other machines"
        return foreign({name.lower(): value for name, value in request.headers.items()})


def attach(app: StreamApp, *, access: Access, sampler: Sampler, behavior: BehaviorLimits) -> None:
    """Put the pages on `app`; `behavior` says from when on a user's profile is active, and stale."""

    def guarded(path: str) -> Callable[[Handler], Handler]:
        def put(handler: Handler) -> Handler:
            @wraps(handler)
            async def guard(request: Request, **names: str) -> Response:
                refused = access.refusal(request)
                return await handler(request, **names) if refused is None else refused

            return page(app, path)(guard)

        return put

    def states_of(name: str) -> StateTable[Any] | None:
        return cast(StateTable[Any] | None, app.task_manager.get(name))

    def unknown(request: Request, name: str) -> Response:
        known = ", ".join(sorted(app.task_manager))
        return refuse(request, 404, f"there is no table {name[:100]}: ask for one of {known}")

    @guarded("/tables")
    async def tables(request: Request) -> Response:
        sizes = sampler.latest.engine.tables
        rows = []
        for name, table in sorted(app.task_manager.items()):
            own = [size for size in sizes if size.table == name]
            rows.append(
                {
                    "table": name,
                    "key": table.key,
                    "value": table.state_type.__name__,
                    "partitions": [size.partition for size in own],
                    "estimated_keys": sum(size.estimated_keys for size in own),
                    "cached_states": sum(size.cached_states for size in own),
                    "estimated_bytes": sum(size.estimated_bytes for size in own),
                    "href": f"/tables/{quote(name, safe='')}",
                }
            )
        return answer(request, {"tables": rows, "workers": _workers(app)}, title="Tables")

    @guarded("/tables/{name}")
    async def keys(request: Request, name: str) -> Response:
        table = states_of(name)
        if table is None:
            return unknown(request, name)
        limit = request.query.get("limit", str(KEYS_LISTED))
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:6]) <= KEYS_LISTED_MAX):
            return refuse(request, 400, f"limit={limit[:100]} is no number from 1 to {KEYS_LISTED_MAX}: correct it")

        def first() -> list[tuple[str, int]]:
            found: list[tuple[str, int]] = []
            for number, partition in sorted(app.task_manager.partitions.items()):
                room = int(limit) - len(found)
                found += [(key, number) for key in partition.states[name].keys(room)]
            return found

        try:
            found = await _on_worker_loop(app, first)
        except TimeoutError:
            return _busy(request)
        except StoreError as error:
            return _damaged(request, error)
        body = {
            "table": name,
            "key": table.key,
            "value": table.state_type.__name__,
            "listed": len(found),
            "keys": [
                {"key": key, "partition": number, "href": f"/tables/{quote(name, safe='')}/{quote(key, safe='')}"}
                for key, number in found
            ],
            "workers": _workers(app, f"/tables/{quote(name, safe='')}"),
        }
        return answer(request, body, title=f"Table {name}")

    @guarded("/tables/{name}/{key:.+}")
    async def state(request: Request, name: str, key: str) -> Response:
        table = states_of(name)
        if table is None:
            return unknown(request, name)
        try:
            number = partition_of(key.encode(), app.conf.topic_partitions)
        except UnicodeEncodeError:
            return refuse(request, 400, "the key is no UTF-8 text: percent-encode its UTF-8 bytes")

        def look_up() -> tuple[bool, Any]:
            partition = app.task_manager.partitions.get(number)
            return partition is not None, partition and partition.states[name].peek(key)

        try:
            here, found = await _on_worker_loop(app, look_up)
        except TimeoutError:
            return _busy(request)
        except StoreError as error:
            return _damaged(request, error)
        if not here:
            return _send_on(app, request, number, f"/tables/{quote(name, safe='')}/{quote(key, safe='')}")
        if found is None:
            return refuse(request, 404, f"nothing is kept in {name} under {key[:100]}: is it a {table.key}?")
        body = {
            "table": name,
            "key": key,
            "partition": number,
            "value": table.state_type.__name__,
            "state": readable(found),
        }
        if isinstance(found, UserState):
            body |= profile_of(found.behavior.habits, behavior)
        return answer(request, body, title=f"{name} / {key[:100]}")


async def _on_worker_loop(app: StreamApp, read: Callable[[], Result]) -> Result:
    """Call `read` between two batches, where nothing changes under it."""

    async def reading() -> Result:
        return read()

    future = asyncio.run_coroutine_threadsafe(reading(), app.loop)
    async with asyncio.timeout(HAND_OVER_S):
        return await asyncio.wrap_future(future)


def _busy(request: Request) -> Response:
    return refuse(request, 503, f"the worker gave no answer within {HAND_OVER_S:g} s: try again, and look at /stats")


def _damaged(request: Request, error: StoreError) -> Response:
    return refuse(request, 503, f"{error}: the worker restores it from Kafka when it meets the fault; try again then")


def owner_of(app: StreamApp, number: int) -> str | None:
    """Return the URL of the worker that the group assigned a partition to, None when none is known.

    A member publishes its own, and nothing else is a place to send readers to; what is no plain address is none.
    """
    for url, topics in app.assignor.external_topics_metadata().items():  # type: ignore[attr-defined]  # Faust's class
        if is_web_address(url) and any(number in numbers for numbers in topics.values()):
            return cast(str, url).rstrip("/")
    return None


def _send_on(app: StreamApp, request: Request, number: int, path: str) -> Response:
    owner = owner_of(app, number)
    if owner is None:
        return refuse(request, 503, f"no worker with pages owns partition {number} now: try again when /ready is 200")
    if owner == str(app.conf.canonical_url).rstrip("/"):
        return refuse(request, 503, f"partition {number} is being opened here: try again when /ready is 200")
    return refuse(request, 307, f"partition {number} is owned by {owner}: ask there", {"Location": f"{owner}{path}"})


def _workers(app: StreamApp, path: str = "/tables") -> list[dict[str, Any]]:
    """Return who owns which partitions, so that a person finds the rest of a table."""
    partitions = range(app.conf.topic_partitions)
    owned: dict[str, list[int]] = {}
    for number in partitions:
        owner = owner_of(app, number)
        if owner is not None:
            owned.setdefault(owner, []).append(number)
    return [{"worker": url, "partitions": numbers, "href": f"{url}{path}"} for url, numbers in owned.items()]
