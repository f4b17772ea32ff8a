"""Check a file of events against the contracts, as `lakay contracts validate FILE` does.

The file holds one event, an array of events, or JSON lines (one event a line). Each is judged by its own bytes, as the
worker judges a record: nothing is parsed and written anew in between, which would mend a key given twice, a number of
too many digits, or broken text.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, NamedTuple

import orjson

from lakay_streams.contracts.decoding import Rejected
from lakay_streams.contracts.topics import SOURCES, TOPIC_OF, TRANSACTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lakay_streams.contracts.decoding import Contracts, Unknown
    from lakay_streams.domain.events import Event

_WHITE_SPACE = b" \t\r\n"
# A text, or what gives a document its shape. Colons and commas within texts and deeper levels are passed over.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[][{}:,]', re.DOTALL)
_OPENING, _CLOSING = (b"[", b"{"), (b"]", b"}")


class Checked(NamedTuple):
    """What became of the event that starts at `line` of the file, counted from 1."""

    line: int
    outcome: Event | Unknown | Rejected


def validate_file(path: Path, contracts: Contracts) -> Iterator[Checked]:
    """Yield the outcome of every event of a file, in order; each is decoded for the topic of its own event type.

    Raises OSError for a file that cannot be read; whatever stands in it is an outcome.
    """
    raw = path.read_bytes()
    whole = raw.strip(_WHITE_SPACE)
    parts = list(_parts(whole)) if whole.startswith(_OPENING) else []
    if not parts or parts[-1].end != len(whole):
        yield from _lines(raw, contracts)
        return
    start = len(raw) - len(raw.lstrip(_WHITE_SPACE))
    line = raw.count(b"\n", 0, start) + 1
    if whole.startswith(b"{"):
        yield Checked(line, _outcome(whole, contracts))
        return
    counted = 0
    for part in parts:
        text = whole[part.start : part.end - 1]
        member = text.strip(_WHITE_SPACE)
        if not member and len(parts) == 1:
            return  # an empty array
        begins = part.start + len(text) - len(text.lstrip(_WHITE_SPACE))
        line, counted = line + whole.count(b"\n", counted, begins), begins
        yield Checked(line, _outcome(member, contracts))


class _Part(NamedTuple):
    """One member of an array or object: from `start` to `end`, which is behind the comma or bracket that ends it.

    `colon` is where the colon behind an object's key stands, 0 in an array.
    """

    start: int
    colon: int
    end: int


def _parts(text: bytes) -> Iterator[_Part]:
    """Yield the members of the array or object that `text` starts with, the last one ending with it; of any depth.

    Only brackets and commas are followed: what a member says, and whether it is JSON at all, its own decoding tells.
    """
    depth, start, colon = 0, 1, 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
            if depth == 0:
                yield _Part(start, colon, token.end())
                return
        elif depth == 1 and sign == b":" and not colon:
            colon = token.start()
        elif depth == 1 and sign == b",":
            yield _Part(start, colon, token.end())
            start, colon = token.end(), 0


def _outcome(raw: bytes, contracts: Contracts) -> Event | Unknown | Rejected:
    try:
        document = orjson.loads(raw)
        if "event_type" not in document and ("value" in document or "value_base64" in document):
            # a record as `lakay simulate --out` writes it: the event with its topic and key
            raw, topic = _recorded(raw, document)
        else:
            topic = None
        if topic not in SOURCES:
            topic = TOPIC_OF.get(orjson.loads(raw)["event_type"], TRANSACTIONS)
    except (ValueError, TypeError, KeyError):
        topic = TRANSACTIONS  # without a type, it is the same rejection for every topic
    return contracts.decode(raw, topic)


def _recorded(raw: bytes, document: dict[str, object]) -> tuple[bytes, object]:
    """Return the value of a record that was written to a file, byte by byte, and its topic."""
    encoded = document.get("value_base64")
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True), document.get("topic")
        except binascii.Error:
            return raw, None
    # of equal keys the last counts, for orjson as here
    text = raw.strip(_WHITE_SPACE)
    values = [part for part in _parts(text) if orjson.loads(text[part.start : part.colon]) == "value"]
    return text[values[-1].colon + 1 : values[-1].end - 1], document.get("topic")


def _lines(raw: bytes, contracts: Contracts) -> Iterator[Checked]:
    lines = raw.split(b"\n")
    if not any(map(_is_object, lines)):
        yield Checked(1, _outcome(raw.strip(_WHITE_SPACE), contracts))  # one broken document rather than broken lines
        return
    for number, line in enumerate(lines, start=1):
        text = line.strip(_WHITE_SPACE)
        if text:
            yield Checked(number, _outcome(text, contracts))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False
