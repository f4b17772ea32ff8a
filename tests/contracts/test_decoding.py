"""Bad records come back with every reason and never raise; good ones next to them are untouched."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.contracts import Contracts, Rejected, Unknown
from lakay_streams.contracts.decoding import AHEAD_MAX_MS
from lakay_streams.contracts.topics import TRANSACTIONS
from lakay_streams.domain.events import TransactionInitiated
from lakay_streams.errors import ContractError
from tests.contracts.events import CONTRACTS, DROP, decode, event, reasons

GOOD = json.dumps(event()).encode()
EVENT_ID = event()["event_id"]


def with_amount(text: bytes) -> bytes:
    return GOOD.replace(b'"amount": 120.5', b'"amount": ' + text)


POISON = {
    "a tombstone": (None, "record: tombstone: the record has no value"),
    "nothing": (b"", "record: is empty"),
    "not JSON": (b"hello", "record: is not JSON"),
    "cut off": (GOOD[:-5], "record: is not JSON"),
    "two documents": (GOOD + GOOD, "record: is not JSON"),
    "an array": (b"[1, 2]", "record: must be a JSON object"),
    "a number": (b"7", "record: must be a JSON object"),
    "null": (b"null", "record: must be a JSON object"),
    "an empty object": (b"{}", "event_type: is required"),
    "invalid UTF-8": (GOOD.replace(b"Boston", b"Bo\xff\xfe"), "record: is not valid UTF-8 at byte"),
    "a lone surrogate": (GOOD.replace(b"Boston", b"\\ud800"), "record: is not JSON"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "record: is not valid UTF-8 at byte 0"),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, "record: starts with a byte order mark"),
    "ten megabytes": (b'{"x":"' + b"x" * 10_000_000 + b'"}', "record: has 10000008 bytes, more than the 950000"),
    "deep arrays": (GOOD[:-1] + b',"x":' + b"[" * 900 + b"]" * 900 + b"}", "record: is nested deeper than 32"),
    "deeper arrays": (b"[" * 200_000, "record: is nested too deeply"),
    "deep objects": (GOOD[:-1] + b',"x":' + b'{"a":' * 100 + b"1" + b"}" * 101, "record: is nested deeper than 32"),
    "an amount of NaN": (with_amount(b"NaN"), "record: is not JSON"),
    "an amount of Infinity": (with_amount(b"1e400"), "record: is not JSON"),
    "an amount as text NaN": (with_amount(b'"NaN"'), "payload.amount: must be a plain decimal"),
    "a negative amount": (with_amount(b"-5"), "payload.amount: must be more than 0"),
    "a zero amount": (with_amount(b"0.00"), "payload.amount: must be more than 0"),
    "a zero amount as text": (with_amount(b'"0.00"'), "payload.amount: must be more than 0"),
    "an amount of true": (with_amount(b"true"), "payload.amount: must be number or string, not boolean"),
    "a huge amount": (with_amount(b"1e300"), "payload.amount: must be at most 1000000000000"),
    "a huge whole amount": (with_amount(b"9" * 300), "payload.amount: must be at most 1000000000000"),
    "too many digits": (with_amount(b"0.1234567890123456"), "payload.amount: has more than 15 digits"),
    "digits that a float forgets": (
        with_amount(b"100.00000000000000000001"),
        "payload.amount: has more than 15 digits",
    ),
    "such digits behind an escape": (
        with_amount(b"100.00000000000000000001").replace(b'"amount"', b'"\\u0061mount"'),
        "payload.amount: has more than 15 digits",
    ),
    "an endless exponent": (with_amount(b"0.0000000000000001e-99999999"), "payload.amount: must be more than 0"),
    "an endless exponent where 0 is allowed": (
        with_amount(b"0.0000000000000001e-99999999").replace(b"transaction-initiated", b"transaction-completed"),
        "payload.amount: has more than 30 decimal places",
    ),
    "a duplicate key": (with_amount(b'1, "amount": 2'), "payload.amount: is given 2 times"),
    "a duplicate key in disguise": (with_amount(b'1, "amo\\u0075nt": 2'), "payload.amount: is given 2 times"),
    "a duplicate envelope key": (GOOD[:-1] + b', "payload": {}}', "payload: is given 2 times"),
    "U+0000": (GOOD.replace(b"Boston", b"\\u0000"), "payload.geo_location.city: must not contain the character U+0000"),
    "the year 9999": (event(envelope={"timestamp": "9999-12-31T23:59:59Z"}), "timestamp: must lie in the years 2000"),
    "30 February": (event(initiated_at="2026-02-30T12:00:00Z"), "payload.initiated_at: must be an existing ISO 8601"),
    "a time without offset": (event(initiated_at="2026-02-27T14:30:00"), "payload.initiated_at: has no offset"),
    "an envelope time without offset": (
        event(envelope={"timestamp": "2026-02-27T14:30:00"}),
        "timestamp: has no offset",
    ),
    "a time as a number": (event(initiated_at=1772202600), "payload.initiated_at: must be string or null, not number"),
    "a payload of text": (event(envelope={"payload": "{}"}), "payload: must be object, not string"),
    "a payload of null": (event(envelope={"payload": None}), "payload: must be object, not null"),
    "an id that is no UUID": (event(envelope={"event_id": "e-1"}), "event_id: must match"),
    "an id with a line break": (event(envelope={"event_id": EVENT_ID + "\n"}), "event_id: must match"),
    "an empty user": (event(user_id=""), "payload.user_id: must not be empty"),
    "a long user": (event(user_id="u" * 129), "payload.user_id: must have at most 128 characters"),
    "a user of a number": (event(user_id=5), "payload.user_id: must be string, not number"),
    "no currency": (event(currency="US$"), "payload.currency: must match ^[A-Za-z]{3}$ (ISO 4217"),
    "a blank user": (event(user_id=" \t"), "payload.user_id: must not be blank"),
    "a user of null": (event(user_id="null"), "payload.user_id: must not be blank, nor a word for none"),
    "a user of zeros": (event(user_id="00000000-0000-0000-0000-000000000000"), "payload.user_id: must not be blank"),
    "a circle of nobody": (event("circle-created", organizer_id=" "), "payload.organizer_id: must not be blank"),
    "an event type of a number": (event(envelope={"event_type": 7}), "event_type: must be string, not number"),
    "an event type of an object": (event(envelope={"event_type": {}}), "event_type: must be string, not object"),
    "an endless event type": (event(envelope={"event_type": "x" * 1000}), "event_type: must have at most 128"),
    "no version": (event(envelope={"event_version": DROP}), "event_version: is required"),
    "a version of a number": (event(envelope={"event_version": 1.0}), "event_version: must be string, not number"),
    "a version of words": (event(envelope={"event_version": "latest"}), "event_version: must match"),
    "an unknown major version": (
        event(envelope={"event_version": "2.0"}),
        "event_version: major version 2 of transaction-initiated is not known, only 1.0",
    ),
    "an amount without currency": (
        event("transaction-completed", currency=DROP),
        "payload.currency: must be given with amount",
    ),
    "a rate of nothing": (event("exchange-rate-updated", rate="0"), "payload.rate: must be more than 0"),
    "a rate of too many digits": (
        json.dumps(event("exchange-rate-updated")).replace('"131.2500"', "131.25000000000000001").encode(),
        "payload.rate: has more than 15 digits",
    ),
}


@pytest.mark.parametrize("name", POISON)
def test_poison_is_rejected_with_its_reason_and_the_next_record_is_read(name: str) -> None:
    poison, reason = POISON[name]
    if poison is None or (isinstance(poison, bytes) and b"exchange-rate" not in poison):
        outcome = CONTRACTS.decode(poison, TRANSACTIONS)
    elif isinstance(poison, bytes):
        outcome = CONTRACTS.decode(poison, "trebanx.remittance.events")
    else:
        outcome = decode(poison)
    assert isinstance(outcome, Rejected)
    assert [told for told in outcome.reasons if told.startswith(reason)], outcome.reasons
    assert isinstance(CONTRACTS.decode(GOOD, TRANSACTIONS), TransactionInitiated)


def test_every_reason_is_given_at_once() -> None:
    bad = event(
        envelope={"event_id": "e-1", "timestamp": "2026-02-27", "event_version": "3.1"},
        user_id=DROP,
        amount="lots",
        currency="us",
        initiated_at="soon",
        transaction_id=" ",
    )
    assert sorted(reason.partition(":")[0] for reason in reasons(bad)) == [
        "event_id",
        "event_version",
        "payload.amount",
        "payload.currency",
        "payload.initiated_at",
        "payload.transaction_id",
        "payload.user_id",
        "timestamp",
    ]


def test_reasons_never_repeat_a_value() -> None:
    secret = "marie-509-4242"
    bad = event(
        envelope={"event_id": secret, "timestamp": secret, "source_service": [secret]},
        **{field: [secret] for field in event()["payload"]},
    )
    assert secret not in " ".join(reasons(bad) + reasons(event(currency=secret, amount=secret, initiated_at=secret)))


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (json.dumps(event("user-profile-updated", changed_fields=[0] * 10_000)).encode(), 51),
        (GOOD[:-1] + b"".join(b', "%d": 1, "%d": 1' % (n, n) for n in range(10_000)) + b"}", 51),
        (GOOD[:-1] + b', "x":' + b'{"%s":' % (b"k" * 5_000) * 20 + b'{"a": 1, "a": 1}' + b"}" * 21, 1),
    ],
    ids=["faults", "duplicate keys", "long paths"],
)
def test_the_reasons_of_one_record_are_bounded(bad: bytes, told: int) -> None:
    topic = "trebanx.user.events" if b"user-profile-updated" in bad else TRANSACTIONS
    outcome = CONTRACTS.decode(bad, topic)
    assert isinstance(outcome, Rejected)
    assert len(outcome.reasons) == told
    assert max(map(len, outcome.reasons)) <= 500
    assert (outcome.reasons[-1] == "record: has more faults than are listed here") == (told == 51)


def test_the_event_id_is_read_from_a_rejected_record_wherever_possible() -> None:
    for bad in (GOOD[:-3], with_amount(b"-1"), with_amount(b"NaN"), GOOD.replace(b"Boston", b"\xff")):
        outcome = CONTRACTS.decode(bad, TRANSACTIONS)
        assert isinstance(outcome, Rejected)
        assert (outcome.event_id, outcome.event_type) == (EVENT_ID, "transaction-initiated")
    for bad in (b"hello", b"[]", b'{"event_id": 7}', b'{"event_id": "' + b"x" * 500 + b'"}'):
        outcome = CONTRACTS.decode(bad, TRANSACTIONS)
        assert isinstance(outcome, Rejected)
        assert outcome.event_id is None


def test_an_unregistered_event_type_is_unknown_not_rejected() -> None:
    assert decode(event(envelope={"event_type": "coffee-served", "payload": 1})) == Unknown("coffee-served", EVENT_ID)
    assert CONTRACTS.decode(b'{"event_type": "coffee-served"}', TRANSACTIONS) == Unknown("coffee-served", None)


@pytest.mark.parametrize("version", ["1.1", "1.99", "1.0.3"])
def test_an_unknown_minor_version_is_read_as_the_newest_known_of_its_major(version: str) -> None:
    assert decode(event(envelope={"event_version": version}, new_field=[1])) == decode(event())


def test_event_time_is_the_payloads_own_else_the_envelopes() -> None:
    own = decode(event(initiated_at="2026-02-27T09:00:00-05:00"))
    assert (
        own.occurred_at == decode(event(envelope={"timestamp": "2026-02-27T14:00:00Z"}, initiated_at=DROP)).occurred_at
    )
    assert own.occurred_at == decode(event(initiated_at="2026-02-27T14:00:00.000+00:00")).occurred_at


def test_the_same_amount_as_number_or_text_is_the_same_event() -> None:
    raw = (b"120.5", b"120.50", b"1.205e2", b'"120.50"', b'"120.5"', b"120.500000000000")
    assert {CONTRACTS.decode(with_amount(text), TRANSACTIONS) for text in raw} == {decode(event())}


def test_a_size_limit_can_be_chosen() -> None:
    small = Contracts(CONTRACTS.catalog, max_bytes=len(GOOD))
    assert isinstance(small.decode(GOOD, TRANSACTIONS), TransactionInitiated)
    assert isinstance(small.decode(GOOD + b" ", TRANSACTIONS), Rejected)


def test_a_topic_without_events_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ContractError, match=r"lakay\.fraud\.alerts carries no events"):
        CONTRACTS.decode(GOOD, "lakay.fraud.alerts")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(event())), st.sampled_from(sorted(event()["payload"])), JSON, JSON)
def test_no_value_anywhere_makes_decoding_raise(outer: str, inner: str, first: object, second: object) -> None:
    decode(event(envelope={outer: first}))
    decode(event(envelope={"event_version": "1.0"}, **{inner: second}))


@given(st.binary(max_size=40), st.integers(0, len(GOOD)), st.integers(0, 3))
def test_no_bytes_make_decoding_raise(noise: bytes, position: int, skipped: int) -> None:
    for raw in (noise, GOOD[:position] + noise + GOOD[position + skipped :]):
        assert isinstance(CONTRACTS.decode(raw, TRANSACTIONS), (Rejected, Unknown, TransactionInitiated))


def test_an_event_long_after_its_own_record_is_rejected_and_one_just_after_is_not() -> None:
    at = CONTRACTS.decode(GOOD, TRANSACTIONS).occurred_at  # type: ignore[union-attr]  # GOOD is good
    assert isinstance(CONTRACTS.decode(GOOD, TRANSACTIONS, at - AHEAD_MAX_MS), TransactionInitiated)
    rejected = CONTRACTS.decode(GOOD, TRANSACTIONS, at - AHEAD_MAX_MS - 1)
    assert isinstance(rejected, Rejected)
    assert "more than 24 hours after the record was made" in rejected.reasons[0]
    assert rejected.event_id == EVENT_ID


@pytest.mark.parametrize("no_time", [-1, 0, 1_772_202_600, 86_400_000])
def test_a_record_that_no_clock_has_dated_rejects_no_event_whose_own_time_is_good(no_time: int) -> None:
    """Among them the record's time in seconds, which as milliseconds is in January 1970."""
    assert CONTRACTS.decode(GOOD, TRANSACTIONS, no_time) == CONTRACTS.decode(GOOD, TRANSACTIONS)
    ahead = json.dumps(event(initiated_at="2027-02-27T14:30:00Z")).encode()
    rejected = CONTRACTS.decode(ahead, TRANSACTIONS, no_time)
    assert isinstance(rejected, Rejected)
    assert "more than 24 hours after the record was made" in rejected.reasons[0]
