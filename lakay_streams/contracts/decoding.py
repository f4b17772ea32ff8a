"""From a Kafka record's bytes to the domain's event, or to every reason why not.

The way of a good record is short: parse, one check (`shortcut`; in doubt the compiled schema), one count for duplicate
keys, build. Only a record that fails on it is looked at again, slowly, for all of its faults. Bad data never raises.
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
from lakay_streams.contracts.records import KINDS, Amount, Rate, violations
from lakay_streams.contracts.timestamps import EARLIEST, to_millis
from lakay_streams.contracts.topics import EVENT_TYPES, INTERNAL_TYPES, REKEYED
from lakay_streams.contracts.wellformed import Violation, is_surely_well_formed
from lakay_streams.contracts.wellformed import violations as form_violations
from lakay_streams.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from lakay_streams.contracts.catalog import Catalog
    from lakay_streams.domain.events import Event

MAX_BYTES = 950_000
"""Larger records are rejected unread: one that has to be sent on under its right key must fit Kafka's default limit."""

AHEAD_MAX_MS = 24 * 60 * 60 * 1000
"""How far an event may lie after its record's own timestamp: one of next year would age every window of its user."""

_AHEAD = "describes an event more than 24 hours after the record was made; correct the clock of its producer"
_MAX_ID = 128
# no honest record has more or longer reasons, and a dead letter must fit its topic
_MAX_REASONS = 50
_MAX_REASON_LENGTH = 500
_VERSION = re.compile(r"([0-9]{1,4})(?:\.[0-9]{1,4}){1,2}")
# Only a number of 16 characters or more can have more digits than a float keeps. The expressions start with fixed text,
# which is found ten times faster.
_LONG_NUMBER = {
    Amount: re.compile(rb'amount"[ \t\r\n]*:[ \t\r\n]*-?[0-9][0-9.]{15}'),
    Rate: re.compile(rb'rate"[ \t\r\n]*:[ \t\r\n]*-?[0-9][0-9.]{15}'),
}
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


class _Entry(NamedTuple):
    """All that decoding one version of one event type takes."""

    check: Callable[[Any], Any]
    build: Callable[[dict[str, Any], dict[str, Any]], Event]
    long_number: re.Pattern[bytes] | None
    schema: Schema


class Contracts:
    """The contracts in force. Loaded once per process; holds nothing that changes."""

    __slots__ = ("_max_bytes", "_topics", "catalog")

    def __init__(self, catalog: Catalog, max_bytes: int = MAX_BYTES) -> None:
        """Use `load` to make one from a folder."""
        self.catalog = catalog
        self._max_bytes = max_bytes
        self._topics: dict[str, dict[str, dict[str, _Entry]]] = {}
        for topic, event_types in (EVENT_TYPES | INTERNAL_TYPES).items():
            entries = {event_type: _entries(event_type, catalog) for event_type in event_types}
            self._topics[topic] = self._topics[REKEYED.get(topic, topic)] = entries

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
            document = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            return _unread(raw, _unreadable_because(raw, error))
        try:
            event_types = self._topics[topic]
        except KeyError:
            raise ContractError(f"{topic} carries no events: decode only {', '.join(self._topics)}") from None
        try:
            entry = event_types[document["event_type"]][document["event_version"]]
        except (KeyError, TypeError):
            return self._decode_unusual(raw, document, event_types)
        event = _decode(raw, document, entry)
        if recorded_at is None or isinstance(event, Rejected):
            return event
        if event.occurred_at > recorded_at + AHEAD_MAX_MS and _is_ahead(event, document, recorded_at):
            return _rejected(raw, document, entry.schema, [Violation("record", _AHEAD)])
        return event

    def versions(self, event_type: str) -> tuple[str, ...]:
        """Return the versions known of an event type, oldest first."""
        return tuple(sorted(self.catalog.schemas[event_type], key=lambda version: [*map(int, version.split("."))]))

    def _decode_unusual(
        self, raw: bytes, document: Any, event_types: dict[str, dict[str, _Entry]]
    ) -> Event | Unknown | Rejected:
        """Decode what no entry fits as it stands: an unknown type, another version, or no envelope at all."""
        if not isinstance(document, dict):
            return _unread(raw, "must be a JSON object")
        event_type = _readable(document.get("event_type"))
        if event_type is None:
            return _rejected(raw, document, self.catalog.envelope)
        versions = event_types.get(event_type)
        if versions is None:
            return Unknown(event_type, _readable(document.get("event_id")))
        version = document.get("event_version")
        match = _VERSION.fullmatch(version) if isinstance(version, str) else None
        latest = newest(versions)
        if match is None:
            return _rejected(raw, document, latest.schema)
        try:
            # a new minor version only adds optional fields, so the newest one known still reads it
            entry = newest(versions, major=int(match[1]))
        except KeyError:
            known = ", ".join(self.versions(event_type))
            reason = f"major version {match[1]} of {event_type} is not known, only {known}"
            return _rejected(raw, document, latest.schema, [Violation("event_version", reason)])
        return _decode(raw, document, entry)


def _is_ahead(event: Event, document: dict[str, Any], recorded_at: int) -> bool:
    """Whether the event lies long after it was recorded: by Kafka's clock, or by the envelope's where that tells none.

    Producers without a clock write -1 or 0, and some write seconds: none of them dates a record after 2000.
    """
    if recorded_at < EARLIEST:
        recorded_at = to_millis(document["timestamp"])
    return event.occurred_at > recorded_at + AHEAD_MAX_MS


def _entries(event_type: str, catalog: Catalog) -> dict[str, _Entry]:
    kind = KINDS[event_type]
    long_number = next((_LONG_NUMBER[type(rule)] for rule in kind.rules if type(rule) in _LONG_NUMBER), None)
    return {
        version: _Entry(schema.check, kind.build, long_number, schema)
        for version, schema in catalog.schemas[event_type].items()
    }


def _decode(raw: bytes, document: dict[str, Any], entry: _Entry) -> Event | Rejected:
    check, build, long_number, schema = entry
    try:
        check(document)
        payload = document["payload"]
        if not is_surely_well_formed(raw, document, payload) and form_violations(raw, document):
            return _rejected(raw, document, schema)
        # an escaped letter could hide the name that the expression looks for
        if long_number and (long_number.search(raw) or (b"\\" in raw and _ESCAPED_LETTER.search(raw))):
            document = json.loads(raw, parse_float=Decimal)
            payload = document["payload"]
        return build(document, payload)
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
