"""Claims about all event types at once: each is read whole, and each required field is asked for by name."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft7Validator

from lakay_streams.contracts import Unknown
from lakay_streams.contracts.topics import EVENT_TYPES, INTERNAL_TYPES, REKEYED, TOPIC_OF
from lakay_streams.domain.events import (
    AlertDisposition,
    CircleEvent,
    CorridorRemittance,
    ExchangeRateUpdated,
    MemberChanged,
    MoneyMoved,
    Place,
    ProfileDisposition,
    RemittanceEvent,
    TransactionInitiated,
    TransactionUpdated,
    UserEvent,
)
from tests.contracts.events import CONTRACTS, DROP, SCHEMAS, decode, event, reasons


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1000


HEAD = ("3b241101-e2bb-4255-8caf-4136c56600ff",)
OWN = at("2026-02-27T14:29:58Z")
USER, OTHER = "3b241101-e2bb-4255-8caf-4136c5660001", "3b241101-e2bb-4255-8caf-4136c5660002"
TRANSACTION, CIRCLE = "3b241101-e2bb-4255-8caf-4136c5660010", "3b241101-e2bb-4255-8caf-4136c5660020"
REMITTANCE, SESSION = "3b241101-e2bb-4255-8caf-4136c5660030", "3b241101-e2bb-4255-8caf-4136c5660040"
BOSTON = Place(42.3601, -71.0589, "US", "Boston")
SEEN = {"device_id": "device-7f3a", "ip_address": "73.16.4.21"}
THERE = {**SEEN, "place": BOSTON}
MONEY = {"currency": "USD", "amount_minor": 12050}
PAID = {"currency": "USD", "amount_minor": 20000}
RECEIVED = {"recipient_id": OTHER, "receive_amount_minor": 2625000, "receive_currency": "HTG"}
ROUTE = {"origin_country": "US", "destination_country": "HT"}

EXPECTED: dict[str, tuple[type, dict[str, Any]]] = {
    "transaction-initiated": (
        TransactionInitiated,
        {"user_id": USER, "transaction_id": TRANSACTION, **MONEY, "type": "transfer", "recipient_id": OTHER}
        | {**THERE, "payment_method": "card"},
    ),
    "transaction-completed": (TransactionUpdated, {"user_id": USER, "transaction_id": TRANSACTION, **MONEY}),
    "transaction-failed": (
        TransactionUpdated,
        {"user_id": USER, "transaction_id": TRANSACTION, **MONEY, "reason": "insufficient_funds"},
    ),
    "transaction-flagged": (
        TransactionUpdated,
        {"user_id": USER, "transaction_id": TRANSACTION, "reason": "reported_by_recipient"},
    ),
    "user-registered": (UserEvent, {"user_id": USER, **SEEN}),
    "user-verified": (UserEvent, {"user_id": USER}),
    "user-profile-updated": (UserEvent, {"user_id": USER, **THERE, "changed_fields": ("email", "phone")}),
    "login-attempt": (UserEvent, {"user_id": USER, **THERE}),
    "login-success": (UserEvent, {"user_id": USER, **THERE}),
    "login-failed": (UserEvent, {"user_id": USER, **THERE, "reason": "wrong_password"}),
    "session-started": (UserEvent, {"user_id": USER, "session_id": SESSION, **THERE}),
    "session-ended": (
        UserEvent,
        {"user_id": USER, "session_id": SESSION, "duration_seconds": 420, "actions_count": 12},
    ),
    "device-registered": (UserEvent, {"user_id": USER, **THERE}),
    "user-action-performed": (
        UserEvent,
        {"user_id": USER, "session_id": SESSION, **SEEN, "action": "view_balance"},
    ),
    "money-moved": (
        MoneyMoved,
        {"user_id": OTHER, "movement_id": TRANSACTION, "direction": "in", "channel": "transfer", **MONEY}
        | {"counterparty_id": USER, "device_id": "device-7f3a", "payment_method": "wallet"},
    ),
    "money-returned": (MoneyMoved, {"user_id": OTHER, "movement_id": TRANSACTION}),
    "corridor-remittance": (CorridorRemittance, {"corridor": "USD>HT", **PAID}),
    "profile-disposition": (ProfileDisposition, {"user_id": USER, "disposition": "legitimate"}),
    "alert-disposition": (
        AlertDisposition,
        {"user_id": USER, "alert_id": "3b241101-e2bb-5255-8caf-4136c5660050", "disposition": "cleared"}
        | {"reason": "sale of a car, bill of sale seen", "decided_by": "officer@desk"},
    ),
    "exchange-rate-confirmed": (
        ExchangeRateUpdated,
        {"base_currency": "USD", "quote_currency": "HTG", "rate": Decimal("131.2500")},
    ),
    "circle-created": (
        CircleEvent,
        {"circle_id": CIRCLE, "user_id": USER, **PAID, "frequency": "monthly", "members": 10, "rounds": 10},
    ),
    "circle-member-joined": (CircleEvent, {"circle_id": CIRCLE, "user_id": USER, "position": 3}),
    "circle-member-dropped": (CircleEvent, {"circle_id": CIRCLE, "user_id": USER, "reason": "moved_away"}),
    "circle-contribution-received": (
        CircleEvent,
        {"circle_id": CIRCLE, "user_id": USER, "round": 3, **PAID, "due_at": at("2026-03-01T05:00:00Z")}
        | {"device_id": "device-7f3a", "account_id": "account-91"},
    ),
    "circle-contribution-missed": (
        CircleEvent,
        {"circle_id": CIRCLE, "user_id": USER, "round": 3, **PAID, "due_at": at("2026-02-26T05:00:00Z")},
    ),
    "circle-payout-executed": (
        CircleEvent,
        {"circle_id": CIRCLE, "user_id": OTHER, "round": 3, "currency": "USD", "amount_minor": 200000}
        | {"device_id": "device-7f3a", "account_id": "account-91"},
    ),
    "circle-completed": (CircleEvent, {"circle_id": CIRCLE, "rounds": 10}),
    "member-changed": (
        MemberChanged,
        {"user_id": USER, "circle_id": CIRCLE, "counts_at": at("2026-02-26T05:00:00Z"), "circles": 0, "in_time": 0}
        | {"late": 1, "missed": -1, "pots": 0, "left": 0, "left_owing": 0},
    ),
    "circle-failed": (CircleEvent, {"circle_id": CIRCLE, "reason": "too_many_missed"}),
    "remittance-initiated": (
        RemittanceEvent,
        {
            "sender_id": USER,
            "remittance_id": REMITTANCE,
            **PAID,
            **RECEIVED,
            **ROUTE,
            **THERE,
            "payment_method": "cash",
        },
    ),
    "remittance-processing": (
        RemittanceEvent,
        {"sender_id": USER, "remittance_id": REMITTANCE, **PAID, **RECEIVED, **ROUTE},
    ),
    "remittance-completed": (
        RemittanceEvent,
        {"sender_id": USER, "remittance_id": REMITTANCE, **PAID, **RECEIVED, **ROUTE},
    ),
    "remittance-failed": (
        RemittanceEvent,
        {"sender_id": USER, "remittance_id": REMITTANCE, **PAID, "reason": "insufficient_funds"},
    ),
    "exchange-rate-updated": (
        ExchangeRateUpdated,
        {"base_currency": "USD", "quote_currency": "HTG", "rate": Decimal("131.25")},
    ),
}
NO_TIME_OF_ITS_OWN = "circle-contribution-missed"

every_event_type = pytest.mark.parametrize("event_type", TOPIC_OF)
required_fields = [(t, field) for t in TOPIC_OF for field in SCHEMAS[t]["1.0"]["required"]]
optional_fields = [
    (t, field) for t in TOPIC_OF for field in SCHEMAS[t]["1.0"]["properties"] if (t, field) not in required_fields
]


def test_each_event_type_has_a_packaged_schema_and_what_is_expected_of_it() -> None:
    assert set(SCHEMAS) == {*TOPIC_OF, "envelope"}
    assert set(EXPECTED) == set(TOPIC_OF)


@every_event_type
def test_the_example_is_read_whole(event_type: str) -> None:
    record, fields = EXPECTED[event_type]
    occurred_at = at("2026-02-27T14:30:00Z") if event_type == NO_TIME_OF_ITS_OWN else OWN
    assert decode(event(event_type)) == record(*HEAD, event_type, occurred_at, **fields)


@every_event_type
def test_the_example_shows_every_field_of_its_schema(event_type: str) -> None:
    schema = SCHEMAS[event_type]["1.0"]
    assert set(schema["examples"][0]) == set(schema["properties"])


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_draft7(name: str) -> None:
    for schema in SCHEMAS[name].values():
        assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
        Draft7Validator.check_schema(schema)
        for example in schema["examples"]:
            assert list(Draft7Validator(schema).iter_errors(example)) == []


@pytest.mark.parametrize(("event_type", "field"), required_fields)
def test_a_missing_required_field_is_named(event_type: str, field: str) -> None:
    assert reasons(event(event_type, **{field: DROP})) == (f"payload.{field}: is required",)


@pytest.mark.parametrize(("event_type", "field"), required_fields)
def test_a_required_field_is_never_null(event_type: str, field: str) -> None:
    reason, *others = reasons(event(event_type, **{field: None}))
    assert reason.startswith(f"payload.{field}: must be ")
    assert reason.endswith(", not null")
    assert bool(others) == ("enum" in SCHEMAS[event_type]["1.0"]["properties"][field])


@pytest.mark.parametrize(("event_type", "field"), optional_fields)
def test_an_optional_field_may_be_null_or_absent(event_type: str, field: str) -> None:
    # an amount means nothing without its currency, so the two go together
    pair = {"currency": "amount", "receive_currency": "receive_amount"}.get(field)
    null, absent = ({field: value} | ({pair: value} if pair else {}) for value in (None, DROP))
    assert decode(event(event_type, **null)) == decode(event(event_type, **absent))
    assert isinstance(decode(event(event_type, **null)), EXPECTED[event_type][0])


@every_event_type
def test_every_field_that_a_decision_rests_on_has_its_type_checked(event_type: str) -> None:
    for field, rule in SCHEMAS[event_type]["1.0"]["properties"].items():
        if "type" not in rule:
            continue  # no value of it is a reason to reject: tests/contracts/test_context.py
        wrong: Any = "text" if "array" in rule["type"] or "object" in rule["type"] else [1]
        assert any(f"payload.{field}: must be " in reason for reason in reasons(event(event_type, **{field: wrong})))


@every_event_type
def test_unknown_fields_are_tolerated(event_type: str) -> None:
    more = event(event_type, envelope={"trace": {"a": [1, {"b": 2}]}}, note={"deep": [{"x": None}]}, other=1)
    assert decode(more) == decode(event(event_type))


@every_event_type
def test_an_event_is_known_on_its_own_topic_and_its_rekeyed_twin_only(event_type: str) -> None:
    raw = json.dumps(event(event_type)).encode()
    home = TOPIC_OF[event_type]
    for topic in {**EVENT_TYPES, **INTERNAL_TYPES}:
        for name in {topic, REKEYED.get(topic, topic)}:
            outcome = CONTRACTS.decode(raw, name)
            assert isinstance(outcome, EXPECTED[event_type][0]) == (topic == home)
            assert (outcome == Unknown(event_type, HEAD[0])) == (topic != home)


@pytest.mark.parametrize("field", SCHEMAS["envelope"]["1.0"]["required"])
def test_a_missing_envelope_field_is_named(field: str) -> None:
    assert f"{field}: is required" in reasons(event(envelope={field: DROP}))
