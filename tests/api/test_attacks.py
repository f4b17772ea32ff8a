"""A running API, attacked: no request makes it fail, none is read before its token, and none keeps others out."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from lakay_streams.api.front import MAX_BODY_BYTES
from lakay_streams.api.health import FRESH_S, Answering, Probe
from lakay_streams.api.server import MAX_HEAD_BYTES, MOST_CONNECTIONS
from lakay_streams.settings import load_settings
from tests.agents.running import free_port
from tests.api.running import REPORTS, TOKEN, RunningApi, api

NAMED = "a-token-of-alice"
BEARER = f"Authorization: Bearer {TOKEN}"


class Counting:
    """A listener that counts who comes, as /ready does to ask for Redis."""

    def __init__(self) -> None:
        """Listen."""
        self.came = 0
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.came += 1
            connection.close()

    def close(self) -> None:
        """Listen no more."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture(scope="module")
def redis() -> Iterator[Counting]:
    """What the API takes for Redis."""
    counting = Counting()
    yield counting
    counting.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, redis: Counting) -> Iterator[RunningApi]:
    """An API without a database, which none of this needs."""
    nowhere = SecretStr(f"postgresql://lakay:secret@127.0.0.1:{free_port()}/lakay")
    settings = load_settings(None).model_copy(update={"database_url": nowhere})
    folder: Path = tmp_path_factory.mktemp("api")
    given = {"API_TOKENS": f"alice:{NAMED}", "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0"}
    with api(settings, folder, DATABASE_POOL_TIMEOUT_S="0.5", **given) as running:
        yield running
        assert running.is_up(), "it serves on"
        assert not running.events("api_request_failed")
        assert "Traceback" not in running.log()


