"""The dead-letter record: what `lakay.internal.rejected` keeps of a record that could not be used.

Schema: `schemas/outbound/rejected/1.0.json`. It depends on the record alone, so that a replay makes the same bytes, and
its id tells a reader that it is the same.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

import msgspec

from lakay_streams.contracts.timestamps import recorded_at

if TYPE_CHECKING:
    from lakay_streams.contracts.decoding import Rejected

KEEP_WHOLE = 700_000
"""The most bytes of a value kept whole: as base64 they still fit Kafka's default limit of 1,048,588 bytes a message."""

KEEP_OF_LARGER = 65_536
"""How much of a larger value is kept. The rest stays at its topic, partition and offset, known by its SHA-256."""

KEEP_OF_KEY = 4_096

_NAMESPACE = UUID("8f6b3f0e-6d0c-5b7e-9a53-5e1a7c4f2d10")


class RejectedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One rejected record, as its schema describes it."""

    rejected_id: str
    rejected_version: str = "1.0"
    event_id: str | None
    event_type: str | None
    source_topic: str
    partition: int
    offset: int
    rejected_at: str | None
    rejection_reasons: tuple[str, ...]
    key_base64: str | None
    raw_base64: str | None
    raw_length: int
    raw_sha256: str | None
    raw_truncated: bool


def rejected_record(
    rejected: Rejected,
    *,
    topic: str,
    partition: int,
    offset: int,
    raw: bytes | None,
    key: bytes | None = None,
    timestamp: int | None = None,
    keep_whole: int = KEEP_WHOLE,
) -> RejectedRecord:
    """Make the dead-letter record of one Kafka record; `timestamp` is its own, in ms UTC, none if absurd."""
    truncated = raw is not None and len(raw) > keep_whole
    kept = raw[:KEEP_OF_LARGER] if raw is not None and truncated else raw
    return RejectedRecord(
        rejected_id=str(uuid5(_NAMESPACE, f"{topic}/{partition}/{offset}")),
        event_id=rejected.event_id,
        event_type=rejected.event_type,
        source_topic=topic,
        partition=partition,
        offset=offset,
        rejected_at=recorded_at(timestamp),
        rejection_reasons=rejected.reasons,
        key_base64=None if key is None else _base64(key[:KEEP_OF_KEY]),
        raw_base64=None if kept is None else _base64(kept),
        raw_length=0 if raw is None else len(raw),
        raw_sha256=None if raw is None else hashlib.sha256(raw).hexdigest(),
        raw_truncated=truncated,
    )


def encode(record: RejectedRecord) -> bytes:
    """Return the record's value for Kafka, as JSON; its key is `rejected_id`."""
    return msgspec.json.encode(record)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
