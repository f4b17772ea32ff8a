"""Check a file of events against the contracts, as `lakay contracts validate FILE` does.

The file holds one event, an array of events, or JSON lines (one event a line).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import orjson

from lakay_streams.contracts.decoding import Rejected
from lakay_streams.contracts.topics import TOPIC_OF, TRANSACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lakay_streams.contracts.decoding import Contracts, Unknown
    from lakay_streams.domain.events import Event

_WHITE_SPACE = " \t\r\n"


class Checked(NamedTuple):
    """What became of the event that starts at `line` of the file, counted from 1."""

    line: int
    outcome: Event | Unknown | Rejected


def validate_file(path: Path, contracts: Contracts) -> Iterator[Checked]:
    """Yield the outcome of every event of a file, in order; each is decoded for the topic of its own event type.

    Raises OSError for a file that cannot be read; whatever stands in it is an outcome.
    """
    raw = path.read_bytes()
    # bytes that are not UTF-8 survive as surrogates, so that each event is decoded from its own bytes
    text = raw.decode(errors="surrogateescape")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        yield from _lines(raw, contracts)
        return
    if isinstance(whole, list):
        yield from _members(text, contracts)
    else:
        yield Checked(_line_at(text, _skip(text, 0, _WHITE_SPACE)), _decode(raw.strip(), contracts))


def _decode(raw: bytes, contracts: Contracts) -> Event | Unknown | Rejected:
    try:
        document = orjson.loads(raw)
        if "event_type" not in document and "value" in document:
            # a record as `lakay simulate --out` writes it: the event with its topic and key
            document = document["value"]
            raw = orjson.dumps(document)
        topic = TOPIC_OF.get(document["event_type"], TRANSACTIONS)
    except (ValueError, TypeError, KeyError):
        topic = TRANSACTIONS  # without a type, it is the same rejection for every topic
    return contracts.decode(raw, topic)


def _lines(raw: bytes, contracts: Contracts) -> Iterator[Checked]:
    lines = raw.split(b"\n")
    if not any(map(_is_object, lines)):
        yield Checked(1, _decode(raw.strip(), contracts))  # one broken document rather than broken lines
        return
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield Checked(number, _decode(line.strip(), contracts))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _members(text: str, contracts: Contracts) -> Iterator[Checked]:
    """Decode each member of a sound JSON array from the text it was written as."""
    decoder = json.JSONDecoder()
    start = _skip(text, text.index("[") + 1, _WHITE_SPACE)
    line, counted = 1, 0
    while text[start] != "]":
        line, counted = line + text.count("\n", counted, start), start
        _, end = decoder.raw_decode(text, start)
        yield Checked(line, _decode(text[start:end].encode(errors="surrogateescape"), contracts))
        start = _skip(text, end, _WHITE_SPACE + ",")


def _skip(text: str, start: int, characters: str) -> int:
    while text[start] in characters:
        start += 1
    return start


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
