"""From a Kafka record's bytes to the domain's event, or to every reason why not.

The way of a good record is short (`usual`): one pass over its bytes by a type derived from its schema, one count that
proves that nothing else stands in them, build. Only what is in doubt there is parsed, checked by the compiled schema
and looked at for duplicate keys; and only what fails on that, once more for all of its faults. Bad data never raises.
"""

from __future__ import annotations

import contextlib
import json
import re
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from lakay_streams.contracts.catalog import INVALID, Schema, load_catalog, newest
from lakay_streams.contracts.records import KINDS, violations
from lakay_streams.contracts.timestamps import EARLIEST, to_millis
from lakay_streams.contracts.topics import EVENT_TYPES, INTERNAL_TYPES, REKEYED
from lakay_streams.contracts.usual import DOUBTFUL, Usual, reader, usual
from lakay_streams.contracts.wellformed import Violation, is_surely_well_formed
from lakay_streams.contracts.wellformed import violations as form_violations
from lakay_streams.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from lakay_streams.contracts.catalog import Catalog
    from lakay_streams.contracts.usual import Read
    from lakay_streams.domain.events import Event

MAX_BYTES = 950_000
"""Larger records are rejected unread: one that has to be sent on under its right key must fit Kafka's default limit."""

AHEAD_MAX_MS = 24 * 60 * 60 * 1000
"""How far an event may lie after its record's own timestamp: one of next year would age every window of its user."""

_AHEAD = Violation(
    "record", "describes an event more than 24 hours after the record was made; correct the clock of its producer"
)
_MAX_ID = 128
# no honest record has more or longer reasons, and a dead letter must fit its topic
_MAX_REASONS = 50
_MAX_REASON_LENGTH = 500
_VERSION = re.compile(r"([0-9]{1,4})(?:\.[0-9]{1,4}){1,2}")
# Only a number of 16 characters or more can have more digits than a float keeps.
_LONG_NUMBER = re.compile(rb'(?:amount|rate)"[ \t\r\n]*:[ \t\r\n]*-?[0-9][0-9.]{15}')
# an escaped letter could hide the name that the expression looks for
_ESCAPED_LETTER = re.compile(rb"\\u00[67]")
_READABLE_ID = re.compile(rb'"event_id"\s*:\s*"([0-9a-fA-F-]{36})"')
_READABLE_TYPE = re.compile(rb'"event_type"\s*:\s*"([a-z-]{1,64})"')
_READABLE_WITHIN = 65_536
_BOM = b"\xef\xbb\xbf"


class Unknown(NamedTuple):
    """An event type that is not registered for its topic: logged as `no_handler_for_event` and skipped."""

    event_type: str
    event_id: str | None


class Rejected(NamedTuple):
    """A record that cannot be used. Each reason names a field's path, or `record`, and never repeats a value."""

    reasons: tuple[str, ...]
    event_id: str | None = None
    event_type: str | None = None


class _Topic(NamedTuple):
    """What decoding the events of one topic takes."""

    read: Read
    usual: Mapping[type, Usual]
    schemas: Mapping[str, Mapping[str, Schema]]


class Contracts:
    """The contracts in force. Loaded once per process; holds nothing that changes."""

    __slots__ = ("_max_bytes", "_topics", "catalog")

    def __init__(self, catalog: Catalog, max_bytes: int = MAX_BYTES) -> None:
        """Use `load` to make one from a folder."""
        self.catalog = catalog
        self._max_bytes = max_bytes
        self._topics: dict[str, _Topic] = {}
        for topic, event_types in (EVENT_TYPES | INTERNAL_TYPES).items():
            schemas = {event_type: catalog.schemas[event_type] for event_type in event_types}
            usuals = [found for versions in schemas.values() if (found := usual(newest(versions)))]
            read = _Topic(reader(usuals), {found.type: found for found in usuals}, schemas)
            self._topics[topic] = self._topics[REKEYED.get(topic, topic)] = read

    @classmethod
    def load(cls, path: Path | None, max_bytes: int = MAX_BYTES) -> Contracts:
        """Load the packaged schemas, overridden by those in the folder `path`.

        Raises ContractError for a folder that is missing, has no schema for Lakay, or has one that cannot be used.
        """
        return cls(load_catalog(path), max_bytes)

    def decode(self, raw: bytes | None, topic: str, recorded_at: int | None = None) -> Event | Unknown | Rejected:
        """Return the event of one record's value; `topic` is one of `topics.SOURCES`.

        `recorded_at` is the record's own timestamp (ms UTC): an event more than `AHEAD_MAX_MS` after it is rejected.
        One that is no such time (-1, 0, seconds) says nothing of the event; the envelope's own time stands in for it.

        Raises ContractError only for a topic that carries no events.
        """
        if raw is None:
            return Rejected(("record: tombstone: the record has no value",))
        if len(raw) > self._max_bytes:
            return _unread(raw, f"has {len(raw)} bytes, more than the {self._max_bytes} allowed")
        try:
            read, usual_types, _ = self._topics[topic]
        except KeyError:
            raise ContractError(f"{topic} carries no events: decode only {', '.join(self._topics)}") from None
        try:
            whole = read(raw)
        except DOUBTFUL:
            return self._decode_doubtful(raw, topic, recorded_at)
        usual = usual_types.get(whole.__class__)
        values = usual and usual.values(raw, whole)
        if usual is None or values is None:
            return self._decode_doubtful(raw, topic, recorded_at)
        schema, kind, *_ = usual
        try:
            event = kind.build(whole.event_id, schema.event_type, whole.timestamp, values)
        except ValueError:
            return _rejected(raw, orjson.loads(raw), schema)
        if _is_ahead(event, whole.timestamp, recorded_at):
            return _rejected(raw, orjson.loads(raw), schema, [_AHEAD])
        return event

    def versions(self, event_type: str) -> tuple[str, ...]:
        """Return the versions known of an event type, oldest first."""
        return tuple(sorted(self.catalog.schemas[event_type], key=lambda version: [*map(int, version.split("."))]))

    def _decode_doubtful(self, raw: bytes, topic: str, recorded_at: int | None) -> Event | Unknown | Rejected:
        """Decode what is not usual: of another shape or version, an unknown type, no envelope at all, or not JSON."""
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            return _unread(raw, _unreadable_because(raw, error))
        if not isinstance(document, dict):
            return _unread(raw, "must be a JSON object")
        event_type = _readable(document.get("event_type"))
        if event_type is None:
            return _rejected(raw, document, self.catalog.envelope)
        versions = self._topics[topic].schemas.get(event_type)
        if versions is None:
            return Unknown(event_type, _readable(document.get("event_id")))
        version = document.get("event_version")
        match = _VERSION.fullmatch(version) if isinstance(version, str) else None
        if match is None:
            return _rejected(raw, document, newest(versions))
        schema = versions.get(match[0])
        try:
            # a new minor version only adds optional fields, so the newest one known still reads it
            schema = schema or newest(versions, major=int(match[1]))
        except KeyError:
            known = ", ".join(self.versions(event_type))
            reason = f"major version {match[1]} of {event_type} is not known, only {known}"
            return _rejected(raw, document, newest(versions), [Violation("event_version", reason)])
        event = _decode(raw, document, schema)
        if not isinstance(event, Rejected) and _is_ahead(event, document["timestamp"], recorded_at):
            return _rejected(raw, document, schema, [_AHEAD])
        return event


