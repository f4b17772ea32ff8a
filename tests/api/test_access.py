"""Who may ask the API, told from headers and address alone."""

from __future__ import annotations

from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from lakay_streams.api.access import FAILURES, MOST_ADDRESSES, WINDOW_S, Access, Failures, Refusal
from lakay_streams.settings import Settings, load_settings


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        """Begin at some time."""
        self.now = 1_000.0

    def __call__(self) -> float:
        """Return them."""
        return self.now


def settings(**changes: Any) -> Settings:
    tokens = {"api_token": SecretStr("of-all"), "api_tokens": SecretStr("alice:of-alice,bob:of-bob")}
    return load_settings(None).model_copy(update=tokens | changes)


def scope(path: str = "/reports", client: str = "192.0.2.1", **headers: str) -> dict[str, Any]:
    pairs = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "path": path, "client": (client, 1), "headers": pairs}


def bearer(token: str, client: str = "192.0.2.1") -> dict[str, Any]:
    return scope(authorization=f"Bearer {token}", client=client)


def status(access: Access, asked: dict[str, Any]) -> int:
    try:
        access.check(asked)
    except Refusal as refused:
        return refused.status
    return 200


def test_each_token_names_who_has_it() -> None:
    access = Access(settings())
    assert [access.check(bearer(token)) for token in ("of-all", "of-alice", "of-bob")] == [
        "api",
        "api:alice",
        "api:bob",
    ]


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "of-all",
        "Bearer",
        "Bearer ",
        "Bearer of-al",
        "Bearer of-alll",
        "Basic of-all",
        "Bearer alice:of-alice",
        "Bearer \xe9",
        "Bearer \xff\xfe",
        "Bearer \ud7ff".encode().decode("latin-1"),
    ],
)
def test_what_is_no_token_is_401(authorization: str) -> None:
    assert status(Access(settings()), scope(authorization=authorization)) == 401


def test_two_tokens_are_none() -> None:
    asked = bearer("of-all")
    asked["headers"] *= 2
    assert status(Access(settings()), asked) == 401


def test_health_needs_none_and_everything_else_does() -> None:
    access = Access(settings())
    for path, expected in {
        "/health": 200,
        "/ready": 200,
        "/": 401,
        "/openapi.json": 401,
        "/health/": 401,
        "//health": 401,
    }.items():
        assert status(access, scope(path)) == expected, path


@pytest.mark.parametrize(
    ("headers", "client", "expected"),
    [
        ({"host": "localhost:8000"}, "127.0.0.1", 200),
        ({"host": "[::1]:8000"}, "::1", 200),
        ({"host": "localhost:8000", "origin": "http://localhost:3000"}, "127.0.0.1", 200),
        ({"host": "localhost:8000"}, "192.0.2.1", 403),
        ({"host": "rebound.example"}, "127.0.0.1", 403),
        ({"host": "localhost:999999"}, "127.0.0.1", 403),
        ({"host": "[::1"}, "127.0.0.1", 403),
        ({"host": "localhost@rebound.example"}, "127.0.0.1", 403),
        ({}, "127.0.0.1", 403),
        ({"host": "localhost", "origin": "https://a-page.example"}, "127.0.0.1", 403),
        ({"host": "localhost", "origin": "null"}, "127.0.0.1", 403),
        ({"host": "localhost", "sec_fetch_site": "cross-site"}, "127.0.0.1", 403),
        ({"host": "localhost", "x_forwarded_for": "127.0.0.1"}, "127.0.0.1", 403),
        ({"host": "localhost", "forwarded": "for=127.0.0.1"}, "127.0.0.1", 403),
        ({"host": "localhost", "x_original_forwarded_for": "127.0.0.1"}, "127.0.0.1", 403),
        ({"host": "localhost", "true_client_ip": "127.0.0.1"}, "127.0.0.1", 403),
        ({"host": "localhost", "cf_connecting_ip": "127.0.0.1"}, "127.0.0.1", 403),
        ({"host": "localhost", "x_real_ip": "127.0.0.1"}, "127.0.0.1", 403),
    ],
)  # fmt: skip
def test_without_a_token_only_programs_of_this_machine_are_served(
    headers: dict[str, str], client: str, expected: int
) -> None:
    asked = scope(client=client, **headers)
    assert status(Access(settings(api_token=None, api_tokens=None)), asked) == expected
    assert status(Access(settings(api_token=None, api_tokens=None, debug=False)), asked) == 403


def test_an_address_that_sends_wrong_tokens_has_to_wait_and_the_log_tells_it_without_them() -> None:
    clock = Clock()
    access = Access(settings(), clock)
    with structlog.testing.capture_logs() as logged:
        assert [status(access, bearer(f"guess-{number}")) for number in range(FAILURES)] == [401] * FAILURES
        assert status(access, bearer("guess")) == 429
    assert [(line["event"], line["client"]) for line in logged] == [("api_access_refused", "192.0.2.1")] * FAILURES
    assert [line["limited"] for line in logged] == [False] * (FAILURES - 1) + [True]
    assert "guess" not in str(logged)
    assert status(access, bearer("of-alice")) == 429, "nor is a right guess taken then"
    assert status(access, bearer("of-alice", client="192.0.2.2")) == 200
    clock.now += WINDOW_S
    assert status(access, bearer("of-alice")) == 200


def test_a_token_in_use_is_not_locked_out_by_others_behind_the_same_proxy() -> None:
    access = Access(settings())
    assert status(access, bearer("of-alice")) == 200
    assert [status(access, bearer("guess")) for _ in range(FAILURES + 1)][-1] == 429
    assert status(access, bearer("of-alice")) == 200
    assert status(access, bearer("of-bob")) == 429


def test_a_request_without_a_token_is_no_guess() -> None:
    access = Access(settings())
    assert {status(access, scope()) for _ in range(FAILURES + 1)} == {401}


def test_one_customers_addresses_of_ipv6_count_together() -> None:
    access = Access(settings())
    found = [status(access, bearer("guess", client=f"2001:db8::{number:x}")) for number in range(FAILURES + 1)]
    assert found[-1] == 429
    assert status(access, bearer("guess", client="2001:db8:0:1::1")) == 401


def test_what_is_remembered_of_addresses_is_bounded() -> None:
    failures = Failures(Clock())
    with structlog.testing.capture_logs():
        for number in range(MOST_ADDRESSES + 100):
            failures.failed(f"address-{number}")
            failures.succeeded(f"address-{number}", "api")
    assert len(failures._wrong) == len(failures._right) == MOST_ADDRESSES
    assert failures.used(f"address-{MOST_ADDRESSES}", "api")
