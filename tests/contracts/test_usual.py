"""The short way of a usual event: whatever it decides, the long way decides the same."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lakay_streams.contracts import Contracts, Rejected
from lakay_streams.contracts.topics import TOPIC_OF
from tests.contracts.events import CONTRACTS, event

TYPES = sorted(TOPIC_OF)
USUAL = orjson.dumps(event("login-success"))
"""Compact, as most producers write."""

PIECES = (
    *(b"null true 0 -0 -1 1.5 1e2 1E400 1e-400 9007199254740993 0.1234567890123456789 1234567890123456.7").split(),
    *(b'"" "1.50" "1e3" "USD" "usd" "UNKNOWN" "1.1" "2.0" " a " "\\u0000" "a\\"b" "\\u0061" "\\ud800" "\xff"').split(),
    *(b'[] ["a"] {} {"amount":1} {"country":"US","country":"HT"} {"latitude":"18.5","longitude":-72}').split(),
    *(b'{"latitude":45,"longitude":7.5,"x":{"y":1}} "1.2.3.4" "::ffff:1.2.3.4"').split(),
    *(b'"2026-02-27T14:30:60Z" "2026-02-27t14:30:00.5z" "2026-13-27T14:30:00Z"').split(),
    *(b'"00000000-0000-0000-0000-000000000000" "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"').split(),
)
"""What may stand for a value, in bytes."""

NAMES = ("amount", "currency", "event_id", "event_type", "payload", "geo_location", "rate", "user_id", "new", 'a"b')


class LongWay(Contracts):
    """Contracts that take every event for an unusual one."""

    def decode(self, raw: bytes | None, topic: str, recorded_at: int | None = None) -> Any:
        """Decode an event that is in doubt."""
        return self._decode_doubtful(raw or b"", topic, recorded_at)


LONG_WAY = LongWay(CONTRACTS.catalog)


def is_usual(raw: bytes, topic: str) -> bool:
    """Whether the short way decides; either way has to decide the same."""
    short, asked = CONTRACTS.decode(raw, topic), LONG_WAY.decode(raw, topic)
    assert short == asked
    assert repr(short) == repr(asked)  # True is 1, and 1 is 1.0
    read, usual, _ = CONTRACTS._topics[topic]
    try:
        whole = read(raw)
    except (ValueError, RecursionError):
        return False
    known = usual.get(whole.__class__)
    return known is not None and known.values(raw, whole) is not None


@pytest.mark.parametrize("event_type", TYPES)
def test_an_example_is_usual_however_it_is_spaced(event_type: str) -> None:
    document = event(event_type)
    for raw in (orjson.dumps(document), json.dumps(document).encode(), json.dumps(document, indent=1).encode()):
        # that one has a list of texts, whose quotation marks are not counted
        assert is_usual(raw, TOPIC_OF[event_type]) == (event_type != "user-profile-updated")


@st.composite
def edited(draw: st.DrawFn) -> tuple[bytes, str]:
    """Return an event with a value replaced, a member added or left out, or some bytes changed."""
    event_type = draw(st.sampled_from(TYPES))
    document = event(event_type)
    for _ in range(draw(st.integers(1, 2))):
        members = draw(st.sampled_from([document, document["payload"]]))
        name = draw(st.sampled_from([*members, *NAMES]))
        if name == "payload" or draw(st.integers(0, 4)) == 0:
            members.pop(draw(st.sampled_from([*members])), None)
            break
        members[name] = f"<{draw(st.sampled_from(PIECES)).hex()}>"
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]))
    raw = json.dumps(document, separators=separators, ensure_ascii=False).encode()
    for piece in PIECES:
        raw = raw.replace(f'"<{piece.hex()}>"'.encode(), piece)
    if draw(st.booleans()):
        at = draw(st.sampled_from([b'"payload":{', b"{"]))
        added = json.dumps(draw(st.sampled_from(NAMES))).encode() + b":" + draw(st.sampled_from(PIECES)) + b","
        raw = raw.replace(at, at + added, 1)
    for _ in range(draw(st.integers(0, 2))):
        start = draw(st.integers(0, len(raw)))
        raw = raw[:start] + draw(st.binary(max_size=2)) + raw[start + draw(st.integers(0, 2)) :]
    return raw, TOPIC_OF[event_type]


@given(edited())
@example((USUAL.replace(b'"event_type"', b'"event_tipe"'), TOPIC_OF["login-success"]))
def test_the_short_way_decides_as_the_long_one(made: tuple[bytes, str]) -> None:
    is_usual(*made)


@pytest.mark.parametrize("event_type", TYPES)
def test_an_event_without_its_type_is_rejected_also_where_a_topic_has_one_type(event_type: str) -> None:
    document = event(event_type)
    document["event_tipe"] = document.pop("event_type")
    assert isinstance(CONTRACTS.decode(orjson.dumps(document), TOPIC_OF[event_type]), Rejected)


@pytest.mark.parametrize(
    ("piece", "instead"),
    [
        (b'"user_id":', b'"user_id":"0","user_id":'),  # given twice
        (b'"user_id":', b'"unheard_of":1,"user_id":'),
        (b'"event_version":"1.0"', b'"event_version":"1.1"'),
        (b'"city":"', b'"city":"\\"'),
        (b'"city":"', b'"city":"\\u0000'),
        (b'"city":"', b'"city":{},"town":"'),
    ],
)
def test_what_no_count_of_quotation_marks_can_prove_goes_the_long_way(piece: bytes, instead: bytes) -> None:
    topic = TOPIC_OF["login-success"]
    assert is_usual(USUAL, topic)
    changed = USUAL.replace(piece, instead, 1)
    assert changed != USUAL
    assert not is_usual(changed, topic)


@pytest.mark.parametrize("amount", ["1234567890123456.7", "0.1234567890123456789", "1.0000000000000000001"])
@pytest.mark.parametrize("before", ["", '"x":{"amount":1},', '"x":"\\"amount\\":1,",'])
def test_an_amount_of_more_digits_than_a_float_keeps_goes_the_long_way(amount: str, before: str) -> None:
    raw = orjson.dumps(event("transaction-initiated", amount="<amount>")).decode()
    raw = raw.replace('"<amount>"', amount).replace('"payload":{', f'"payload":{{{before}')
    assert not is_usual(raw.encode(), TOPIC_OF["transaction-initiated"])
