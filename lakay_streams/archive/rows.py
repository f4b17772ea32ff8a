"""A record of the committed topics as the row that it becomes.

A row is JSON, whose names are the columns of its table (`db/migrations`); PostgreSQL reads it as it is. A record must
keep to the contract of its topic (`contracts/outbound.py`). One that does not becomes a row of the quarantine, with
every reason and its sealed bytes; nothing stops, nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Self
from uuid import UUID

import orjson

from lakay_streams.contracts import outbound
from lakay_streams.contracts.outbound import Outbound
from lakay_streams.contracts.timestamps import recorded_at, to_millis, to_text
from lakay_streams.db.digests import Digests
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.pii.keys import encryption_keys, token_keys
from lakay_streams.pii.personal import reveal, screen, screen_text
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import Tokens
from lakay_streams.settings import Settings

ALERTS, REJECTS, QUARANTINE, SCHEMA_VERSIONS = "alerts", "rejects", "quarantine", "schema_versions"

#: Bytes of a quarantined record that are kept; all of it stays in Kafka for as long as its topic keeps it.
KEEP_OF_QUARANTINED = 65_536

IN_TRAIL = (
    *("alert_id", "revision", "kind", "alert_type", "entity", "tier", "score", "occurred_at", "recorded_at"),
    *("settings_version", "topic", "partition", "topic_offset", "content"),
)

_WORD = re.compile(r"[a-z][a-z-]{0,63}")

#: What an alert may call its id, its tier and its score: each kind has its own words.
_IDS = ("alert_id", "change_id", "trigger_id")
_TIERS = ("risk_tier", "tier", "new_tier", "risk_level", "severity")
_SCORES = ("composite_score", "score", "confidence", "risk_score")


class Kind(NamedTuple):
    """What alerts of one topic are: their name, and the field with the id of whom they are about.

    `personal` tells whether that is a person; `contract` is what an alert of the topic must keep to.
    """

    name: str
    entity: str
    personal: bool
    contract: Outbound


class Row(NamedTuple):
    """A row for `table`, as JSON on one line. `origin` is the record it was made of, "" for a row made of several.

    `raw` are the record's bytes, for the quarantine if its table does not take the row.
    """

    table: str
    origin: str
    value: bytes
    raw: bytes = b""

    @property
    def packed(self) -> bytes:
        """The row and the record's bytes in one."""
        return self.value + b"\n" + self.raw

    @classmethod
    def unpacked(cls, table: str, origin: bytes | None, packed: bytes | None) -> Self:
        """Return what was `packed`."""
        value, _, raw = (packed or b"").partition(b"\n")
        return cls(table, (origin or b"").decode(), value, raw)


def origin_of(record: Record) -> str:
    """Return where a record stands, as text that `origin_in` reads."""
    return f"{record.topic}/{record.partition}/{record.offset}"


def origin_in(text: str) -> tuple[str, int, int]:
    """Return topic, partition and offset."""
    topic, partition, offset = text.rsplit("/", 2)
    return topic, int(partition), int(offset)


def alert_kinds(settings: Settings) -> Mapping[str, Kind]:
    """Return the kind of alerts on each outbound topic, by the topic's name in force."""
    topics = {
        settings.fraud.alert_kafka_topic: ("fraud", "user_id", "fraud-alert"),
        settings.behavior.ato_kafka_topic: ("ato", "user_id", "ato-alert"),
        settings.circle.tier_change_topic: ("circle", "circle_id", "tier-change"),
        settings.compliance.alerts_topic: ("compliance", "user_id", "compliance-alert"),
        settings.compliance.edd_triggers_topic: ("edd", "user_id", "edd-trigger"),
    }
    return {
        topic: Kind(name, entity, entity == "user_id", outbound.load(contract))
        for topic, (name, entity, contract) in topics.items()
    }


