"""The short way of a usual event: one pass over its bytes, and one count that proves nothing else stands in them.

Its schema's type (`wire`) reads the whole event. But a parser that makes objects keeps the last of two equal keys and
passes over those it does not know. The proof that there are none: each key has two quotation marks, and each text. A
record whose bytes have exactly as many as the fields that were read has no key twice, none unknown, none nested deeper,
and no quotation mark in a text.

Whatever is in doubt here (`values` says None) is decided by `decoding`, which alone rejects: an event with lists of
texts, or of a newer version than its newest schema, at two and a half times the cost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, Union, cast

import msgspec
from msgspec import UnsetType
from msgspec.structs import astuple
from msgspec.structs import fields as fields_of

from lakay_streams.contracts import wire
from lakay_streams.contracts.catalog import Schema
from lakay_streams.contracts.context import PlaceTold
from lakay_streams.contracts.records import KINDS, Amount, Kind

_BACKSLASH, _COMMA = b"\\,"
_QUOTATION_MARK = b'"'
"""As bytes: looked for as a number, it takes half as long again."""

_SHORT_NUMBER = 16
"""A number that ends within so many characters has no more digits than a float keeps."""

DOUBTFUL = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What `Read` raises for bytes that are not a usual event."""


class Whole(Protocol):
    """An event as its schema's type has it."""

    event_id: str
    event_version: str
    timestamp: str
    payload: msgspec.Struct


Read = Callable[[bytes], Whole]


class Usual(NamedTuple):
    """How usual events of one type and version are read."""

    schema: Schema
    kind: Kind
    type: type[Whole]
    pick: Callable[[tuple[Any, ...]], tuple[Any, ...]]
    """Takes the record's sources from all fields."""

    place: int | None
    """Where among all fields the place stands."""

    numbers: tuple[tuple[int, bytes], ...]
    """Where among them an amount or rate stands, and how its key is written."""

    others: tuple[Callable[[bytes], object], ...]
    """Further schemas that have to accept the event."""

    def values(self, raw: bytes, whole: Whole) -> list[Any] | None:
        """Return what the kind's record is built from; None where it is in doubt."""
        if whole.event_version != self.schema.version:
            return None
        fields = (*astuple(cast("msgspec.Struct", whole)), *astuple(whole.payload))
        place = fields[self.place] if self.place is not None else None
        if place.__class__ is PlaceTold:
            marks = _quotation_marks(*map(type, fields), *map(type, astuple(place)))
        else:
            marks = _quotation_marks(*map(type, fields))
        if raw.count(_QUOTATION_MARK) != marks or (_BACKSLASH in raw and b"\\u0000" in raw):
            return None
        for at, key in self.numbers:
            if fields[at].__class__ is float:
                start = raw.find(key) + len(key)
                if start < len(key) or raw.find(_COMMA, start, start + _SHORT_NUMBER) < 0:
                    return None
        for check in self.others:
            try:
                check(raw)
            except DOUBTFUL:
                return None
        return [*self.pick((*fields, *self.kind.otherwise))]


@lru_cache(maxsize=4096)
def _quotation_marks(*types: type) -> int:
    """Return how many the JSON of an event has that has fields of these types, its event type beside."""
    return 2 * (len(types) - types.count(UnsetType) + types.count(str) + 2)


def usual(schema: Schema) -> Usual | None:
    """Return how usual events of `schema` are read, or None where no type can express it."""
    kind = KINDS[schema.event_type]
    (_, whole), *more = schema.parts
    around = {**whole, "properties": {**whole["properties"], "event_version": {"type": "string"}}}
    event = wire.struct_of(around, tag={"event_type": schema.event_type})
    others = [wire.struct_of({"required": [path], "properties": {path: part}} if path else part) for path, part in more]
    if event is None or None in others:
        return None
    payload = next(field.type for field in fields_of(event) if field.name == "payload")
    names = (*(None for _ in event.__struct_fields__), *payload.__struct_encode_fields__)
    return Usual(
        schema=schema,
        kind=kind,
        type=cast("type[Whole]", event),
        pick=itemgetter(
            *(len(names) + at if name is None else names.index(name) for at, name in enumerate(kind.sources))
        ),
        place=names.index("geo_location") if "geo_location" in names else None,
        numbers=tuple(
            (names.index(rule.field), f'"{rule.field}":'.encode())
            for rule in kind.rules
            if isinstance(rule, Amount) or float in rule.takes
        ),
        others=tuple(msgspec.json.Decoder(other).decode for other in others),
    )


class _NoEvent(msgspec.Struct, tag_field="event_type", tag=""):
    """Beside a topic's only type: msgspec wants to be told which it is only where there are several."""


def reader(types: Iterable[Usual]) -> Read:
    """Return what reads a usual event of any of these types, or something of another type."""
    known = tuple(each.type for each in types)
    return cast("Read", msgspec.json.Decoder(Union[(*known, _NoEvent)]).decode)