def raw(running: RunningApi, sent: bytes, *, then: bytes = b"") -> tuple[int, dict[str, str], bytes]:
    """Send bytes, and return the answer's status, headers and body; `then` is sent when it has begun."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as client:
        client.sendall(sent)
        came = b""
        while b"\r\n\r\n" not in came:
            chunk = client.recv(65_536)
            assert chunk, f"no answer to {sent[:100]!r}"
            came += chunk
        head, _, body = came.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", "0")):
            body += client.recv(65_536)
        if then:
            client.sendall(then)
    return int(status.split()[1]), headers, body


def request(method: str, path: str, *headers: str, body: bytes = b"", length: int | None = None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if body or length is not None:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


HARMLESS = {
    "a path that is no UTF-8": request("GET", f"{REPORTS}/%ff%fe", BEARER),
    "half a surrogate in the path": request("GET", f"{REPORTS}/%ed%a0%80", BEARER),
    "a NUL in the path": request("GET", f"{REPORTS}/%00", BEARER),
    "two slashes": request("GET", f"/{REPORTS}", BEARER),
    "a slash at the end": request("GET", f"{REPORTS}/", BEARER),
    "dots": request("GET", f"{REPORTS}/../../../etc/passwd", BEARER),
    "a query that is no UTF-8": request("GET", f"{REPORTS}?kind=%ff&limit=%ed%a0%80", BEARER),
    "a name of the query that is no UTF-8": request("GET", f"{REPORTS}?%ff=%00", BEARER),
    "a whole address": request("GET", f"http://localhost:999999{REPORTS}", BEARER),
    "a port that is none": f"GET {REPORTS} HTTP/1.1\r\nHost: localhost:999999\r\n{BEARER}\r\n\r\n".encode(),
    "a bracket that stays open": f"GET {REPORTS}/ HTTP/1.1\r\nHost: [::1\r\n{BEARER}\r\n\r\n".encode(),
    "no host": f"GET {REPORTS} HTTP/1.0\r\n{BEARER}\r\n\r\n".encode(),
    "no host in 1.1": f"GET {REPORTS} HTTP/1.1\r\n{BEARER}\r\n\r\n".encode(),
    "a token that is no UTF-8": request("GET", REPORTS, "Authorization: Bearer \xff\xfe\x80"),
    "a header that is no UTF-8": request("GET", REPORTS, BEARER, "Accept: \xff", "Cookie: \xed\xa0\x80"),
    "an unknown method": request("PROPFIND", REPORTS, BEARER),
    "options": request("OPTIONS", REPORTS, BEARER, "Origin: null"),
    "a WebSocket": request("GET", REPORTS, BEARER, "Connection: Upgrade", "Upgrade: websocket"),
    "a length that is none": request("POST", f"{REPORTS}/ctr", BEARER, "Content-Length: -1"),
    "two lengths": request("POST", f"{REPORTS}/ctr", BEARER, "Content-Length: 1", "Content-Length: 2"),
    "chunks that are none": request("POST", f"{REPORTS}/ctr", BEARER, "Transfer-Encoding: chunked") + b"zz\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "half a header": b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    "a header over many lines": b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n",
    "a long header": request("GET", REPORTS, f"Cookie: {'a' * 2 * MAX_HEAD_BYTES}"),
    "a long path": request("GET", f"/{'a' * 2 * MAX_HEAD_BYTES}", BEARER),
}  # fmt: skip

BODIES = {
    "no JSON": b"{",
    "no UTF-8": b'{"narrative": "\xff"}',
    "half a surrogate as a name": b'{"\\ud800": 1}',
    "half a surrogate as a value": b'{"alert_id": "3a1b2c3d-0000-4000-8000-000000000000", "narrative": "\\udc00"}',
    "a NUL": b'{"alert_id": "3a1b2c3d-0000-4000-8000-000000000000", "narrative": "\\u0000"}',
    "deeply nested": b"[" * 50_000,
    "deeply nested and whole": b"[" * 5_000 + b"]" * 5_000,
    "a large number": b'{"start_date": ' + b"9" * 5_000 + b"}",
    "a number for a day": b'{"start_date": 0, "end_date": 86400}',
    "no number": b'{"start_date": NaN, "end_date": Infinity}',
    "a name that comes twice": b'{"start_date": "2026-03-01", "start_date": "2026-03-02", "start_date": {}}',
    "many names": json.dumps({f"name-{number}": number for number in range(5_000)}).encode(),
    "a list": b"[]",
    "null": b"null",
}


def told(body: bytes) -> str:
    detail = json.loads(body)["detail"]
    assert isinstance(detail, str)
    assert "\n" not in detail
    return detail


@pytest.mark.parametrize("what", HARMLESS)
def test_no_request_however_written_is_a_failure_of_the_server(running: RunningApi, what: str) -> None:
    status, headers, body = raw(running, HARMLESS[what])
    assert 400 <= status < 500 or (status == 503 and "PostgreSQL" in told(body)), (status, body)
    assert told(body)
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("kind", ["ctr", "sar", "summary"])
@pytest.mark.parametrize("what", BODIES)
def test_no_body_is_a_failure_of_the_server(running: RunningApi, what: str, kind: str) -> None:
    sent = request("POST", f"{REPORTS}/{kind}", BEARER, "Content-Type: application/json", body=BODIES[what])
    status, _, body = raw(running, sent)
    assert status in {400, 422}, (status, body[:300])
    assert len(told(body)) < 5_000


@pytest.mark.parametrize("path", ["/health", "/ready", REPORTS, "/nothing"])
def test_every_answer_tells_a_browser_to_run_frame_guess_and_keep_nothing(running: RunningApi, path: str) -> None:
    for headers in ((), (BEARER,)):
        _, given, _ = raw(running, request("GET", path, *headers))
        assert given["cache-control"] == "no-store"
        assert given["content-security-policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in given["content-security-policy"]
        assert given["x-content-type-options"] == "nosniff"
        assert given["x-frame-options"] == "DENY"
        assert given["referrer-policy"] == "no-referrer"
        assert "server" not in given


def test_without_a_token_a_request_is_refused_before_its_body_comes(running: RunningApi) -> None:
    sent = request("POST", f"{REPORTS}/sar", "Expect: 100-continue", length=1_000_000)
    status, _, body = raw(running, sent)
    assert status == 401, "and not 100, nor 413"
    assert "API_TOKEN" in told(body)


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_is_too_large_is_413_as_soon_as_that_is_known(running: RunningApi, announced: bool) -> None:
    if announced:
        sent = request("POST", f"{REPORTS}/sar", BEARER, length=MAX_BODY_BYTES + 1)
    else:
        chunk = b"%x\r\n%s\r\n" % (MAX_BODY_BYTES + 1, b"x" * (MAX_BODY_BYTES + 1))
        sent = request("POST", f"{REPORTS}/sar", BEARER, "Transfer-Encoding: chunked") + chunk
    status, _, body = raw(running, sent)
    assert status == 413
    assert str(MAX_BODY_BYTES) in told(body)


def test_a_narrative_of_fincens_length_fits(running: RunningApi) -> None:
    body = b'{"alert_id": "3a1b2c3d-0000-4000-8000-000000000000", "narrative": "%s"}' % (b"\\ud83d\\ude00" * 20_000)
    status, _, answer = raw(
        running, request("POST", f"{REPORTS}/sar", BEARER, "Content-Type: application/json", body=body)
    )
    assert status == 503, answer[:300]


@pytest.mark.parametrize("limit", ["0", "501", "-1", "+1", "1.0", "1e2", " 1", "1_0", "\u0661", "", "9" * 5_000, "0x1"])
def test_a_limit_has_digits_only_and_bounds(running: RunningApi, limit: str) -> None:
    for name in ("limit", "offset"):
        if (name, limit) in {("offset", "0"), ("offset", "501")}:
            continue
        answer = running.client.get(REPORTS, params={name: limit})
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(f"{name}: ")


def test_more_connections_than_there_may_be_keep_nobody_out(running: RunningApi) -> None:
    idle = [socket.create_connection(("127.0.0.1", running.port), timeout=30) for _ in range(MOST_CONNECTIONS + 50)]
    try:
        for each in idle[::2]:
            each.sendall(b"GET /health HTTP/1.1\r\nHost: ")
        assert running.as_another().get("/health").status_code == 200
    finally:
        for each in idle:
            each.close()


def test_800_requests_for_readiness_ask_once(running: RunningApi, redis: Counting) -> None:
    before = redis.came
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: raw(running, request("GET", "/ready"))[0], range(800)))
    assert set(answers) == {503}, "there is no PostgreSQL"
    assert redis.came - before <= 1 + running.client.get("/health").json()["uptime_seconds"] / FRESH_S
    assert redis.came - before < 40


async def test_a_probe_is_asked_once_by_all_at_once_and_again_when_it_is_old() -> None:
    import asyncio

    now, asked = [0.0], [0]

    async def ask() -> Answering:
        asked[0] += 1
        await asyncio.sleep(0.01)
        return Answering(kafka=True, database=True, redis=asked[0] > 1)

    probe = Probe(ask, lambda: now[0])
    assert set(await asyncio.gather(*(probe.latest() for _ in range(800)))) == {Answering(True, True, False)}
    now[0] = FRESH_S - 0.1
    await probe.latest()
    assert asked == [1]
    now[0] = FRESH_S
    assert (await probe.latest()).redis
    assert asked == [2]


def test_wrong_tokens_are_told_in_the_log_and_never_repeated(running: RunningApi) -> None:
    guess = "hunter2-guess"
    assert raw(running, request("GET", REPORTS, f"Authorization: Bearer {guess}"))[0] in {401, 429}
    assert running.events("api_access_refused")[-1]["client"] == "127.0.0.1"
    assert guess not in running.log()
    assert NAMED not in running.log()
