"""A record of the committed topics as the row that it becomes.

A row is JSON, whose names are the columns of its table (`db/migrations`); PostgreSQL reads it as it is. What cannot be
archived becomes a row of the quarantine, with every reason and its sealed bytes; nothing stops, nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from lakay_streams.contracts.timestamps import recorded_at, to_millis, to_text
from lakay_streams.engine.batch import Record
from lakay_streams.pii.personal import screen, screen_text
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import Tokens
from lakay_streams.settings import Settings

ALERTS, REJECTS, QUARANTINE, SCHEMA_VERSIONS = "alerts", "rejects", "quarantine", "schema_versions"

#: Bytes of a quarantined record that are kept; all of it stays in Kafka for as long as its topic keeps it.
KEEP_OF_QUARANTINED = 65_536

_WORD = re.compile(r"[a-z][a-z-]{0,63}")

#: What an alert may call its id, its tier and its score: each kind has its own words.
_IDS = ("alert_id", "change_id", "trigger_id")
_TIERS = ("risk_tier", "tier", "new_tier", "risk_level", "severity")
_SCORES = ("composite_score", "score", "confidence", "risk_score")


class Kind(NamedTuple):
    """What alerts of one topic are: their name, and the field with the id of whom they are about.

    `personal` tells whether that is a person.
    """

    name: str
    entity: str
    personal: bool


class Row(NamedTuple):
    """A row for `table`, as JSON. `origin` is the record it was made of, "" for a row made of several."""

    table: str
    origin: str
    value: bytes


def origin_of(record: Record) -> str:
    """Return where a record stands, as text that `origin_in` reads."""
    return f"{record.topic}/{record.partition}/{record.offset}"


def origin_in(text: str) -> tuple[str, int, int]:
    """Return topic, partition and offset."""
    topic, partition, offset = text.rsplit("/", 2)
    return topic, int(partition), int(offset)


def alert_kinds(settings: Settings) -> Mapping[str, Kind]:
    """Return the kind of alerts on each outbound topic, by the topic's name in force."""
    return {
        settings.fraud.alert_kafka_topic: Kind("fraud", "user_id", personal=True),
        settings.behavior.ato_kafka_topic: Kind("ato", "user_id", personal=True),
        settings.circle.tier_change_topic: Kind("circle", "circle_id", personal=False),
        settings.compliance.alerts_topic: Kind("compliance", "user_id", personal=True),
        settings.compliance.edd_triggers_topic: Kind("edd", "user_id", personal=True),
    }


class RowMaker:
    """Makes rows, with tokens and sealed values under the keys in force."""

    def __init__(self, kinds: Mapping[str, Kind], tokens: Tokens, vault: Vault) -> None:
        """Make rows of the alerts on the topics of `kinds`."""
        self._kinds = kinds
        self._tokens = tokens
        self._vault = vault

    def alert(self, record: Record) -> Row:
        """Return an alert's row, or its quarantine."""
        return self._made_by(self._alert, record)

    def reject(self, record: Record) -> Row:
        """Return the rejects' index's row of a dead-letter record, or its quarantine."""
        return self._made_by(_reject_of(self._tokens), record)

    def quarantine(self, record: Record, reasons: tuple[str, ...]) -> Row:
        """Return the row of a record that cannot be archived."""
        raw = record.value or b""
        context = f"{QUARANTINE}/{origin_of(record)}"
        row = {
            **_source(record),
            "reasons": reasons,
            "raw_length": len(raw),
            "sealed": _bytea(self._vault.seal(raw[:KEEP_OF_QUARANTINED], context)),
            "encryption_key": self._vault.key_id,
            "recorded_at": recorded_at(record.timestamp),
        }
        return Row(QUARANTINE, origin_of(record), orjson.dumps(row))

    def _made_by(self, make: Callable[[Record, dict[str, Any], list[str]], Row | None], record: Record) -> Row:
        reasons: list[str] = []
        document = _object(record.value, reasons)
        row = None
        if document is not None:
            try:
                row = make(record, document, reasons)
            except RecursionError:
                reasons.append("record: is nested too deeply")
        return row if row is not None and not reasons else self.quarantine(record, tuple(reasons))

    def _alert(self, record: Record, document: dict[str, Any], reasons: list[str]) -> Row | None:
        kind = self._kinds[record.topic]
        alert_id = _uuid(document, _IDS, reasons)
        entity = _text(document, (kind.entity,), reasons)
        occurred_at = _time(document, "occurred_at", reasons)
        if reasons:
            return None
        screened = screen(document, self._tokens)
        values = orjson.dumps(screened.values)
        row = {
            **_source(record),
            "alert_id": alert_id,
            "kind": kind.name,
            "alert_type": _first(document, ("alert_type", "rule"), str) or kind.name,
            "entity": self._tokens.of("user", str(entity)) if kind.personal else entity,
            "tier": _first(document, _TIERS, str),
            "score": _first(document, _SCORES, float, int),
            "occurred_at": occurred_at,
            "recorded_at": recorded_at(record.timestamp) or occurred_at,
            "settings_version": _first(document, ("settings_version",), str),
            "body": screened.document,
            "sealed": _bytea(self._vault.seal(values, f"{ALERTS}/{alert_id}")) if screened.values else None,
            "token_key": self._tokens.key_id,
            "encryption_key": self._vault.key_id,
        }
        return Row(ALERTS, origin_of(record), _without_nul(row))


