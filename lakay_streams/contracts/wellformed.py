"""What JSON allows and a contract does not: a key given twice, deep nesting, the character U+0000.

A parser keeps one of two equal keys, and two parsers may keep different ones: a record with `amount` twice means
different things to different readers. PostgreSQL cannot store U+0000 in text.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

MAX_DEPTH = 32
"""Levels of objects and arrays a record may have; the contracts need four."""

_FEW_ARRAYS = 8
_SHOWN = 64


class Violation(NamedTuple):
    """One reason why a record cannot be used. `path` names the field: `payload.amount`."""

    path: str
    message: str


def is_surely_well_formed(raw: bytes, document: Mapping[str, Any]) -> bool:
    """Return True only if `violations` would find nothing; False if it has to look.

    Each key of the text is followed by a colon. Where no white space comes in between, the text has at least as many
    `":` as keys, those given twice counted twice; so when it has as many as the parsed objects have keys, no key was
    given twice. Strings may hold `":` too: that only ever leads to False.
    """
    if raw.count(b'":') != _count_keys(document):
        return False
    if b" :" in raw or b"\n" in raw or b"\t" in raw or b"\r" in raw:
        return False
    return raw.count(b"[") <= _FEW_ARRAYS and b"\\u0000" not in raw


def violations(raw: bytes, document: Any) -> list[Violation]:
    """Return every duplicate key, U+0000 and too deep nesting of `raw`, which parses to `document`."""
    if _is_too_deep(document):
        return [Violation("record", f"is nested deeper than {MAX_DEPTH} levels")]
    found: list[Violation] = []
    pending: list[tuple[str, Any]] = [("", json.loads(raw, object_pairs_hook=_Pairs))]
    while pending:
        path, value = pending.pop()
        if isinstance(value, _Pairs):
            for key, times in Counter(key for key, _ in value).items():
                if times > 1:
                    found.append(Violation(_joined(path, key), f"is given {times} times"))
            pending.extend((_joined(path, key), member) for key, member in reversed(value))
            if any("\0" in key for key, _ in value):
                found.append(Violation(path or "record", "has a key with the character U+0000"))
        elif isinstance(value, list):
            pending.extend((f"{path}[{index}]", member) for index, member in enumerate(value))
        elif isinstance(value, str) and "\0" in value:
            found.append(Violation(path or "record", "must not contain the character U+0000"))
    return list(dict.fromkeys(found))


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written: its members in order, equal keys kept."""


def _joined(path: str, key: str) -> str:
    shown = key.replace("\0", "")[:_SHOWN]
    return f"{path}.{shown}" if path else shown


def _count_keys(document: Any) -> int:
    """Count the keys of all objects, down to `MAX_DEPTH`; below it, -1 so that no count can be equal."""
    total = 0
    level = [document]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            members = value.values() if isinstance(value, dict) else value
            total += len(value) if isinstance(value, dict) else 0
            below.extend(member for member in members if isinstance(member, (dict, list)))
        if not below:
            return total
        level = below
    return -1


def _is_too_deep(document: Any) -> bool:
    return isinstance(document, (dict, list)) and _count_keys(document) < 0
