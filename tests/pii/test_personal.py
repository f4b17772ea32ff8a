"""Personal values are found by their field, by repetition and by form; what is not personal stays; all comes back."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from lakay_streams.pii.keys import Key, KeyRing
from lakay_streams.pii.personal import kind_of, reveal, screen, screen_text
from lakay_streams.pii.tokens import TOKEN, Tokens

TOKENS = Tokens(KeyRing(Key.derived(SecretStr("secret"), "pii token"), None))

PERSONAL = {
    "user_id": "user",
    "recipient_id": "user",
    "senderId": "user",
    "device_id": "device",
    "known_devices": "device",
    "ip_address": "ip",
    "network": "ip",
    "email": "email",
    "phone_number": "phone",
    "full_name": "name",
    "document_number": "document",
    "date_of_birth": "birth",
    "street": "address",
    "city": "address",
    "latitude": "place",
    "payout_account": "account",
}
PLAIN = [
    "event_id",
    "transaction_id",
    "circle_id",
    "country",
    "device_type",
    "user_tier",
    "rule",
    "amount",
    "occurred_at",
]


@pytest.mark.parametrize(("field", "kind"), PERSONAL.items())
def test_a_personal_field_is_known_by_its_name(field: str, kind: str) -> None:
    assert kind_of(field) == kind
    value: Any = 18.5 if kind == "place" else "value-1"
    screened = screen({field: value}, TOKENS)
    assert TOKEN.fullmatch(screened.document[field])
    assert screened.values == {screened.document[field]: value}


@pytest.mark.parametrize("field", PLAIN)
def test_what_is_not_personal_stays(field: str) -> None:
    assert screen({field: "value-1"}, TOKENS) == ({field: "value-1"}, {})


def test_counts_scores_and_flags_about_persons_stay() -> None:
    document = {"known_devices": 3, "new_device": True, "device": None, "members": 12, "dimensions": {"device": 0.7}}
    assert screen(document, TOKENS).document == document


def test_what_a_field_holds_is_found_wherever_it_is_repeated() -> None:
    document = {
        "evidence": {"device_id": "pixel-9-abc"},
        "reason": "pixel-9-abc was never seen; it is not pixel-9-abcdef",
        "list": ["pixel-9-abc"],
        "by": {"pixel-9-abc": 3},
    }
    token = TOKENS.of("device", "pixel-9-abc")
    assert screen(document, TOKENS).document == {
        "evidence": {"device_id": token},
        "reason": f"{token} was never seen; it is not pixel-9-abcdef",
        "list": [token],
        "by": {token: 3},
    }


def test_names_of_entries_under_a_personal_field_are_values_too() -> None:
    screened = screen({"devices": {"pixel-9": {"seen": 3}}, "members": ["anna", "rose"], "shares": {"anna": 1}}, TOKENS)
    assert not {"pixel-9", "anna", "rose"} & set(json.dumps(screened.document).replace('"', " ").split())


def test_a_sentence_about_a_person_stays_a_sentence() -> None:
    document = {"device": {"id": "pixel-9", "reason": "Device pixel-9 is new", "score": 0.7}}
    assert screen(document, TOKENS).document["device"]["reason"] == f"Device {TOKENS.of('device', 'pixel-9')} is new"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to marie.joseph+x@example.co.ht.", "marie.joseph+x@example.co.ht"),
        ("from 203.0.113.7, port 443", "203.0.113.7"),
        ("from 203.0.113.7:443", "203.0.113.7"),
        ("from 2001:db8::8a2e:370:7334 today", "2001:db8::8a2e:370:7334"),
        ("from ::ffff:203.0.113.7", "::ffff:203.0.113.7"),
        ("call +509 3812-4455", "+509 3812-4455"),
        ("SSN 078-05-1120", "078-05-1120"),
    ],
)
def test_some_personal_values_are_known_by_their_form(text: str, found: str) -> None:
    screened = screen({"reason": text}, TOKENS)
    assert list(screened.values.values()) == [found]
    assert found not in screened.document["reason"]
    assert screen_text(text, TOKENS) == screened.document["reason"]


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-27T14:30:00.000Z",
        "at 14:30:00 and 23:59:59",
        "3b241101-e2bb-4255-8caf-4136c56600ff",
        "1,240.00 USD less, no alert",
        "version 1.0.2",
        "ratio 3:1, score 0.85",
        "31 CFR 1010.311",
        "2.4 spreads above 640.00 USD; +3 more",
    ],
)
def test_times_amounts_ids_and_citations_are_not_personal(text: str) -> None:
    assert screen({"reason": text}, TOKENS) == ({"reason": text}, {})


def test_of_servers_the_addresses_stay() -> None:
    text = "No Kafka answers at 10.1.2.3:9092; tell marie@example.com"
    assert screen_text(text, TOKENS, servers=True).startswith("No Kafka answers at 10.1.2.3:9092; tell email_")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.sampled_from(list(PERSONAL)), inner),
    max_leaves=20,
)


@given(JSON)
def test_the_values_bring_the_document_back(document: Any) -> None:
    screened = screen(document, TOKENS)
    assert reveal(screened.document, screened.values) == document


@given(
    st.dictionaries(
        st.sampled_from(["device_id", "ip_address", "email"]), st.from_regex(r"[a-z]{4}-[0-9]{4}", fullmatch=True)
    )
)
def test_no_value_of_a_personal_field_is_left_anywhere(fields: dict[str, str]) -> None:
    document = {**fields, "reason": " and ".join(fields.values()), "inner": [{"x": list(fields.values())}]}
    assert not [value for value in fields.values() if value in json.dumps(screen(document, TOKENS).document)]


@pytest.mark.parametrize("unit", ["a", ":", "1.", "a@", "+1", "a:", "1-", "@", "%", "::1", "-1-1-"])
def test_a_text_made_to_be_slow_is_not(unit: str) -> None:
    started = time.process_time()
    screen({"reason": unit * (100_000 // len(unit)), "device_id": "abcd"}, TOKENS)
    assert time.process_time() - started < 2.0