def _reject_of(tokens: Tokens) -> Callable[[Record, dict[str, Any], list[str]], Row | None]:
    def reject(record: Record, document: dict[str, Any], reasons: list[str]) -> Row | None:
        rejected_id = _uuid(document, ("rejected_id",), reasons)
        told = document.get("rejection_reasons")
        if not isinstance(told, list) or not told:
            reasons.append("rejection_reasons: is no list of reasons")
        if reasons:
            return None
        row = {
            **_source(record),
            "rejected_id": rejected_id,
            "source_topic": _first(document, ("source_topic",), str) or "",
            "source_partition": _first(document, ("partition",), int) or 0,
            "source_offset": _first(document, ("offset",), int) or 0,
            # What came in the place of an id or a type may be anything.
            "event_id": _if_uuid(document.get("event_id")),
            "event_type": _if_word(document.get("event_type")),
            "rejected_at": _first(document, ("rejected_at",), str),
            "reasons": [screen_text(str(reason), tokens) for reason in told or ()],
            "raw_length": _first(document, ("raw_length",), int) or 0,
            "raw_truncated": document.get("raw_truncated") is True,
        }
        return Row(REJECTS, origin_of(record), _without_nul(row))

    return reject


def _object(raw: bytes | None, reasons: list[str]) -> dict[str, Any] | None:
    if raw is None:
        reasons.append("record: is a tombstone")
        return None
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        reasons.append("record: is not JSON")
        return None
    if not isinstance(document, dict):
        reasons.append("record: is not a JSON object")
        return None
    return document


def _source(record: Record) -> dict[str, Any]:
    return {"topic": record.topic, "partition": record.partition, "topic_offset": record.offset}


def _first(document: Mapping[str, Any], fields: tuple[str, ...], *types: type) -> Any:
    """Return the first of these fields that is there and of one of the types."""
    values = (document.get(field) for field in fields)
    return next((value for value in values if isinstance(value, types) and not isinstance(value, bool)), None)


def _text(document: Mapping[str, Any], fields: tuple[str, ...], reasons: list[str]) -> str | None:
    value: str | None = _first(document, fields, str)
    if not value:
        reasons.append(f"{' or '.join(fields)}: is missing")
    return value


def _uuid(document: Mapping[str, Any], fields: tuple[str, ...], reasons: list[str]) -> str | None:
    found = _if_uuid(_first(document, fields, str))
    if found is None:
        reasons.append(f"{' or '.join(fields)}: is no UUID")
    return found


def _time(document: Mapping[str, Any], field: str, reasons: list[str]) -> str | None:
    try:
        return to_text(to_millis(document.get(field) or ""))
    except (ValueError, TypeError):
        reasons.append(f"{field}: is no time with an offset")
        return None


def _if_uuid(value: Any) -> str | None:
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        return None


def _if_word(value: Any) -> str | None:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _bytea(raw: bytes) -> str:
    return f"\\x{raw.hex()}"


def _without_nul(row: dict[str, Any]) -> bytes:
    """Return the row as JSON. PostgreSQL's texts hold every character but U+0000, which U+FFFD then stands for."""
    encoded = orjson.dumps(row)
    return encoded if b"\\u0000" not in encoded else encoded.replace(b"\\u0000", b"\\ufffd")
