"""Bad input never stops a partition: each poison record is kept with its reason, and the record after it is scored."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from typing import Any

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from lakay_streams.contracts.topics import REJECTED, TRANSACTIONS
from lakay_streams.domain.dedup import remember
from lakay_streams.domain.user_state import UserState
from tests.e2e.platform import Platform

USER = "8f2b7a52-3c1e-4b1b-9a7e-0d6f1f5a2c11"


def transaction(**payload: Any) -> dict[str, Any]:
    return {
        "event_id": str(uuid.uuid4()),
        "event_type": "transaction-initiated",
        "event_version": "1.0",
        "timestamp": "2026-03-02T14:30:00Z",
        "source_service": "transaction-service",
        "payload": {
            "transaction_id": str(uuid.uuid4()),
            "user_id": USER,
            "amount": "120.00",
            "currency": "USD",
            "type": "transfer",
            "initiated_at": "2026-03-02T14:30:00Z",
            **payload,
        },
    }


def text(**payload: Any) -> bytes:
    return json.dumps(transaction(**payload)).encode()


def twice(field: bytes, value: bytes) -> bytes:
    return text().replace(b'"payload": {', b'"payload": {"' + field + b'": ' + value + b", ", 1)


POISON: dict[str, tuple[bytes | None, str]] = {
    "not JSON": (b"<xml/>", "record"),
    "empty": (b"", "record"),
    "not an object": (b"[1, 2, 3]", "object"),
    "a wrong type": (text(amount=["120"]), "payload.amount"),
    "a missing field": (json.dumps({**transaction(), "payload": {}}).encode(), "payload"),
    "deep nesting": (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "record"),
    "a NaN amount": (text().replace(b'"120.00"', b"NaN"), "record"),
    "a NaN amount as text": (text(amount="NaN"), "payload.amount"),
    "an infinite amount": (text().replace(b'"120.00"', b"1e999"), ""),
    "a negative amount": (text(amount=-5), "payload.amount"),
    "a duplicate key": (twice(b"amount", b'"1.00"'), "amount"),
    "invalid UTF-8": (text().replace(USER.encode(), b"\xff\xfe\xfd"), "record"),
    "the year 9999": (text(initiated_at="9999-12-31T23:59:59Z"), "payload.initiated_at"),
    "a time without offset": (text(initiated_at="2026-03-02T14:30:00"), "payload.initiated_at"),
    "an impossible date": (text(initiated_at="2026-02-30T14:30:00Z"), "payload.initiated_at"),
    "next century's event": (text(initiated_at="2099-12-31T23:59:59Z"), "24 hours after"),
    "10 MB": (text(note="x" * 10_000_000), "record"),
    "a tombstone": (None, "tombstone"),
}


@pytest.fixture(scope="module")
def outcome(platform: Platform) -> dict[str, Any]:
    """Send every poison record, each followed by a good one, and return what the worker made of them."""
    return asyncio.run(poison(platform))


async def poison(platform: Platform) -> dict[str, Any]:
    await allow_large_records(platform)
    good = [transaction() for _ in POISON]
    records: list[tuple[str, bytes | None, bytes | None]] = []
    for (raw, _), following in zip(POISON.values(), good, strict=True):
        records += [(TRANSACTIONS, USER.encode(), raw), (TRANSACTIONS, USER.encode(), json.dumps(following).encode())]
    with platform.worker("poisoned"):
        await platform.send(records)
        await platform.caught_up()
    rejects = [json.loads(record.value) for record in await platform.records(REJECTED)]
    changelog = await platform.records("lakay-intelligence-users-changelog")
    return {"rejects": rejects, "good": good, "state": changelog[-1].value, "log": platform.log("poisoned")}


async def allow_large_records(platform: Platform) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=platform.kafka)
    await admin.start()
    try:
        large = ConfigResource(ConfigResourceType.TOPIC, TRANSACTIONS, configs={"max.message.bytes": str(16 << 20)})
        await admin.alter_configs([large])
    finally:
        await admin.close()


def test_each_poison_record_is_kept_with_its_reason(outcome: dict[str, Any]) -> None:
    rejects = outcome["rejects"]
    assert len(rejects) == len(POISON)
    for (name, (raw, reason)), kept in zip(
        POISON.items(), sorted(rejects, key=lambda kept: kept["offset"]), strict=True
    ):
        assert any(reason in given for given in kept["rejection_reasons"]), (name, kept["rejection_reasons"])
        if raw is None:
            assert kept["raw_base64"] is None
        elif not kept["raw_truncated"]:
            assert base64.b64decode(kept["raw_base64"]) == raw, name
        assert kept["source_topic"] == TRANSACTIONS


def test_the_record_after_each_is_scored(outcome: dict[str, Any]) -> None:
    state = msgspec.msgpack.Decoder(UserState).decode(outcome["state"])
    assert all(remember(state.seen, event["event_id"]) is None for event in outcome["good"])


def test_the_operator_reads_of_it_in_the_log(outcome: dict[str, Any]) -> None:
    assert '"event":"schema_validation_error"' in outcome["log"]
    assert "120.00" not in outcome["log"]
