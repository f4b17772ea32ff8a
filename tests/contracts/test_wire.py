"""The type of a schema: whatever it takes, the schema accepts; what it refuses, the schema decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import fastjsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from lakay_streams.contracts.topics import TOPIC_OF
from lakay_streams.contracts.wire import struct_of
from tests.contracts.events import CONTRACTS, DROP, decode, event

Check = Callable[[Any], Any]

WHOLE = {event_type: CONTRACTS.catalog.schemas[event_type]["1.0"].parts[0][1] for event_type in TOPIC_OF}


def compiled(schema: Mapping[str, Any]) -> Check:
    check: Check = fastjsonschema.compile(dict(schema), use_formats=False, use_default=False)
    return check


SLOW = {event_type: compiled(whole) for event_type, whole in WHOLE.items()}
STRUCTS = {event_type: struct_of(whole) for event_type, whole in WHOLE.items()}


def passes(check: Check, document: Any) -> bool:
    try:
        check(document)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


def is_taken(struct: type[msgspec.Struct], document: Any) -> bool:
    try:
        msgspec.convert(document, struct)
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize("event_type", TOPIC_OF)
def test_every_packaged_schema_has_a_type_that_takes_its_example(event_type: str) -> None:
    struct = STRUCTS[event_type]
    assert struct is not None
    assert is_taken(struct, event(event_type))


# Traps, each as a rule for one field: what the type says, and what the schema says.

TAKEN, LEFT_TO_THE_SCHEMA, REFUSED = (True, True), (False, True), (False, False)
CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$"}
AMOUNT = {"type": ["number", "string"], "exclusiveMinimum": 0, "maximum": 100, "maxLength": 3}
METHOD = {"type": ["string", "null"], "enum": ["cash", None]}
NAME = {"type": ["string", "null"], "minLength": 1, "maxLength": 2}
COUNT = {"type": "integer", "minimum": 0, "maximum": 10}
NAMES = {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string", "minLength": 1}}
PLACE = {"type": ["object", "null"], "required": ["north"], "properties": {"north": {"type": "number", "maximum": 90}}}

CASES = [
    (CURRENCY, "USD", TAKEN),
    (CURRENCY, "USD\n", REFUSED),
    (CURRENCY, "\nUSD", REFUSED),
    (CURRENCY, "xUSD", REFUSED),
    (CURRENCY, None, REFUSED),
    ({"type": "string", "pattern": "b"}, "abc", TAKEN),
    ({"type": "string", "pattern": r"^\$[0-9]+$"}, "$5", TAKEN),
    ({"type": "string", "pattern": r"^\$[0-9]+$"}, "$5\n", REFUSED),
    (AMOUNT, 0.01, TAKEN),
    (AMOUNT, 100, TAKEN),
    (AMOUNT, 0, REFUSED),
    (AMOUNT, 100.5, REFUSED),
    (AMOUNT, True, REFUSED),
    (AMOUNT, "100", TAKEN),
    (AMOUNT, "0", TAKEN),
    (AMOUNT, "1000", REFUSED),
    (AMOUNT, None, REFUSED),
    (METHOD, "cash", TAKEN),
    (METHOD, None, TAKEN),
    (METHOD, "beads", REFUSED),
    ({"type": "string", "enum": ["cash", None]}, None, REFUSED),
    ({"type": "string", "enum": ["cash", "gold"], "maxLength": 4, "pattern": "^c"}, "cash", TAKEN),
    ({"type": "string", "enum": ["cash", "gold"], "maxLength": 4, "pattern": "^c"}, "gold", REFUSED),
    ({"enum": ["cash", 1]}, "cash", TAKEN),
    ({"enum": ["cash", 1]}, 1, LEFT_TO_THE_SCHEMA),
    ({"enum": ["cash", 1]}, True, REFUSED),
    (NAME, "é", TAKEN),
    (NAME, "😀😀", TAKEN),
    (NAME, "e\u0301e", REFUSED),
    (NAME, "", REFUSED),
    (NAME, None, TAKEN),
    (COUNT, 10, TAKEN),
    (COUNT, 11, REFUSED),
    (COUNT, 3.0, LEFT_TO_THE_SCHEMA),
    (COUNT, 3.5, REFUSED),
    (COUNT, False, REFUSED),
    (COUNT, 2**63 + 1, REFUSED),
    (COUNT, 2**64 - 1, REFUSED),
    ({"type": "integer", "minimum": 5}, 2**53 - 1, TAKEN),
    ({"type": "integer", "minimum": 5}, 2**53, LEFT_TO_THE_SCHEMA),
    ({"type": "integer", "minimum": 0.5}, 1, TAKEN),
    ({"type": "integer", "minimum": 0.5}, 0, REFUSED),
    ({"type": "number", "maximum": 2**53 - 1}, 2**53 - 1, TAKEN),
    ({"type": "number", "maximum": 2**53 - 1}, 2**53, REFUSED),
    ({"type": "number", "exclusiveMinimum": 0.5, "exclusiveMaximum": 1}, 0.75, TAKEN),
    ({"type": "number", "exclusiveMinimum": 0.5, "exclusiveMaximum": 1}, 0.5, REFUSED),
    ({"type": "number", "exclusiveMinimum": 0.5, "exclusiveMaximum": 1}, 1, REFUSED),
    ({"type": "boolean"}, True, TAKEN),
    ({"type": "boolean"}, 1, REFUSED),
    ({"type": ["integer", "boolean"]}, True, TAKEN),
    (NAMES, ["a"], TAKEN),
    (NAMES, [], REFUSED),
    (NAMES, ["a", "b", "c"], REFUSED),
    (NAMES, [""], REFUSED),
    (NAMES, "a", REFUSED),
    (PLACE, {"north": 90, "more": [1]}, TAKEN),
    (PLACE, {"north": 91}, REFUSED),
    (PLACE, {"north": None}, REFUSED),
    (PLACE, {}, REFUSED),
    (PLACE, [], REFUSED),
    (PLACE, None, TAKEN),
    ({"minLength": 2, "minimum": 2}, "a", REFUSED),
    ({"minLength": 2, "minimum": 2}, 1, REFUSED),
    ({"minLength": 2, "minimum": 2}, [], TAKEN),
    ({"type": "string", "format": "date-time", "default": "now"}, "whenever", TAKEN),
    ({"description": "anything"}, 1, TAKEN),
    ({"description": "anything"}, {"a": 1}, LEFT_TO_THE_SCHEMA),
    (True, None, TAKEN),
]


@pytest.mark.parametrize(("rule", "value", "expected"), CASES)
@pytest.mark.parametrize("name", ["amount", "class", "a b", "__init__", "montant à payer", ""])
def test_a_rule_means_what_it_means_in_the_schema(
    name: str, rule: Any, value: Any, expected: tuple[bool, bool]
) -> None:
    schema = {"type": "object", "properties": {name: rule}}
    struct = struct_of(schema)
    assert struct is not None
    assert (is_taken(struct, {name: value}), passes(compiled(schema), {name: value})) == expected
    assert is_taken(struct, {})
    assert not is_taken(struct, [])


def test_what_is_required_must_be_there_with_or_without_a_rule() -> None:
    struct = struct_of({"required": ["a", "b"], "properties": {"a": {"type": ["string", "null"]}, "c": {}}})
    assert struct is not None
    assert is_taken(struct, {"a": None, "b": None})
    assert not is_taken(struct, {"a": None})
    assert not is_taken(struct, {"b": 1})


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "string", "const": "a"},
        {"not": {"type": "string"}},
        {"allOf": [{"type": "string"}]},
        {"anyOf": [{"type": "string"}]},
        {"oneOf": [{"type": "string"}]},
        {"if": {"type": "string"}, "then": {"minLength": 2}},
        {"$ref": "#/definitions/name"},
        {"type": "number", "multipleOf": 0.01},
        {"type": "number", "minimum": 1, "exclusiveMinimum": 1},
        {"type": "number", "maximum": 2**53},
        {"type": "number", "maximum": 10**400},
        {"type": "string", "maxLength": 3.0},
        {"type": ["array", "string"], "pattern": "^a"},
        {"pattern": "^a"},
        {"type": "array", "uniqueItems": True},
        {"type": "array", "contains": {"type": "string"}},
        {"type": "array", "items": [{"type": "string"}]},
        {"type": "object", "additionalProperties": False},
        {"type": "object", "patternProperties": {"^a": {"type": "string"}}},
        {"type": "object", "propertyNames": {"maxLength": 3}},
        {"type": "object", "dependencies": {"a": ["b"]}},
        {"type": "object", "minProperties": 1},
        {"type": "object", "properties": {'a"b': {"type": "string"}}},
        {"type": "object", "properties": {"a": False}},
        {"enum": [1, True]},
        {"enum": ["a"], "type": "integer"},
        {"a word of somebody's own": 1},
    ],
)
def test_what_no_type_can_express_has_no_type_and_is_checked_as_it_stands(rule: Any) -> None:
    schema = {"type": "object", "properties": {"a": rule, "b": {"type": "string"}}}
    assert struct_of(schema) is None
    assert struct_of({"type": "object", "properties": {"deep": {"type": "array", "items": schema}}}) is None


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": ["array", "null"]}, {"enum": ["a"]}, {"enum": [{}]}])
def test_a_schema_of_anything_but_objects_has_no_type(schema: Any) -> None:
    assert struct_of(schema) is None


# Every packaged schema, with its example changed: in one place by rule, in up to three at random.


def paths(document: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in document.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from paths(value, (*above, name))


def rule_at(schema: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    for name in path:
        schema = schema.get("properties", {}).get(name, {})
    return schema


def value_at(document: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        document = document[name]
    return document


def changed(document: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    name, *below = path
    if below:
        value = changed(document[name], tuple(below), value)
    return {key: old for key, old in {**document, name: value}.items() if old is not DROP}


TEXTS = st.text(max_size=5) | st.sampled_from(
    ["", "\n", "US\n", "x" * 128, "x" * 129, "😀" * 128, "😀" * 129, "\0", "é"]
)
NUMBERS = (
    st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0, -0.0, 1, 3.0, 2**53, 2**53 + 1, 2**63, 10**12, 10**12 + 1, 1e12, 1e300, 5e-324])
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)


def near(value: Any, rule: Mapping[str, Any]) -> list[Any]:
    """Return what lies just within and just outside of a rule, and what looks like the value and is not."""
    found: list[Any] = [value, None, DROP, [value], {"a": value}, str(value), f"{value}\n", f" {value}", f"{value}é"]
    for keyword in ("minimum", "maximum", "exclusiveMinimum"):
        if keyword in rule:
            bound = rule[keyword]
            found += [bound, bound - 1, bound + 1, float(bound), str(bound)]
            found += [math.nextafter(bound, -math.inf), math.nextafter(bound, math.inf)]
    for keyword in ("minLength", "maxLength"):
        if keyword in rule:
            found += ["é" * (rule[keyword] + more) for more in (-1, 0, 1)]
    if "maxItems" in rule:
        found += [["a"] * (rule["maxItems"] + more) for more in (0, 1)]
    found += rule.get("enum", [])
    return found


@st.composite
def changed_events(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    event_type = draw(st.sampled_from(sorted(TOPIC_OF)))
    document = event(event_type)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(sorted(paths(document))))
        old = value_at(document, path)
        new = draw(st.sampled_from(near(old, rule_at(WHOLE[event_type], path))) | VALUES)
        document = changed(document, path, new)
    return event_type, document


def decide(event_type: str, document: Any) -> bool:
    """Return whether the type takes a document, once it is sure that the schema agrees."""
    struct, slowly = STRUCTS[event_type], passes(SLOW[event_type], document)
    assert struct is not None
    taken = is_taken(struct, document)
    if taken:
        assert slowly
        assert Draft7Validator(WHOLE[event_type]).is_valid(document)
    return taken


@pytest.mark.parametrize("event_type", TOPIC_OF)
def test_what_the_type_takes_around_every_rule_its_schema_accepts(event_type: str) -> None:
    whole = event(event_type)
    for path in paths(whole):
        taken = [
            decide(event_type, changed(whole, path, value))
            for value in near(value_at(whole, path), rule_at(WHOLE[event_type], path))
        ]
        assert True in taken
        assert False in taken or not rule_at(WHOLE[event_type], path).keys() - {"description"}


@given(changed_events())
def test_what_the_type_takes_of_a_changed_event_its_schema_accepts(made: tuple[str, dict[str, Any]]) -> None:
    decide(*made)


# Schemas made at random, of what the type understands and some that it does not.

NAMES_OF_FIELDS = st.sampled_from(["a", "b", "class", "a b"])
SMALL = st.integers(-2, 3) | st.sampled_from([0.5, 2.0, -1.5])


@st.composite
def few_rules(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> dict[str, Any]:
    types = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
    rules = {
        "type": types | st.lists(types, min_size=1, max_size=3, unique=True),
        "minimum": SMALL,
        "maximum": SMALL,
        "exclusiveMinimum": SMALL,
        "exclusiveMaximum": SMALL,
        "minLength": st.integers(0, 2),
        "maxLength": st.integers(0, 2),
        "pattern": st.sampled_from(["^a", "b$", "^ab$", "a|b", r"^\w?$"]),
        "enum": st.lists(st.sampled_from(["a", "b", "ab", None, 1, True]), min_size=1, max_size=4),
        "minItems": st.integers(0, 2),
        "maxItems": st.integers(0, 2),
        "items": inner,
        "properties": st.dictionaries(NAMES_OF_FIELDS, inner, max_size=3),
        "required": st.lists(NAMES_OF_FIELDS, max_size=2, unique=True),
        "minProperties": st.integers(0, 2),
    }
    chosen = draw(st.sets(st.sampled_from(list(rules)), max_size=4))
    return {keyword: draw(rule) for keyword, rule in rules.items() if keyword in chosen}


RULES = st.recursive(st.just(True) | few_rules(st.just(True)), few_rules, max_leaves=4)
SCHEMAS_AT_RANDOM = st.fixed_dictionaries(
    {"properties": st.dictionaries(NAMES_OF_FIELDS, RULES, max_size=3)},
    optional={"required": st.lists(NAMES_OF_FIELDS, max_size=2, unique=True), "type": st.just("object")},
)
SMALL_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 4) | st.sampled_from([0.5, 1.0, 2.0, -1.5, "", "a", "ab", "ab\n", "é"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES_OF_FIELDS, inner, max_size=3),
    max_leaves=5,
)


@given(SCHEMAS_AT_RANDOM, st.lists(st.dictionaries(NAMES_OF_FIELDS, SMALL_VALUES, max_size=4), max_size=5))
def test_what_the_type_takes_any_schema_accepts(schema: dict[str, Any], documents: list[dict[str, Any]]) -> None:
    struct, check = struct_of(schema), compiled(schema)
    for document in documents:
        if struct is not None and is_taken(struct, document):
            assert passes(check, document)
            assert Draft7Validator(schema).is_valid(document)


def test_an_event_that_the_type_refuses_is_still_the_schemas_to_accept() -> None:
    whole = event("circle-contribution-missed", round=3.0)
    struct = STRUCTS["circle-contribution-missed"]
    assert struct is not None
    assert not is_taken(struct, whole)
    assert decode(whole) == decode(event("circle-contribution-missed"))
