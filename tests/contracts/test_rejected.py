"""A dead-letter record keeps what could not be used, always fits the broker, and is the same on every replay."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft7Validator

from lakay_streams.contracts import Rejected
from lakay_streams.contracts.rejected import KEEP_OF_LARGER, KEEP_WHOLE, encode, rejected_record
from lakay_streams.contracts.topics import TRANSACTIONS
from tests.contracts.events import CONTRACTS
from tests.contracts.outbound import outbound_schema

KAFKA_MESSAGE_LIMIT = 1_048_588


def dead_letter(raw: bytes | None, offset: int = 7, **more: Any) -> dict[str, Any]:
    rejected = CONTRACTS.decode(raw, TRANSACTIONS)
    assert isinstance(rejected, Rejected)
    record = rejected_record(rejected, topic=TRANSACTIONS, partition=2, offset=offset, raw=raw, **more)
    document: dict[str, Any] = json.loads(encode(record))
    Draft7Validator(outbound_schema("rejected")).validate(document)
    assert set(document) == set(outbound_schema("rejected")["properties"])
    return document


@pytest.mark.parametrize(
    "raw", [b"", b"hello", b"\xff\x00\xfe", b'{"event_type": "transaction-initiated"}', b"x" * KEEP_WHOLE]
)
def test_the_raw_bytes_are_kept_whole(raw: bytes) -> None:
    document = dead_letter(raw, key=b"user-\xff", timestamp=1_772_202_600_123)
    assert base64.b64decode(document["raw_base64"]) == raw
    assert base64.b64decode(document["key_base64"]) == b"user-\xff"
    assert document["raw_sha256"] == hashlib.sha256(raw).hexdigest()
    assert (document["raw_length"], document["raw_truncated"]) == (len(raw), False)
    assert document["rejected_at"] == "2026-02-27T14:30:00.123Z"
    assert (document["source_topic"], document["partition"], document["offset"]) == (TRANSACTIONS, 2, 7)


def test_a_tombstone_has_no_bytes_to_keep() -> None:
    document = dead_letter(None, timestamp=-1)
    assert (document["raw_base64"], document["raw_sha256"], document["raw_length"]) == (None, None, 0)
    assert document["rejected_at"] is None
    assert document["rejection_reasons"] == ["record: tombstone: the record has no value"]


def test_of_a_huge_record_the_beginning_is_kept_and_what_tells_it_apart() -> None:
    raw = b"x" * 10_000_000
    document = dead_letter(raw)
    assert base64.b64decode(document["raw_base64"]) == raw[:KEEP_OF_LARGER]
    assert document["raw_truncated"]
    assert (document["raw_length"], document["raw_sha256"]) == (len(raw), hashlib.sha256(raw).hexdigest())


def test_the_largest_dead_letter_fits_the_default_limit_of_a_message() -> None:
    reasons = tuple(f"payload.{'x' * 200}: is required" for _ in range(100))
    worst = Rejected(reasons, "i" * 128, "t" * 128)
    raw = b"\xff" * KEEP_WHOLE
    record = rejected_record(worst, topic="t" * 249, partition=10**6, offset=2**62, raw=raw, key=b"k" * 10**6)
    assert len(encode(record)) < KAFKA_MESSAGE_LIMIT - 1_000


def test_a_replay_makes_the_same_bytes_and_another_offset_another_id() -> None:
    assert dead_letter(b"hello") == dead_letter(b"hello")
    first, second = dead_letter(b"hello"), dead_letter(b"hello", offset=8)
    assert first["rejected_id"] != second["rejected_id"]
    assert UUID(first["rejected_id"]).version == 5
