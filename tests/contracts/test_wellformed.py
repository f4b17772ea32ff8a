"""Duplicate keys are found however the JSON was written, and the cheap check never misses one."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.contracts.wellformed import MAX_DEPTH, is_surely_well_formed, violations

SPACE = st.text(" \t\n\r", max_size=2)
# characters that look like the end of a key, and names that repeat
TEXT = st.text('ab":, {}[]\\\té', max_size=4)
NAMES = st.sampled_from(["a", "b", 'a"', "geo_location", "payload"]) | TEXT


@st.composite
def strings(draw: st.DrawFn, text: st.SearchStrategy[str]) -> str:
    """A JSON string, some of its characters escaped though they need not be."""
    written = json.dumps(draw(text), ensure_ascii=draw(st.booleans()))
    return written.replace("a", "\\u0061") if draw(st.booleans()) else written


@st.composite
def objects(draw: st.DrawFn, members: st.SearchStrategy[str]) -> str:
    between, before, after = draw(SPACE), draw(SPACE), draw(SPACE)
    pairs = draw(st.lists(st.tuples(strings(NAMES), members), max_size=4))
    return "{" + ",".join(f"{between}{name}{before}:{after}{value}{between}" for name, value in pairs) + "}"


def arrays(members: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(members, max_size=3).map(lambda values: f"[{','.join(values)}]")


VALUES = st.recursive(
    st.sampled_from(["1", "-2.5", "true", "null"]) | strings(TEXT),
    lambda members: objects(members) | arrays(members),
    max_leaves=12,
)


def has_duplicate_keys(text: str) -> bool:
    found = False

    def notice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found
        found = found or max(Counter(key for key, _ in pairs).values(), default=0) > 1
        return dict(pairs)

    json.loads(text, object_pairs_hook=notice)
    return found


@given(objects(VALUES), SPACE)
def test_duplicate_keys_are_found_in_any_text(text: str, space: str) -> None:
    raw = f'{{"payload":{text}{space},"x":1}}'.encode()
    document = orjson.loads(raw)
    duplicated = has_duplicate_keys(raw.decode())
    assert any("times" in violation.message for violation in violations(raw, document)) == duplicated
    if is_surely_well_formed(raw, document):
        assert not duplicated


@given(st.dictionaries(st.text("abc", min_size=1), st.integers() | st.text("xyz"), max_size=8), st.booleans())
def test_an_ordinary_record_passes_the_cheap_check(payload: dict[str, Any], compact: bool) -> None:
    document = {"event_id": "1", "payload": payload, "list": [1, 2]}
    raw = json.dumps(document, separators=(",", ":") if compact else None).encode()
    assert is_surely_well_formed(raw, document)


def test_every_duplicate_is_named_by_its_path() -> None:
    raw = b'{"a":1,"a":2,"b":{"c":[{"d":1,"d":1,"d":1}]}}'
    assert [": ".join(violation) for violation in violations(raw, orjson.loads(raw))] == [
        "a: is given 2 times",
        "b.c[0].d: is given 3 times",
    ]


@pytest.mark.parametrize("space", [" ", "\t", "\n", "\r", "  ", " \n "])
def test_white_space_before_a_colon_cannot_hide_a_duplicate(space: str) -> None:
    raw = f'{{"payload":{{"a"{space}:1,"a":2}}}}'.encode()
    document = orjson.loads(raw)
    assert raw.count(b'":') == len(document) + len(document["payload"])  # the counts agree by accident
    assert not is_surely_well_formed(raw, document)
    assert violations(raw, document)


def test_nesting_is_bounded_by_objects_and_by_arrays() -> None:
    for opening, closing in ((b'{"a":', b"}"), (b"[", b"]")):
        for levels, allowed in ((MAX_DEPTH - 1, True), (MAX_DEPTH + 1, False), (900, False)):
            raw = b'{"payload":{},"x":' + opening * (levels - 1) + b"1" + closing * (levels - 1) + b"}"
            document = orjson.loads(raw)
            assert (violations(raw, document) == []) == allowed
            assert allowed or not is_surely_well_formed(raw, document)


def test_the_character_no_database_takes_is_found_only_where_it_is() -> None:
    raw = b'{"payload":{"a":"x\\u0000","b":["\\u0000"]},"c\\u0000":1,"d":"\\\\u0000"}'
    document = orjson.loads(raw)
    assert not is_surely_well_formed(raw, document)
    assert {violation.path for violation in violations(raw, document)} == {"payload.a", "payload.b[0]", "record"}