def _is_ahead(event: Event, timestamp: str, recorded_at: int | None) -> bool:
    """Whether the event lies long after it was recorded: by Kafka's clock, or by the envelope's where that tells none.

    Producers without a clock write -1 or 0, and some write seconds: none of them dates a record after 2000.
    """
    if recorded_at is None or event.occurred_at <= recorded_at + AHEAD_MAX_MS:
        return False
    return recorded_at >= EARLIEST or event.occurred_at > to_millis(timestamp) + AHEAD_MAX_MS


def _decode(raw: bytes, document: dict[str, Any], schema: Schema) -> Event | Rejected:
    try:
        schema.check(document)
        if not is_surely_well_formed(raw, document) and form_violations(raw, document):
            return _rejected(raw, document, schema)
        if _LONG_NUMBER.search(raw) or _ESCAPED_LETTER.search(raw):
            document = json.loads(raw, parse_float=Decimal)
        return KINDS[schema.event_type].record(document)
    except INVALID as error:
        fault = str(error).removeprefix("data.").split(" ", 1)
        return _rejected(raw, document, schema, otherwise=Violation(fault[0], fault[-1]))
    except ValueError:
        return _rejected(raw, document, schema)


def _rejected(
    raw: bytes,
    document: dict[str, Any],
    schema: Schema,
    found: Iterable[Violation] = (),
    otherwise: Violation = Violation("record", "cannot be read"),  # noqa: B008 - immutable
) -> Rejected:
    """Collect every fault. `otherwise` is what the fast check said, should the slow one disagree with it."""
    found = [*found, *form_violations(raw, document)]
    found += islice(schema.violations(document), _MAX_REASONS + 1)
    told = {violation.path for violation in found}
    kind = KINDS.get(schema.event_type)
    if kind is not None:
        exact = document
        with contextlib.suppress(RecursionError):  # too deep, which is among the faults by now
            exact = json.loads(raw, parse_float=Decimal)
        found += [violation for violation in violations(kind, exact) if violation.path not in told]
    reasons = [f"{path}: {message}"[:_MAX_REASON_LENGTH] for path, message in found or [otherwise]]
    if len(reasons) > _MAX_REASONS:
        reasons[_MAX_REASONS:] = ["record: has more faults than are listed here"]
    return Rejected(tuple(reasons), _readable(document.get("event_id")), _readable(document.get("event_type")))


def _unread(raw: bytes, reason: str) -> Rejected:
    """Reject what is not a JSON object; its id and type may still stand in the text."""
    start = raw[:_READABLE_WITHIN]
    event_id, event_type = _READABLE_ID.search(start), _READABLE_TYPE.search(start)
    return Rejected(
        (f"record: {reason}",),
        event_id[1].decode() if event_id else None,
        event_type[1].decode() if event_type else None,
    )


def _unreadable_because(raw: bytes, error: orjson.JSONDecodeError) -> str:
    if not raw:
        return "is empty"
    if raw.startswith(_BOM):
        return "starts with a byte order mark; send UTF-8 without one"
    try:
        raw.decode()
    except UnicodeDecodeError as encoding_error:
        return f"is not valid UTF-8 at byte {encoding_error.start}"
    if "depth limit" in error.msg:
        return "is nested too deeply"
    return f"is not JSON: {error.msg} at line {error.lineno} column {error.colno}"


def _readable(value: Any) -> str | None:
    """Return an id or type fit to be shown and stored, else None."""
    return value if isinstance(value, str) and 0 < len(value) <= _MAX_ID and "\0" not in value else None
