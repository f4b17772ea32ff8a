"""A shorter way to a schema's yes: a msgspec type derived from it, which checks a good event in a third of the time.

What the type accepts, the schema accepts. The other direction need not hold (JSON schema takes 3.0 for an integer, the
type does not): whatever the type refuses is put to the schema's own check, which alone says no. So the JSON schema
stays the one definition, and one that uses what no type can express has no shortcut and is checked as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union

import msgspec
from fastjsonschema.draft04 import DOLLAR_FINDER

Check = Callable[[Any], Any]
"""Raises for a document that its schema refuses."""

_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
# times are checked where they are read, so `format` only describes
_SAYS_NOTHING = frozenset({"$schema", "$id", "$comment", "title", "description", "default", "examples", "format"})
_BOUNDS = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}
_LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
_SIZES = {"minItems": "min_length", "maxItems": "max_length"}
_UNDERSTOOD = frozenset({"type", "enum", "pattern", "items", "properties", "required", *_BOUNDS, *_LENGTHS, *_SIZES})
# msgspec compares a number as a float: from here on, floats leave out whole numbers
_FLOATS_ARE_SPARSE = 2**53


def quick(check: Check, schema: Mapping[str, Any]) -> Check:
    """Return a check that decides as `check`, the compiled `schema`, does; for good documents sooner, if it can."""
    struct = struct_of(schema)
    if struct is None:
        return check
    convert, refused = msgspec.convert, msgspec.ValidationError

    def check_quickly(document: Any) -> None:
        try:
            convert(document, struct)
        except refused:
            check(document)

    return check_quickly


def struct_of(schema: Mapping[str, Any]) -> type[msgspec.Struct] | None:
    """Return a type of JSON objects that accepts only what `schema` (draft-07) accepts, or None if there is none."""
    if "object" not in _types(schema):
        return None
    try:
        struct: type[msgspec.Struct] = _accepted({**schema, "type": "object"})
        msgspec.json.Decoder(struct)  # only now does msgspec look at the whole of it
    except (TypeError, ValueError):
        return None
    return struct


def _accepted(schema: Any) -> Any:
    """Return the type for any schema; raises ValueError, or TypeError as msgspec does, where there is none."""
    if schema is True:
        return Any
    if schema is False:
        raise ValueError("nothing is accepted")
    rules = {keyword: value for keyword, value in schema.items() if keyword not in _SAYS_NOTHING}
    if not rules:
        return Any
    if not rules.keys() <= _UNDERSTOOD:
        raise ValueError(f"not understood: {', '.join(rules.keys() - _UNDERSTOOD)}")
    if "enum" in rules:
        return _choice(rules.pop("enum"), rules)
    types = _types(rules)
    if "pattern" in rules and "array" in types:
        # msgspec 0.22 takes the pattern for the type of the items when it frees such a union, and crashes
        raise ValueError("texts of a pattern, or arrays")
    return Union[tuple(_ACCEPTED[name](rules) for name in types)]  # noqa: UP007 - made of a tuple


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    names = schema.get("type", _TYPES)
    return (names,) if isinstance(names, str) else tuple(names)


def _choice(choices: list[Any], rules: dict[str, Any]) -> Any:
    accepted = _accepted(rules)
    # a type can name texts and null one by one, and nothing else that is the same in JSON and in Python
    return Literal[
        tuple(choice for choice in choices if (choice is None or isinstance(choice, str)) and _is(choice, accepted))
    ]


def _is(value: Any, accepted: Any) -> bool:
    try:
        msgspec.convert(value, accepted)
    except msgspec.ValidationError:
        return False
    return True


def _number(kind: type[float], rules: Mapping[str, Any]) -> Any:
    bounds = _named(_BOUNDS, rules)
    if any(abs(bound) >= _FLOATS_ARE_SPARSE for bound in bounds.values()):
        raise ValueError("a bound that floats cannot tell from its neighbours")
    return Annotated[kind, msgspec.Meta(**bounds)]


def _string(rules: Mapping[str, Any]) -> Any:
    limits = _named(_LENGTHS, rules)
    if "pattern" in rules:
        # as fastjsonschema reads it: Python's $ would take a line break at the end
        limits["pattern"] = DOLLAR_FINDER.sub(r"\\Z", rules["pattern"])
    return Annotated[str, msgspec.Meta(**limits)]


def _array(rules: Mapping[str, Any]) -> Any:
    items = rules.get("items", True)
    if isinstance(items, list):
        raise ValueError("an array whose items differ by place")
    return Annotated[list[_accepted(items)], msgspec.Meta(**_named(_SIZES, rules))]  # type: ignore[misc]  # made here


def _object(rules: Mapping[str, Any]) -> Any:
    properties, required = rules.get("properties", {}), rules.get("required", ())
    fields: list[tuple[str, Any, Any]] = []
    # a property may have a name that no field can have, so fields are numbered
    for number, name in enumerate({**properties, **dict.fromkeys(required)}):
        accepted = _accepted(properties.get(name, True))
        # nobody reads the value of a field that is not there
        field = msgspec.field(name=name) if name in required else msgspec.field(name=name, default=None)
        fields.append((f"f{number}", accepted, field))
    return msgspec.defstruct("Accepted", fields, kw_only=True, gc=False)


_ACCEPTED: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "null": lambda _: None,
    "boolean": lambda _: bool,
    "integer": lambda rules: _number(int, rules),
    "number": lambda rules: _number(float, rules),
    "string": _string,
    "array": _array,
    "object": _object,
}


def _named(names: Mapping[str, str], rules: Mapping[str, Any]) -> dict[str, Any]:
    return {name: rules[keyword] for keyword, name in names.items() if keyword in rules}
