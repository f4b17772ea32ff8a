"""A record becomes a row with tokens in the place of personal values, or is quarantined with every reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from lakay_streams.archive.rows import KEEP_OF_QUARANTINED, Row, RowMaker, alert_kinds
from lakay_streams.contracts.topics import (
    ATO_ALERTS,
    COMPLIANCE_ALERTS,
    EDD_TRIGGERS,
    FRAUD_ALERTS,
    REJECTED,
    TIER_CHANGES,
)
from lakay_streams.db.digests import Digests
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.pii.keys import encryption_keys, token_keys
from lakay_streams.pii.personal import reveal
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import Tokens
from lakay_streams.settings import load_settings
from tests.archive.compare import revision_in
from tests.archive.feed import ALERT_TOPICS, POISON, alert, reject

SETTINGS = load_settings(env_file=None)
TOKENS, VAULT = Tokens(token_keys(SETTINGS)), Vault(encryption_keys(SETTINGS))
MAKER = RowMaker(alert_kinds(SETTINGS), TOKENS, VAULT, Digests.of(SETTINGS))


def consumed(topic: str, value: bytes | None, offset: int = 7, timestamp: int = 1_770_000_000_000) -> Record:
    return Record(topic, 1, offset, timestamp, None, value)


def told(topic: str, document: Any) -> Record:
    return consumed(topic, json.dumps(document).encode())


def opened(row: dict[str, Any], context: str) -> bytes:
    return VAULT.open(bytes.fromhex(row["sealed"][2:]), row["encryption_key"], context)


TIERS = {TIER_CHANGES: "watch", COMPLIANCE_ALERTS: None, EDD_TRIGGERS: "high"}


@pytest.mark.parametrize("topic", ALERT_TOPICS)
def test_an_alert_of_every_kind_is_a_row_that_can_be_read_again(topic: str) -> None:
    document = alert(topic, 3)
    made = MAKER.alert(told(topic, document))
    row = json.loads(made.value)
    alert_id, revision = revision_in(document)
    assert (made.table, made.origin, row["alert_id"], row["revision"]) == ("alerts", f"{topic}/1/7", alert_id, revision)
    assert (row["topic"], row["partition"], row["topic_offset"]) == (topic, 1, 7)
    assert (row["tier"], row["score"]) == (TIERS.get(topic, "critical"), 0.03)
    assert row["settings_version"] == "0123456789ab"
    assert row["occurred_at"] == "2026-02-04T12:03:00.000Z"
    values = json.loads(opened(row, f"alerts/{alert_id}"))
    assert reveal(row["body"], values) == document
    text = made.value.decode()
    assert not [personal for personal in ("user-3", "phone-3", "203.0.3.3") if personal in text]
    assert Row.unpacked("alerts", made.origin.encode(), made.packed) == made


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


def reasons(topic: str, document: Any) -> list[str]:
    made = MAKER.alert(told(topic, document))
    assert made.table == "quarantine"
    found: list[str] = json.loads(made.value)["reasons"]
    return found


def test_every_fault_of_an_alert_is_told() -> None:
    document = alert(FRAUD_ALERTS, 3) | {"alert_id": "1", "risk_tier": "extreme", "amount": "-5", "score": 1.5}
    del document["user_id"]
    told_of = reasons(FRAUD_ALERTS, document)
    assert [reason.partition(":")[0] for reason in told_of] == ["user_id", "alert_id", "amount", "score", "risk_tier"]
    assert "user_id: is required" in told_of
    assert "extreme" not in "".join(told_of)


@pytest.mark.parametrize(
    ("topic", "changes", "reason"),
    [
        (FRAUD_ALERTS, {"amount": "1240.00 USD"}, "amount: must match"),
        (FRAUD_ALERTS, {"amount": "9999999999999"}, "amount: must be at most"),
        (FRAUD_ALERTS, {"currency": "dollars"}, "currency: must match"),
        (FRAUD_ALERTS, {"occurred_at": "2026-02-30T12:00:00Z"}, "occurred_at: must be an existing"),
        (FRAUD_ALERTS, {"user_id": ""}, "user_id: must not be empty"),
        (FRAUD_ALERTS, {"findings": [{"rule": "new_device"}]}, "findings[0].score: is required"),
        (ATO_ALERTS, {"recommendation": "block"}, "recommendation: must be one of"),
        (TIER_CHANGES, {"new_tier": "splendid"}, "new_tier: must be one of"),
        (COMPLIANCE_ALERTS, {"revision": 0}, "revision: must be at least 1"),
        (COMPLIANCE_ALERTS, {"revision": 1.5}, "revision: must be integer"),
        (COMPLIANCE_ALERTS, {"status": "closed"}, "status: must be one of"),
        (COMPLIANCE_ALERTS, {"due_date": "2026-02-30"}, "due_date: must be an existing day"),
        (COMPLIANCE_ALERTS, {"alert_version": "2.0"}, "alert_version:"),
        (EDD_TRIGGERS, {"risk_level": "low"}, "risk_level: must be one of"),
        (EDD_TRIGGERS, {"trigger_id": "42"}, "trigger_id: must match"),
    ],
)
def test_what_the_alerts_own_type_does_not_take_is_quarantined(
    topic: str, changes: dict[str, Any], reason: str
) -> None:
    assert any(each.startswith(reason) for each in reasons(topic, alert(topic, 3) | changes))


def test_an_alert_of_another_topic_is_none_of_this_one() -> None:
    for topic in ALERT_TOPICS:
        for other in ALERT_TOPICS:
            made = MAKER.alert(told(topic, alert(other, 3)))
            assert (made.table == "alerts") == (topic == other)


def test_an_amount_that_contradicts_itself_is_quarantined() -> None:
    document = alert(COMPLIANCE_ALERTS, 3)
    document["evidence"]["movements"][0]["amount"] = "12400.00"
    assert reasons(COMPLIANCE_ALERTS, document) == [
        "evidence.movements[0].amount: is not what amount_minor says",
    ]


def test_a_field_given_twice_is_quarantined() -> None:
    raw = json.dumps(alert(FRAUD_ALERTS, 3)).encode().replace(b'"user_id"', b'"user_id": "user-4", "user_id"')
    made = MAKER.alert(consumed(FRAUD_ALERTS, raw))
    assert json.loads(made.value)["reasons"] == ["user_id: is given 2 times"]


def test_a_field_that_a_newer_worker_added_is_kept() -> None:
    row = json.loads(MAKER.alert(told(FRAUD_ALERTS, alert(FRAUD_ALERTS, 3) | {"model": "v7"})).value)
    assert row["body"]["model"] == "v7"


def test_a_reject_that_is_none_is_quarantined() -> None:
    document = json.loads(reject(5, 1).value or b"")
    faults: list[dict[str, Any]] = [
        {"rejection_reasons": []},
        {"offset": -1},
        {"rejected_at": "yesterday"},
        {"raw_length": "5"},
    ]
    for changes in faults:
        assert MAKER.reject(told(REJECTED, document | changes)).table == "quarantine"


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


def test_what_postgresql_cannot_hold_is_quarantined() -> None:
    assert reasons(FRAUD_ALERTS, alert(FRAUD_ALERTS, 3) | {"note": "a\0b"}) == [
        "note: must not contain the character U+0000"
    ]


def test_a_digest_is_the_same_under_other_tokens_and_seals() -> None:
    """What `lakay pii rotate` changes."""
    audit_key = {"audit_signing_key": SecretStr("c" * 64)}
    rotated = {"pii_token_secret": SecretStr("a" * 64), "pii_encryption_key": SecretStr("A" * 43 + "=")}
    before, after = (
        json.loads(
            RowMaker.of(SETTINGS.model_copy(update={**audit_key, **keys}))
            .alert(told(COMPLIANCE_ALERTS, alert(COMPLIANCE_ALERTS, 3)))
            .value
        )
        for keys in ({}, rotated)
    )
    assert before["entity"] != after["entity"]
    assert (before["content"], before["digest"]) == (after["content"], after["digest"])
