"""What a schema accepts as a type, which reads an event from its bytes in one pass: a msgspec type derived from it.

What the type takes, the schema accepts. The other direction need not hold (JSON schema takes 3.0 for an integer, the
type does not): whatever the type refuses is in doubt, and the schema's own check decides. So the JSON schema stays the
one definition, and one that uses what no type can express has no type, and all its events are checked as they stand.

Where a schema says nothing, the type takes a scalar, or a place as most producers tell it: what is nested deeper than
the schema knows is in doubt. So is a whole number beyond 2**53, of which parsers make different things.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from keyword import iskeyword
from math import ceil, floor
from typing import Annotated, Any, Literal, Union

import msgspec
from fastjsonschema.draft04 import DOLLAR_FINDER
from msgspec import UNSET

from lakay_streams.contracts.context import PlaceTold

_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
# times are checked where they are read, so `format` only describes
_SAYS_NOTHING = frozenset({"$schema", "$id", "$comment", "title", "description", "default", "examples", "format"})
_BOUNDS = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}
_LENGTHS = {"minLength": "min_length", "maxLength": "max_length"}
_SIZES = {"minItems": "min_length", "maxItems": "max_length"}
_UNDERSTOOD = frozenset({"type", "enum", "pattern", "items", "properties", "required", *_BOUNDS, *_LENGTHS, *_SIZES})
# msgspec compares a number as a float: from here on, floats leave out whole numbers
_FLOATS_ARE_SPARSE = 2**53
_NOTHING: Mapping[str, Any] = {}


def struct_of(schema: Mapping[str, Any], tag: Mapping[str, str] = _NOTHING) -> type[msgspec.Struct] | None:
    """Return a type of JSON objects that takes only what `schema` (draft-07) accepts, or None if there is none.

    `tag` has a property and its one value, by which msgspec tells types apart; there is no field for it. A field is
    called as its property wherever it can be; one that is not there is `UNSET`.
    """
    if "object" not in _types(schema) or not schema.keys() <= (_UNDERSTOOD | _SAYS_NOTHING) - {"enum"}:
        return None
    try:
        struct = _object(schema, tag)
        msgspec.json.Decoder(struct)  # only now does msgspec look at the whole of it
    except (TypeError, ValueError):
        return None
    return struct


def _accepted(schema: Any) -> Any:
    """Return the type for any schema; raises ValueError, or TypeError as msgspec does, where there is none."""
    if schema is True:
        return SCALAR
    if schema is False:
        raise ValueError("nothing is accepted")
    rules = {keyword: value for keyword, value in schema.items() if keyword not in _SAYS_NOTHING}
    if not rules:
        return SCALAR
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


def _number(rules: Mapping[str, Any]) -> Any:
    bounds = _named(_BOUNDS, rules)
    if any(abs(bound) >= _FLOATS_ARE_SPARSE for bound in bounds.values()):
        raise ValueError("a bound that floats cannot tell from its neighbours")
    # a whole number stays one
    return _integer(rules) | Annotated[float, msgspec.Meta(**bounds)]


def _integer(rules: Mapping[str, Any] = _NOTHING) -> Any:
    sparse, get = _FLOATS_ARE_SPARSE, rules.get
    least = max(1 - sparse, ceil(get("minimum", -sparse)), floor(get("exclusiveMinimum", -sparse)) + 1)
    most = min(sparse - 1, floor(get("maximum", sparse)), ceil(get("exclusiveMaximum", sparse)) - 1)
    return Annotated[int, msgspec.Meta(ge=least, le=most)]


SCALAR: Any = _integer() | float | str | bool | None
"""What most producers send where a schema says nothing."""

_LEFT_OPEN = {"geo_location": PlaceTold | SCALAR, "payload": msgspec.defstruct("Payload", [], gc=False)}
"""The same of properties by these names."""


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


def _object(rules: Mapping[str, Any], tag: Mapping[str, str] = _NOTHING) -> type[msgspec.Struct]:
    properties, required = rules.get("properties", {}), rules.get("required", ())
    fields: list[tuple[str, Any, Any]] = []
    for number, name in enumerate({**properties, **dict.fromkeys(required)}):
        if name in tag:
            continue
        accepted = _accepted(properties.get(name, True))
        if accepted is SCALAR:
            accepted = _LEFT_OPEN.get(name, SCALAR)
        field = msgspec.field(name=name) if name in required else msgspec.field(name=name, default=UNSET)
        # a property may have a name that no field can have
        is_name = name.isidentifier() and not name.startswith("_") and not iskeyword(name)
        fields.append((name if is_name else f"_{number}", accepted, field))
    for name, value in tag.items():
        return msgspec.defstruct("Accepted", fields, kw_only=True, gc=False, tag_field=name, tag=value)
    return msgspec.defstruct("Accepted", fields, kw_only=True, gc=False)


_ACCEPTED: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "null": lambda _: None,
    "boolean": lambda _: bool,
    "integer": _integer,
    "number": _number,
    "string": _string,
    "array": _array,
    "object": _object,
}


def _named(names: Mapping[str, str], rules: Mapping[str, Any]) -> dict[str, Any]:
    return {name: rules[keyword] for keyword, name in names.items() if keyword in rules}
