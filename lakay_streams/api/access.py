"""Who may ask: whoever sends a token; without one set, in development, programs of this machine.

That a suspicious activity report exists is confidential (31 CFR 1022.320(d)), so there is no open way to the reports.
API_TOKENS gives each person a token, and the audit trail then names who made or read a report.

Who sends wrong tokens is told in the log, without them, and after some refused by address for a minute (429). Behind a
proxy every request has the proxy's address: then it is the proxy that limits, and a token that was already used from
there is still taken.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import Scope

from lakay_streams.settings import Settings
from lakay_streams.settings.secrets import token_map
from lakay_streams.telemetry.logs import get_logger
from lakay_streams.worker_pages.loopback import foreign, is_loopback

log = get_logger()

#: Whom the audit trail names without a name: whoever has API_TOKEN, or in development needs none.
ACTOR = "api"

#: Paths that need no token (runbook 2.6).
OPEN = frozenset({"/health", "/ready"})

#: Wrong tokens from one address until it is refused, and for how many seconds; addresses that are remembered.
FAILURES = 10
WINDOW_S = 60.0
MOST_ADDRESSES = 4096

_SET_IT = "set API_TOKEN and send it as `Authorization: Bearer <token>`"
_BEARER = ((b"www-authenticate", b"Bearer"),)


class Refusal(Exception):  # noqa: N818 - an answer, not an error of the server
    """An answer before the API's own: its status, one sentence, and headers."""

    def __init__(self, status: int, detail: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        """Refuse with `detail`."""
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


class Access:
    """Decides from a request's headers and its connection."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        """Know the tokens of `settings`, as hashes; `clock` gives seconds."""
        tokens = {f"{ACTOR}:{name}": token for name, token in token_map(settings.api_tokens).items()}
        if settings.api_token is not None:
            tokens = {ACTOR: settings.api_token.get_secret_value()} | tokens
        self._tokens = {actor: _digest(token.encode()) for actor, token in tokens.items()}
        self._debug = settings.debug
        self._failures = Failures(clock)

    def check(self, scope: Scope) -> str:
        """Return whom the audit trail is to name. Raises `Refusal`."""
        if scope["path"] in OPEN:
            return ACTOR
        headers = scope["headers"]
        address = scope["client"][0] if scope.get("client") else ""
        if self._tokens:
            return self._bearer([value for name, value in headers if name == b"authorization"], address)
        if not self._debug:
            raise Refusal(403, f"reports are confidential (31 CFR 1022.320(d)): {_SET_IT}")
        by_name = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        reason = "" if is_loopback(address) else "it comes from another machine"
        if reason := reason or foreign(by_name) or "":
            raise Refusal(
                403,
                f"without API_TOKEN, reports are for programs of the API's own machine only, and {reason}: {_SET_IT}",
            )
        return ACTOR

    def _bearer(self, given: list[bytes], address: str) -> str:
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        digest = _digest(token.strip()) if scheme.lower() == b"bearer" else b""
        # Every one, so that the time tells nothing of which comes close.
        found = [actor for actor, known in self._tokens.items() if hmac.compare_digest(known, digest)]
        if self._failures.limited(address) and not (found and self._failures.used(address, found[0])):
            wait = (b"retry-after", str(int(WINDOW_S)).encode())
            raise Refusal(429, f"too many wrong tokens from this address: wait {WINDOW_S:g} s", (wait,))
        if found:
            self._failures.succeeded(address, found[0])
            return found[0]
        if given:
            self._failures.failed(address)
        raise Refusal(401, "send API_TOKEN as `Authorization: Bearer <token>`", _BEARER)


class Failures:
    """Wrong tokens by address, and which tokens were right, in bounded memory: the oldest are forgotten."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Remember nothing yet."""
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._right: OrderedDict[tuple[str, str], None] = OrderedDict()

    def limited(self, address: str) -> bool:
        """Whether an address has sent so many wrong tokens that it has to wait."""
        began, count = self._wrong.get(_network(address), (0.0, 0))
        return count >= FAILURES and self._clock() - began < WINDOW_S

    def used(self, address: str, actor: str) -> bool:
        """Whether the token was right from this address before."""
        return (_network(address), actor) in self._right

    def succeeded(self, address: str, actor: str) -> None:
        """Remember a right token."""
        self._right[_network(address), actor] = None
        self._right.move_to_end((_network(address), actor))
        if len(self._right) > MOST_ADDRESSES:
            self._right.popitem(last=False)

    def failed(self, address: str) -> None:
        """Count a wrong token, and tell it; the count ends with its window."""
        network, now = _network(address), self._clock()
        began, count = self._wrong.pop(network, (now, 0))
        if now - began >= WINDOW_S:
            began, count = now, 0
        self._wrong[network] = (began, count + 1)
        if len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)
        log.warning("api_access_refused", client=address, failures=count + 1, limited=count + 1 >= FAILURES)


def _network(address: str) -> str:
    """Return an address, of IPv6 the network that one customer has."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
