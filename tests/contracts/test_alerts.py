"""An alert says everything the decision knew, keeps to its schema, and is the same on every replay."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft7Validator

from lakay_streams.contracts.alerts import (
    AtoAlert,
    CircleTierChange,
    FraudAlert,
    ato_alert,
    decode_ato,
    decode_fraud,
    decode_tier_change,
    encode,
    fraud_alert,
    tier_change,
)
from lakay_streams.domain.circles.limits import DEFAULT_LIMITS
from lakay_streams.domain.decision import Decision, Finding
from lakay_streams.domain.events import TransactionInitiated, UserEvent
from lakay_streams.domain.frozen import replace
from tests.contracts.events import decode as decode_event
from tests.contracts.events import event
from tests.contracts.outbound import outbound_schema
from tests.domain.behavior.life import LAGOS_NETWORK, settled
from tests.domain.circles.life import Life
from tests.domain.story import LAGOS

FINDING = Finding("large_transaction", 0.7, "120.50 USD is large", {"amount": "120.50 USD"}, ("e-1", "e-2"), "less")
DECISION: Decision[Any] = Decision(None, (FINDING,), {}, 0.7, 0.83, "critical", "block", ("less, no alert",))
TRANSACTION: TransactionInitiated = decode_event(event())
LOGIN: UserEvent = decode_event(event("login-failed"))


def test_a_transaction_alert_carries_the_decision_and_the_amount() -> None:
    document = json.loads(encode(fraud_alert(DECISION, TRANSACTION, settings_version="v3")))
    assert document == {
        "alert_id": document["alert_id"],
        "alert_type": "transaction_risk",
        "alert_version": "1.0",
        "user_id": TRANSACTION.user_id,
        "transaction_id": TRANSACTION.transaction_id,
        "event_id": TRANSACTION.event_id,
        "event_type": "transaction-initiated",
        "occurred_at": "2026-02-27T14:29:58.000Z",
        "amount": "120.50",
        "currency": "USD",
        "score": 0.7,
        "composite_score": 0.83,
        "risk_tier": "critical",
        "severity": "CRITICAL",
        "recommendation": "block",
        "findings": [
            {
                "rule": "large_transaction",
                "score": 0.7,
                "reason": "120.50 USD is large",
                "evidence": {"amount": "120.50 USD"},
                "event_ids": ["e-1", "e-2"],
                "otherwise": "less",
            }
        ],
        "otherwise": ["less, no alert"],
        "settings_version": "v3",
    }


def test_a_login_alert_has_no_transaction_and_no_amount() -> None:
    alert = fraud_alert(DECISION, LOGIN, settings_version="v3")
    assert alert.alert_type == "login_velocity"
    assert (alert.transaction_id, alert.amount, alert.currency) == (None, None, None)


@pytest.mark.parametrize("cause", [TRANSACTION, LOGIN])
def test_alerts_keep_to_their_schema_and_are_read_back(cause: TransactionInitiated | UserEvent) -> None:
    schema = outbound_schema("fraud-alert")
    Draft7Validator.check_schema(schema)
    alert = fraud_alert(DECISION, cause, settings_version="v3")
    document = json.loads(encode(alert))
    Draft7Validator(schema).validate(document)
    assert set(document) == set(schema["properties"]) == set(schema["required"]) == set(FraudAlert.__struct_fields__)
    assert decode_fraud(encode(alert)) == alert


def test_an_amount_has_the_places_of_its_currency() -> None:
    yen = replace(TRANSACTION, currency="JPY", amount_minor=1500)
    assert fraud_alert(DECISION, yen, settings_version="v3").amount == "1500"


def test_a_replay_makes_the_same_alert_and_another_event_another_id() -> None:
    def alert_id(cause: TransactionInitiated | UserEvent) -> str:
        return fraud_alert(DECISION, cause, settings_version="v3").alert_id

    assert alert_id(TRANSACTION) == alert_id(replace(TRANSACTION, amount_minor=1))
    others = {
        alert_id(replace(TRANSACTION, event_id="e-9")),
        alert_id(replace(TRANSACTION, user_id="u-9")),
        alert_id(LOGIN),
    }
    assert len(others | {alert_id(TRANSACTION)}) == 4
    assert UUID(alert_id(TRANSACTION)).version == 5


def takeover_alerts() -> list[AtoAlert]:
    """The alerts of a whole takeover, from the guessed password to the transfer."""
    life = settled().waits(days=1, hours=7).moves_to(LAGOS, LAGOS_NETWORK, "thief's telephone")
    life.mistypes(6).visits(4_000.0, change=("email", "payout_account"))
    return [ato_alert(each, life.behavior, settings_version="v3") for each in life.takeovers if each.alerted]


def test_takeover_alerts_keep_to_their_schema_and_are_read_back() -> None:
    schema = outbound_schema("ato-alert")
    Draft7Validator.check_schema(schema)
    alerts = takeover_alerts()
    assert [alert.alert_type for alert in alerts] == schema["properties"]["alert_type"]["enum"]
    for alert in alerts:
        document = json.loads(encode(alert))
        Draft7Validator(schema).validate(document)
        assert set(document) == set(schema["properties"]) == set(schema["required"]) == set(AtoAlert.__struct_fields__)
        assert decode_ato(encode(alert)) == alert
        assert set(alert.contributions) == set(schema["properties"]["contributions"]["required"])


def test_a_takeover_alert_says_what_why_and_what_to_do() -> None:
    login, change, transfer = takeover_alerts()
    assert (login.transaction_id, login.amount, login.currency) == (None, None, None)
    assert (transfer.amount, transfer.currency) == ("4000.00", "USD")
    assert transfer.transaction_id is not None
    assert (transfer.risk_tier, transfer.severity, transfer.recommendation) == ("critical", "CRITICAL", "lock")
    assert (change.profile_state, change.device_id) == ("active", "thief's telephone")
    for alert in (login, change, transfer):
        assert sum(alert.contributions.values()) == pytest.approx(alert.anomaly_score, abs=1e-5)
        assert alert.findings
        assert alert.event_id in alert.findings[0].event_ids
        assert alert.settings_version == "v3"


def test_a_replay_makes_the_same_takeover_alert_and_each_step_one_of_its_own() -> None:
    ids = [alert.alert_id for alert in takeover_alerts()]
    assert ids == [alert.alert_id for alert in takeover_alerts()]
    assert len(set(ids)) == 3


def tier_changes() -> list[CircleTierChange]:
    """The tier changes of a circle whose members stop paying, leave and give up."""
    life = Life(5).goes_round().goes_round(missed=["m3"])
    life.leaves("m0")
    life.goes_round(missed=["m3", "m4"]).ends("circle-failed")
    return [tier_change(change, DEFAULT_LIMITS, settings_version="v3") for change in life.changes]


def test_tier_changes_keep_to_their_schema_and_are_read_back() -> None:
    schema = outbound_schema("tier-change")
    Draft7Validator.check_schema(schema)
    changes = tier_changes()
    assert [(change.old_tier, change.new_tier) for change in changes] == [
        ("healthy", "at-risk"),
        ("at-risk", "critical"),
    ]
    for change in changes:
        document = json.loads(encode(change))
        Draft7Validator(schema).validate(document)
        properties = set(schema["properties"])
        assert set(document) == properties == set(schema["required"]) == set(CircleTierChange.__struct_fields__)
        assert decode_tier_change(encode(change)) == change
        assert set(change.contributions) == set(schema["properties"]["contributions"]["required"])


def test_a_tier_change_says_what_why_and_by_which_events_and_names_no_member() -> None:
    fell, failed = tier_changes()
    assert sum(fell.contributions.values()) == pytest.approx(fell.score, abs=1e-5)
    assert fell.event_type == "circle-member-dropped"
    assert "1 member took the pot and left, owing up to 60% of the rounds" in [each.reason for each in fell.findings]
    assert fell.moved_by[-1].event_id == fell.event_id
    assert (fell.old_tier_since, failed.old_tier_since) == (None, fell.occurred_at)
    assert fell.settings_version == "v3"
    told = encode(fell).decode()
    assert not [user for user in ("m0", "m1", "m2", "m3", "m4") if f'"{user}"' in told or f" {user} " in told]


def test_a_replay_makes_the_same_tier_changes_and_each_has_an_id_of_its_own() -> None:
    ids = [change.alert_id for change in tier_changes()]
    assert ids == [change.alert_id for change in tier_changes()]
    assert len(set(ids)) == 2
    assert {UUID(each).version for each in ids} == {5}
