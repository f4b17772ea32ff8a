"""What the archive reads, made by hand: alerts, rejects, events and poison, also in aborted transactions."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

from lakay_streams.contracts import rejected
from lakay_streams.contracts.decoding import Rejected
from lakay_streams.contracts.topics import (
    ATO_ALERTS,
    COMPLIANCE_ALERTS,
    EDD_TRIGGERS,
    EVENT_TYPES,
    FRAUD_ALERTS,
    REJECTED,
    TIER_CHANGES,
)
from tests.contracts.events import event

ALERT_TOPICS = (FRAUD_ALERTS, ATO_ALERTS, TIER_CHANGES, COMPLIANCE_ALERTS, EDD_TRIGGERS)


class Sent(NamedTuple):
    """A record to send."""

    topic: str
    key: str
    value: bytes | None


def alert(topic: str, number: int, seed: int = 0, *, revision: int = 1) -> dict[str, Any]:
    """Return the `number`-th alert of a seed, as a worker sends it; a later revision has the same id.

    Only compliance alerts have revisions: of the others, another one contradicts the first.
    """
    alert_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{topic}/{seed}/{number}"))
    event_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"event/{seed}/{number}"))
    occurred_at = f"2026-02-{1 + number % 28:02}T12:{number % 60:02}:00.000Z"
    reason = f"Device phone-{number} is new; 1,240.00 USD, revision {revision}"
    evidence = {"device_id": f"phone-{number}", "ip_address": f"203.0.{number % 250}.{number % 199}"}
    score, tier = number % 100 / 100, ("low", "medium", "high", "critical")[number % 4]
    happened = {"event_id": event_id, "event_type": "transaction-initiated", "occurred_at": occurred_at}
    settings = {"settings_version": "0123456789ab"}
    identity = {"alert_id": alert_id, "alert_version": "1.0"}
    finding = {
        "rule": "new_device",
        "score": score,
        "reason": reason,
        "evidence": evidence,
        "event_ids": [event_id],
        "otherwise": "",
    }
    user = {"user_id": f"user-{number % 50}"}
    assessed = {
        "transaction_id": event_id,
        "amount": "1240.00",
        "currency": "USD",
        "score": score,
        "risk_tier": tier,
        "severity": tier.upper(),
        "findings": [finding],
        "otherwise": [],
    }
    match topic:
        case _ if topic == FRAUD_ALERTS:
            own: dict[str, Any] = {
                **assessed,
                "alert_type": "transaction_risk",
                "composite_score": score,
                "recommendation": "block",
            }
        case _ if topic == ATO_ALERTS:
            own = {
                **assessed,
                "alert_type": "takeover_transfer",
                "device_id": f"phone-{number}",
                "anomaly_score": score,
                "sequence_score": score,
                "contributions": dict.fromkeys(("temporal", "device", "geo", "amount", "activity"), score / 5),
                "profile_state": "active",
                "recommendation": "lock",
            }
        case _ if topic == TIER_CHANGES:
            return {
                **identity,
                **happened,
                **settings,
                "alert_type": "tier_change",
                "circle_id": f"circle-{number % 20}",
                "old_tier": "healthy",
                "old_tier_since": None,
                "new_tier": "watch",
                "score": score,
                "contributions": dict.fromkeys(("contribution", "membership", "financial", "trust"), score / 4),
                "findings": [finding],
                "moved_by": [{**happened, "change": -0.1}],
                "evidence_truncated": False,
            }
        case _ if topic == EDD_TRIGGERS:
            return {
                **happened,
                **settings,
                **user,
                "trigger_id": alert_id,
                "trigger_version": "1.0",
                "risk_score": score,
                "risk_level": "high",
                "previous_level": "low",
                "factors": [{"factor": "geography", "value": score, "weight": 0.2, "reason": f"Monitored, {revision}"}],
                "required": ["Ask where the money comes from"],
                "list_date": "2026-02-13",
            }
        case _:
            return {
                **identity,
                **settings,
                **user,
                "revision": revision,
                "status": "open",
                "rule": "structuring",
                "regulation": "31 CFR 1010.314",
                "window": occurred_at[:10],
                "confidence": score,
                "recommendation": "recommend_sar",
                "basis": "stated",
                "reason": reason,
                "evidence": {
                    "movements": [_movement(number, occurred_at)],
                    "pairs": [],
                    "signals": [],
                    "values": evidence,
                    "truncated": False,
                },
                "totals": {
                    "movements": 1,
                    "in_minor": 124_000,
                    "out_minor": 0,
                    "cash_in_minor": 0,
                    "cash_out_minor": 0,
                },
                "since": occurred_at,
                "until": occurred_at,
                "business_day": occurred_at[:10],
                "occurred_at": occurred_at,
                "detected_at": occurred_at,
                "due_date": "2026-04-01",
            }
    return {**identity, **happened, **settings, **user, **own}


def _movement(number: int, at: str) -> dict[str, Any]:
    return {
        "movement_id": f"movement-{number}",
        "at": at,
        "business_day": at[:10],
        "direction": "in",
        "channel": "deposit",
        "amount": "1240.00",
        "amount_minor": 124_000,
        "currency": "USD",
        "usd_minor": 124_000,
        "rate": None,
        "rate_at": None,
        "payment_method": "cash",
        "cash": "in",
        "cash_basis": "stated",
        "counterparty_id": None,
        "device_id": f"phone-{number}",
        "destination_country": None,
    }


def ordinary(count: int, seed: int) -> Iterator[Sent]:
    """Yield `count` records: alerts of every kind (some sent again, some revised), rejects, events, and some poison."""
    chance = random.Random(seed)
    for number in range(count):
        what = chance.random()
        topic = chance.choice(ALERT_TOPICS)
        if what < 0.45:
            yield _alert(topic, number, seed)
        elif what < 0.55:
            yield _alert(topic, chance.randrange(count), seed, revision=chance.randrange(1, 4))
        elif what < 0.65:
            yield reject(number, seed)
        elif what < 0.67:
            yield Sent(topic, f"poison-{number}", chance.choice(POISON))
        else:
            yield an_event(chance.choice(EVENTS), number)


EVENTS = [(topic, event_type) for topic, types in EVENT_TYPES.items() for event_type in types]

POISON: list[bytes | None] = [
    None,
    b"",
    b"\xff\xfe",
    b"not JSON",
    b"[]",
    b"{}",
    b'{"alert_id": "1", "user_id": "u", "occurred_at": "2026-02-01T00:00:00Z"}',
    b'{"alert_id": "3b241101-e2bb-4255-8caf-4136c56600ff", "occurred_at": "2026-02-01T00:00:00Z"}',
    b"[" * 5_000,
    b'{"a":' * 900 + b"1" + b"}" * 900,
]


def _alert(topic: str, number: int, seed: int, *, revision: int = 1) -> Sent:
    document = alert(topic, number, seed, revision=revision)
    key = document.get("user_id") or document["circle_id"]
    return Sent(topic, key, json.dumps(document).encode())


def reject(number: int, seed: int) -> Sent:
    """Return a dead-letter record."""
    kept = rejected.rejected_record(
        Rejected(("payload.amount: must be a number",), str(uuid.uuid4()), "transaction-initiated"),
        topic="trebanx.transaction.events",
        partition=seed,
        offset=number,
        raw=b'{"name": "Marie"}',
        timestamp=1_770_000_000_000 + number,
    )
    return Sent(REJECTED, kept.rejected_id, rejected.encode(kept))


def an_event(kind: tuple[str, str], number: int) -> Sent:
    """Return an event of this topic and type; every seventh is of another version."""
    topic, event_type = kind
    version = "1.1" if number % 7 == 0 else "1.0"
    document = event(event_type, {"event_id": str(uuid.uuid4()), "event_version": version})
    return Sent(topic, f"user-{number % 50}", json.dumps(document).encode())


async def send(
    kafka: str, records: Iterable[Sent], *, transaction: int = 200, aborted: float = 0.1, seed: int = 0
) -> None:
    """Send records in transactions of so many; a share of the transactions is sent, aborted, and sent again."""
    chance = random.Random(seed)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"feed-{uuid.uuid4()}", linger_ms=5)
    await producer.start()
    try:
        whole = list(records)
        for batch in (whole[start : start + transaction] for start in range(0, len(whole), transaction)):
            if chance.random() < aborted:
                await producer.begin_transaction()
                await _send_all(producer, batch)
                await producer.abort_transaction()
            async with producer.transaction():
                await _send_all(producer, batch)
    finally:
        await producer.stop()


async def _send_all(producer: AIOKafkaProducer, batch: list[Sent]) -> None:
    for sent in batch:
        await producer.send(sent.topic, key=sent.key.encode(), value=sent.value)
    await producer.flush()
