"""Operators' decisions on their way to the workers: records of `lakay.internal.control`."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from lakay_streams.contracts.topics import CONTROL
from lakay_streams.errors import PrerequisiteError

SOURCE = "lakay-cli"


def disposition(user_id: str, decided: str, at: datetime, *, event_id: str, source: str = SOURCE) -> bytes:
    """Return the record's value: a profile-disposition in the envelope that every event has."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return orjson.dumps(
        {
            "event_id": event_id,
            "event_type": "profile-disposition",
            "event_version": "1.0",
            "timestamp": moment,
            "source_service": source,
            "payload": {"user_id": user_id, "disposition": decided, "disposed_at": moment},
        }
    )


async def dispose(bootstrap_servers: str, user_id: str, decided: str) -> str:
    """Send an operator's decision, `reset` or `legitimate`; return its event id.

    Raises PrerequisiteError when no Kafka answers or it does not take the record.
    """
    event_id = str(uuid4())
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers.split(","), enable_idempotence=True)
    try:
        await producer.start()
        value = disposition(user_id, decided, datetime.now(UTC), event_id=event_id)
        await producer.send_and_wait(CONTROL, key=user_id.encode(), value=value)
    except KafkaError as error:
        raise PrerequisiteError(
            f"Kafka at {bootstrap_servers} did not take the decision ({error}): start it, set KAFKA_BOOTSTRAP_SERVERS, "
            f"or ask for the right to write {CONTROL}"
        ) from error
    finally:
        await producer.stop()
    return event_id
