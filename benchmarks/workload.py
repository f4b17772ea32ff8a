"""The common job: what each contender but the whole worker does with each event, and the seeded events it does it to.

    decode JSON -> validate -> drop a repeated event_id -> count by minute -> learn amount and devices -> emit

Small enough to read at once, and it touches what a fraud score needs: a ring of ids, velocity buckets, a moving
average, counts by device, state that outlives the process, and an output for some of the events. The functions change
the state they are given and are the same for every contender, so that contenders differ only in how they read, keep
and write it.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import fastjsonschema
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

PARTITIONS = 3
USERS = 20_000
BUSY_USERS = 10
REMEMBERED_IDS = 50
REMEMBERED_MINUTES = 60
EMA_WEIGHT = 0.15
EMIT_ABOVE = 12
"""A user's event is emitted when it is later than the user's twelfth."""

_SEED = 20_26
_FIRST_EVENT = datetime(2026, 1, 5, 12, tzinfo=UTC)

_validate = fastjsonschema.compile(
    {
        "type": "object",
        "required": ["event_id", "event_type", "timestamp", "payload"],
        "properties": {
            "event_id": {"type": "string", "pattern": "^[0-9a-f-]{36}$"},
            "event_type": {"type": "string"},
            "timestamp": {"type": "string"},
            "payload": {
                "type": "object",
                "required": ["transaction_id", "user_id", "amount", "currency", "device_id"],
                "properties": {
                    "amount": {"type": "string"},
                    "user_id": {"type": "string"},
                    "device_id": {"type": "string"},
                },
            },
        },
    }
)


class Record(NamedTuple):
    """One Kafka record of the source topic."""

    key: bytes
    value: bytes


def records(events: int) -> Iterator[Record]:
    """Yield the first `events` records of the one seeded stream.

    One in fifty is of one of ten busy users, so that some users pass `EMIT_ABOVE` in a short run too; one in a hundred
    repeats the record before it.
    """
    chance = random.Random(_SEED)
    record = None
    for number in range(events):
        if record is not None and chance.random() < 0.01:
            yield record
            continue
        user = chance.randrange(BUSY_USERS if chance.random() < 0.02 else USERS)
        event = {
            "event_id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            "event_type": "transaction-initiated",
            "event_version": "1.0",
            "timestamp": (_FIRST_EVENT + timedelta(milliseconds=20 * number)).isoformat(),
            "source_service": "transactions",
            "payload": {
                "transaction_id": f"t-{number}",
                "user_id": f"user-{user}",
                "amount": f"{chance.lognormvariate(4, 1):.2f}",
                "currency": "USD",
                "type": "transfer",
                "recipient_id": f"user-{chance.randrange(USERS)}",
                "device_id": f"device-{user}-{chance.randrange(3)}",
                "ip_address": f"198.51.100.{chance.randrange(256)}",
            },
        }
        record = Record(f"user-{user}".encode(), orjson.dumps(event))
        yield record


def decode(value: bytes) -> dict[str, Any]:
    """Return the validated event of a record's value.

    Raises orjson.JSONDecodeError or fastjsonschema.JsonSchemaValueException; no record of this workload does.
    """
    event: dict[str, Any] = orjson.loads(value)
    _validate(event)
    return event


def is_repeated(seen: list[str], event: dict[str, Any]) -> bool:
    """Tell whether the ring `seen` holds the event's id; put it there if not."""
    if event["event_id"] in seen:
        return True
    seen.append(event["event_id"])
    del seen[:-REMEMBERED_IDS]
    return False


def count_minute(minutes: dict[str, int], event: dict[str, Any]) -> None:
    """Count the event in its minute's bucket; the oldest bucket goes when there are too many."""
    minute = event["timestamp"][:16]
    minutes[minute] = minutes.get(minute, 0) + 1
    if len(minutes) > REMEMBERED_MINUTES:
        del minutes[next(iter(minutes))]


def new_profile() -> dict[str, Any]:
    """Return the profile of a user nothing is known of."""
    return {"count": 0, "total": 0.0, "average": 0.0, "devices": {}}


def learn(profile: dict[str, Any], event: dict[str, Any]) -> bool:
    """Take the event's amount and device into the profile; tell whether the event is to be emitted."""
    payload = event["payload"]
    amount = float(payload["amount"])
    profile["count"] += 1
    profile["total"] += amount
    profile["average"] += EMA_WEIGHT * (amount - profile["average"])
    profile["devices"][payload["device_id"]] = profile["devices"].get(payload["device_id"], 0) + 1
    return bool(profile["count"] > EMIT_ABOVE)


def new_user() -> dict[str, Any]:
    """Return the whole state of a user in one record, for contenders that keep one table."""
    return {"seen": [], "minutes": {}, "profile": new_profile()}


def step(user: dict[str, Any], event: dict[str, Any]) -> bool:
    """Do the whole job for one event on a user's one record; tell whether the event is to be emitted."""
    if is_repeated(user["seen"], event):
        return False
    count_minute(user["minutes"], event)
    return learn(user["profile"], event)


def outputs(events: int) -> Iterator[Record]:
    """Yield what a contender that did the job has emitted, in the order of the source."""
    users: dict[bytes, dict[str, Any]] = {}
    for record in records(events):
        if step(users.setdefault(record.key, new_user()), decode(record.value)):
            yield record


def expected_outputs(events: int) -> int:
    """Return how many events a contender that did the job has emitted."""
    return sum(1 for _ in outputs(events))


async def create_topic(bootstrap_servers: str, topic: str) -> bool:
    """Create `topic` with `PARTITIONS` partitions; return False when it is there already."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        if topic in await admin.list_topics():
            return False
        await admin.create_topics([NewTopic(topic, PARTITIONS, replication_factor=1)])
        return True
    finally:
        await admin.close()


async def load(bootstrap_servers: str, topic: str, events: int) -> None:
    """Fill `topic` with the workload, lz4, partitioned by key; nothing happens when the topic is there already."""
    if not await create_topic(bootstrap_servers, topic):
        return
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap_servers, compression_type="lz4", linger_ms=20, max_batch_size=1 << 18
    )
    await producer.start()
    try:
        await asyncio.gather(*[await producer.send(topic, value, key) for key, value in records(events)])
    finally:
        await producer.stop()
