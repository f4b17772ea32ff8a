"""A record becomes a row with tokens in the place of personal values, or is quarantined with every reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lakay_streams.archive.rows import KEEP_OF_QUARANTINED, RowMaker, alert_kinds
from lakay_streams.contracts.topics import FRAUD_ALERTS, REJECTED, TIER_CHANGES
from lakay_streams.engine.batch import Record
from lakay_streams.pii.keys import encryption_keys, token_keys
from lakay_streams.pii.personal import reveal
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import Tokens
from lakay_streams.settings import load_settings
from tests.archive.feed import ALERT_TOPICS, POISON, alert, reject

SETTINGS = load_settings(env_file=None)
TOKENS, VAULT = Tokens(token_keys(SETTINGS)), Vault(encryption_keys(SETTINGS))
MAKER = RowMaker(alert_kinds(SETTINGS), TOKENS, VAULT)


def consumed(topic: str, value: bytes | None, offset: int = 7, timestamp: int = 1_770_000_000_000) -> Record:
    return Record(topic, 1, offset, timestamp, None, value)


def told(topic: str, document: Any) -> Record:
    return consumed(topic, json.dumps(document).encode())


def opened(row: dict[str, Any], context: str) -> bytes:
    return VAULT.open(bytes.fromhex(row["sealed"][2:]), row["encryption_key"], context)


@pytest.mark.parametrize("topic", ALERT_TOPICS)
def test_an_alert_of_every_kind_is_a_row_that_can_be_read_again(topic: str) -> None:
    document = alert(topic, 3)
    made = MAKER.alert(told(topic, document))
    row = json.loads(made.value)
    assert (made.table, made.origin, row["alert_id"]) == ("alerts", f"{topic}/1/7", document["alert_id"])
    assert (row["topic"], row["partition"], row["topic_offset"]) == (topic, 1, 7)
    assert (row["tier"], row["score"], row["settings_version"]) == ("critical", 0.03, "0123456789ab")
    assert row["occurred_at"] == "2026-02-04T12:03:00.000Z"
    values = json.loads(opened(row, f"alerts/{document['alert_id']}"))
    assert reveal(row["body"], values) == document
    text = made.value.decode()
    assert not [personal for personal in ("user-3", "phone-3", "203.0.3.3") if personal in text]


def test_a_user_is_found_by_the_token_and_a_circle_by_its_id() -> None:
    row = json.loads(MAKER.alert(told(FRAUD_ALERTS, alert(FRAUD_ALERTS, 3))).value)
    assert row["entity"] == row["body"]["user_id"] == TOKENS.of("user", "user-3")
    assert json.loads(MAKER.alert(told(TIER_CHANGES, alert(TIER_CHANGES, 3))).value)["entity"] == "circle-3"


@pytest.mark.parametrize("raw", POISON)
def test_poison_is_quarantined_with_its_reasons_and_sealed_bytes(raw: bytes | None) -> None:
    made = MAKER.alert(consumed(FRAUD_ALERTS, raw))
    row = json.loads(made.value)
    assert made.table == "quarantine"
    assert row["reasons"]
    assert opened(row, f"quarantine/{FRAUD_ALERTS}/1/7") == (raw or b"")
    assert MAKER.reject(consumed(REJECTED, raw)).table == "quarantine"


def test_every_fault_of_an_alert_is_told() -> None:
    row = json.loads(MAKER.alert(told(FRAUD_ALERTS, {"alert_id": "1", "occurred_at": "yesterday"})).value)
    assert row["reasons"] == [
        "alert_id or change_id or trigger_id: is no UUID",
        "user_id: is missing",
        "occurred_at: is no time with an offset",
    ]


def test_of_a_large_record_the_beginning_is_kept() -> None:
    row = json.loads(MAKER.alert(consumed(FRAUD_ALERTS, b"x" * 900_000)).value)
    assert row["raw_length"] == 900_000
    assert len(opened(row, f"quarantine/{FRAUD_ALERTS}/1/7")) == KEEP_OF_QUARANTINED


def test_the_rejects_index_holds_no_values() -> None:
    document = json.loads(reject(5, 1).value or b"")
    document |= {
        "event_id": "Marie Joseph",
        "event_type": "Marie's",
        "rejection_reasons": ["record: marie@example.com"],
    }
    made = MAKER.reject(told(REJECTED, document))
    row = json.loads(made.value)
    assert (made.table, row["source_offset"], row["event_id"], row["event_type"]) == ("rejects", 5, None, None)
    assert "raw_base64" not in row
    assert "arie" not in made.value.decode()


def test_what_postgresql_cannot_hold_is_replaced() -> None:
    document = alert(FRAUD_ALERTS, 3) | {"note": "a\0b"}
    row = json.loads(MAKER.alert(told(FRAUD_ALERTS, document)).value)
    assert row["body"]["note"] == "a\N{REPLACEMENT CHARACTER}b"
