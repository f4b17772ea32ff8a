"""Log lines: ids as operators search them, everything else about a person as its token, and no message that quotes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from lakay_streams.errors import StoreError
from lakay_streams.pii.keys import Key, KeyRing
from lakay_streams.pii.logs import LogScreen
from lakay_streams.pii.tokens import TOKEN, Tokens
from lakay_streams.telemetry import logs

TOKENS = Tokens(KeyRing(Key.derived(SecretStr("secret"), "pii token"), None))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a worker in production logs."""
    stream = io.StringIO()
    logs.configure("INFO", stream, screen=LogScreen(TOKENS), quote=False)
    yield stream
    logs.configure()


def line(log: io.StringIO, **fields: Any) -> dict[str, Any]:
    log.truncate(0)
    log.seek(0)
    logs.get_logger().info("told", **fields)
    told: dict[str, Any] = json.loads(log.getvalue())
    return told


@pytest.mark.parametrize(
    "fields",
    [
        {"user_id": "6f1c2f0e-7f41-4f0e-9e60-6a3d0f2b9f11"},
        {"user_id": "u-1"},
        {"transaction_id": "t-scored"},
        {"event_type": "transaction-initiated"},
        {"topic": "trebanx.user.events", "partitions": [0, 1, 2]},
        {"reason": "No Kafka answers at 10.1.2.3:9092: start it, or set KAFKA_BOOTSTRAP_SERVERS to one that runs."},
        {"app_name": "lakay-intelligence", "rules": ["new_device", "ip_change"]},
        {"rejection_reasons": ["payload.ip_address: must be a string"]},
    ],
)
def test_what_an_operator_searches_for_stays(log: io.StringIO, fields: dict[str, Any]) -> None:
    assert fields.items() <= line(log, **fields).items()


@pytest.mark.parametrize(
    "fields",
    [
        {"user_id": "Marie"},
        {"user_id": "marie@example.com"},
        {"ip_address": "203.0.113.7"},
        {"device_id": "pixel-9"},
        {"recipient_name": "Jean Baptiste"},
        {"event_type": "transfer of Marie Joseph"},
        {"event_id": "Marie Joseph"},
        {"reason": "refused for marie@example.com"},
        {"evidence": {"device": {"id": "pixel-9"}}},
        {"devices": ["pixel-9"]},
    ],
)
def test_what_is_personal_is_logged_as_its_token(log: io.StringIO, fields: dict[str, Any]) -> None:
    told = json.dumps(line(log, **fields))
    assert TOKEN.search(told)
    for personal in ("Marie", "marie", "203.0.113.7", "pixel-9", "Jean"):
        assert personal not in told


def crash() -> None:
    try:
        int("Marie Joseph")
    except ValueError as error:
        raise KeyError("marie-joseph-9") from error


def test_in_production_an_exceptions_message_is_not_told_but_its_kind_and_place(log: io.StringIO) -> None:
    try:
        crash()
    except KeyError:
        logs.get_logger().exception("crashed")
    told = json.loads(log.getvalue())["exception"]
    assert "oseph-9" not in told.replace('raise KeyError("marie-joseph-9")', "")
    assert "invalid literal" not in told
    assert [word in told for word in ("ValueError: ", "KeyError: ", "in crash", "test_logs.py")] == [True] * 4


def test_the_projects_own_messages_and_the_systems_are_told(log: io.StringIO) -> None:
    for error in (StoreError("the disk of users-1 is full"), FileNotFoundError(2, "No such file", "/data")):
        try:
            raise error
        except (StoreError, OSError):
            logs.get_logger().exception("crashed")
        assert str(error) in json.loads(log.getvalue().splitlines()[-1])["exception"]


def test_in_development_messages_are_told() -> None:
    stream = io.StringIO()
    logs.configure("INFO", stream)
    try:
        crash()
    except KeyError:
        logs.get_logger().exception("crashed")
    logs.configure()
    assert "invalid literal" in stream.getvalue()