class RowMaker:
    """Makes rows, with tokens and sealed values under the keys in force."""

    def __init__(self, kinds: Mapping[str, Kind], tokens: Tokens, vault: Vault, digests: Digests) -> None:
        """Make rows of the alerts on the topics of `kinds`."""
        self._kinds = kinds
        self._tokens = tokens
        self._vault = vault
        self._digests = digests
        self._rejects = outbound.load("rejected")

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return one for the topics and keys of `settings`."""
        keys = Tokens(token_keys(settings)), Vault(encryption_keys(settings)), Digests.of(settings)
        return cls(alert_kinds(settings), *keys)

    def alert(self, record: Record) -> Row:
        """Return an alert's row, or its quarantine."""
        return self._made_by(self._alert, record, self._kinds[record.topic].contract)

    def reject(self, record: Record) -> Row:
        """Return the rejects' index's row of a dead-letter record, or its quarantine."""
        return self._made_by(self._reject, record, self._rejects)

    def quarantine(self, record: Record, reasons: tuple[str, ...]) -> Row:
        """Return the row of a record that cannot be archived."""
        return self.quarantined(origin_of(record), record.value or b"", reasons, recorded_at(record.timestamp))

    def quarantined(self, origin: str, raw: bytes, reasons: tuple[str, ...], recorded: str | None) -> Row:
        """Return the row of what stood at `origin` and cannot be archived; `recorded` is the time it has there."""
        topic, partition, offset = origin_in(origin)
        row = {
            "topic": topic,
            "partition": partition,
            "topic_offset": offset,
            "reasons": reasons,
            "raw_length": len(raw),
            "sealed": _bytea(self._vault.seal(raw[:KEEP_OF_QUARANTINED], f"{QUARANTINE}/{origin}")),
            "encryption_key": self._vault.key_id,
            "recorded_at": recorded,
        }
        return Row(QUARANTINE, origin, orjson.dumps(row), raw)

    def contents_of(self, alert_id: str, body: Any, sealed: bytes | None, key_id: str) -> list[str]:
        """Return the digests (one for each key that is held) of an alert as it is kept; raises `PiiError`."""
        values = {} if sealed is None else orjson.loads(self._vault.open(sealed, key_id, f"{ALERTS}/{alert_id}"))
        return self._digests.all_of(reveal(body, values))

    def _made_by(self, make: Callable[[Record, dict[str, Any]], Row], record: Record, contract: Outbound) -> Row:
        reasons: list[str] = []
        document = _object(record.value, reasons)
        if document is not None:
            try:
                reasons += contract.faults(record.value or b"", document)
                if not reasons:
                    return make(record, document)
            except RecursionError:
                reasons.append("record: is nested too deeply")
        return self.quarantine(record, tuple(reasons))

    def _alert(self, record: Record, document: dict[str, Any]) -> Row:
        kind = self._kinds[record.topic]
        alert_id = str(UUID(_first(document, _IDS, str)))
        entity: str = document[kind.entity]
        occurred_at = to_text(to_millis(document["occurred_at"]))
        screened = screen(document, self._tokens)
        values = orjson.dumps(screened.values)
        told = {
            **_source(record),
            "alert_id": alert_id,
            "revision": int(document.get("revision", 1)),
            "kind": kind.name,
            "alert_type": _first(document, ("alert_type", "rule"), str) or kind.name,
            "tier": _first(document, _TIERS, str),
            "score": _first(document, _SCORES, float, int),
            "occurred_at": occurred_at,
            "recorded_at": recorded_at(record.timestamp) or occurred_at,
            "settings_version": document["settings_version"],
        }
        contents = self._digests.all_of(document)
        row = {
            **told,
            "entity": self._tokens.of("user", entity) if kind.personal else entity,
            "body": screened.document,
            "sealed": _bytea(self._vault.seal(values, f"{ALERTS}/{alert_id}")) if screened.values else None,
            "token_key": self._tokens.key_id,
            "encryption_key": self._vault.key_id,
            "content": contents[0],
            # No columns: what it is compared with, and what the audit trail keeps of it.
            "entities": self._tokens.all_of("user", entity) if kind.personal else [entity],
            "contents": contents,
            "digest": self._digests.of_record(in_trail({**told, "entity": entity, "content": contents[0]})),
        }
        return Row(ALERTS, origin_of(record), orjson.dumps(row), record.value or b"")

    def _reject(self, record: Record, document: dict[str, Any]) -> Row:
        row = {
            **_source(record),
            "rejected_id": str(UUID(document["rejected_id"])),
            "source_topic": document["source_topic"],
            "source_partition": int(document["partition"]),
            "source_offset": int(document["offset"]),
            # What came in the place of an id or a type may be anything.
            "event_id": _if_uuid(document["event_id"]),
            "event_type": _if_word(document["event_type"]),
            "rejected_at": document["rejected_at"],
            "reasons": [screen_text(reason, self._tokens) for reason in document["rejection_reasons"]],
            "raw_length": int(document["raw_length"]),
            "raw_truncated": document["raw_truncated"],
        }
        return Row(REJECTS, origin_of(record), orjson.dumps(row), record.value or b"")


def array_of(rows: Sequence[Row]) -> str:
    """Return rows of one table as PostgreSQL takes them: a JSON array."""
    return f"[{b','.join(row.value for row in rows).decode()}]"


def in_trail(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the audit trail's digest of an alert's row is made of: every column but tokens, seal and keys.

    `entity` is the id itself, and times are text in UTC with milliseconds; `content` stands for the body.
    """
    return {name: row[name] for name in IN_TRAIL}


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


def _if_uuid(value: Any) -> str | None:
    try:
        return str(UUID(value))
    except (ValueError, AttributeError, TypeError):
        return None


def _if_word(value: Any) -> str | None:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else None


def _bytea(raw: bytes) -> str:
    return f"\\x{raw.hex()}"
