"""A file of one event, of an array, or of JSON lines is checked event by event, with line numbers."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from lakay_streams.contracts import Rejected, Unknown
from lakay_streams.contracts.validate import validate_file
from tests.contracts.events import CONTRACTS, decode, event

GOOD, LOGIN, BAD = event(), event("login-failed"), event(amount=-1)
UNKNOWN = event(envelope={"event_type": "coffee-served"})


def lines(tmp_path: Path, text: str | bytes) -> list[tuple[int, str]]:
    file = tmp_path / "events"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [(line, type(outcome).__name__) for line, outcome in validate_file(file, CONTRACTS)]


@pytest.mark.parametrize("indent", [None, 2])
def test_one_event(tmp_path: Path, indent: int | None) -> None:
    assert lines(tmp_path, json.dumps(GOOD, indent=indent)) == [(1, "TransactionInitiated")]
    assert lines(tmp_path, "\n\n" + json.dumps(BAD, indent=indent)) == [(3, "Rejected")]


def test_json_lines_of_several_topics(tmp_path: Path) -> None:
    text = "\n".join(
        ["", json.dumps(GOOD), json.dumps(LOGIN), "not JSON", "  ", json.dumps(BAD), json.dumps(UNKNOWN), ""]
    )
    expected = [(2, "TransactionInitiated"), (3, "UserEvent"), (4, "Rejected"), (6, "Rejected"), (7, "Unknown")]
    assert lines(tmp_path, text) == expected
    assert lines(tmp_path, text.replace("\n", "\r\n")) == expected


def test_a_first_line_that_is_broken_does_not_hide_the_others(tmp_path: Path) -> None:
    assert lines(tmp_path, "{broken\n" + json.dumps(GOOD)) == [(1, "Rejected"), (2, "TransactionInitiated")]


def test_an_array_keeps_its_line_numbers(tmp_path: Path) -> None:
    members = [json.dumps(document, indent=1) for document in (GOOD, LOGIN, BAD)]
    height = members[0].count("\n") + 1
    text = "[\n" + ",\n".join(members) + "\n]\n"
    second = 2 + height
    third = second + members[1].count("\n") + 1
    assert lines(tmp_path, text) == [(2, "TransactionInitiated"), (second, "UserEvent"), (third, "Rejected")]
    assert lines(tmp_path, " [ ] ") == []
    assert lines(tmp_path, json.dumps([1, "x"])) == [(1, "Rejected"), (1, "Rejected")]


def test_what_parsing_the_whole_file_would_hide_is_still_found(tmp_path: Path) -> None:
    twice = json.dumps(GOOD).replace('"amount"', '"amount": 1, "amount"')
    nan = json.dumps(GOOD).replace("120.5", "NaN")
    not_utf8 = json.dumps(GOOD).encode().replace(b"Boston", b"\xff")
    for raw in (twice.encode(), nan.encode(), not_utf8):
        for text in (raw, b"[" + raw + b"]", raw + b"\n" + json.dumps(LOGIN).encode()):
            assert lines(tmp_path, text)[0] == (1, "Rejected")


@pytest.mark.parametrize("text", ["", "  \n", "hello", '{"event_id":\n 1,', "[1,", "[" * 100_000, "\ufeff{}"])
def test_a_broken_file_is_one_rejection(tmp_path: Path, text: str) -> None:
    assert lines(tmp_path, text) == [(1, "Rejected")]


LONG = json.dumps(GOOD).replace("120.5", "100.00000000000000000001").encode()
ENDLESS = json.dumps(GOOD).replace("120.5", "9" * 5000).encode()
DEEP = json.dumps(GOOD)[:-1].encode() + b',"x":' + b"[" * 5000 + b"]" * 5000 + b"}"
RAW = {
    "a good event": json.dumps(GOOD).encode(),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(GOOD).encode(),
    "a key given twice": json.dumps(GOOD).replace('"amount"', '"amount": 1, "amount"').encode(),
    "a number that a float forgets": LONG,
    "a number that no integer holds": ENDLESS,
    "NaN": json.dumps(GOOD).replace("120.5", "NaN").encode(),
    "Infinity": json.dumps(GOOD).replace("120.5", "-Infinity").encode(),
    "invalid UTF-8": json.dumps(GOOD).encode().replace(b"Boston", b"\xff"),
    "a lone surrogate": json.dumps(GOOD).encode().replace(b"Boston", b"\\ud800"),
    "U+0000": json.dumps(GOOD).encode().replace(b"Boston", b"\\u0000"),
    "deep nesting": DEEP,
    "brackets in a text": json.dumps(GOOD).encode().replace(b"Boston", b'[{\\"],:'),
    "a form feed": b"\x0c" + json.dumps(GOOD).encode(),
}


@pytest.mark.parametrize("name", RAW)
def test_the_verdict_is_the_workers_on_the_very_bytes(tmp_path: Path, name: str) -> None:
    raw = RAW[name]
    worker = CONTRACTS.decode(raw, "trebanx.transaction.events")
    recorded = b'{"topic":"trebanx.transaction.events","key":null,"value":' + raw + b"}"
    in_base64 = {"topic": "trebanx.transaction.events", "value_base64": base64.b64encode(raw).decode()}
    good = json.dumps(LOGIN).encode()
    for text, at in (
        (raw, 0),
        (raw + b"\n" + good, 0),
        (good + b"\n" + raw, 1),
        (b"[" + raw + b"]", 0),
        (b"[\n" + good + b",\n" + raw + b", " + good + b"\n]", 1),
        (json.dumps(in_base64).encode(), 0),
    ):
        file = tmp_path / "events"
        file.write_bytes(text)
        outcomes = [outcome for _, outcome in validate_file(file, CONTRACTS)]
        # a reason may say where in its record a fault stands, which white space around it would move
        assert outcomes[at] == worker or (b"\x0c" in raw and isinstance(outcomes[at], Rejected)), text[:80]
    file.write_bytes(recorded)
    ((_, outcome),) = validate_file(file, CONTRACTS)
    assert outcome == worker or (isinstance(outcome, Rejected) and isinstance(worker, Rejected))


def test_a_record_in_a_file_is_judged_for_the_topic_that_it_names(tmp_path: Path) -> None:
    record = {"topic": "trebanx.user.events", "key": None, "value": GOOD}
    file = tmp_path / "events"
    file.write_text(json.dumps(record))
    ((_, outcome),) = validate_file(file, CONTRACTS)
    assert outcome == Unknown("transaction-initiated", GOOD["event_id"])


def test_outcomes_are_those_of_decoding(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(map(json.dumps, (GOOD, BAD, UNKNOWN))))
    first, second, third = (outcome for _, outcome in validate_file(file, CONTRACTS))
    assert first == decode(GOOD)
    assert isinstance(second, Rejected)
    assert second.reasons == ("payload.amount: must be more than 0",)
    assert third == Unknown("coffee-served", GOOD["event_id"])


def test_a_file_of_simulated_records_is_checked_by_the_events_in_them(tmp_path: Path) -> None:
    records = [{"topic": "trebanx.transaction.events", "key": "user", "value": value} for value in (GOOD, BAD)]
    text = "\n".join(map(json.dumps, records))
    assert lines(tmp_path, text) == [(1, "TransactionInitiated"), (2, "Rejected")]
