"""Operators' decisions on their way to the workers: records of `lakay.internal.control`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from lakay_streams.contracts.topics import CONTROL
from lakay_streams.errors import PrerequisiteError

SOURCE = "lakay-cli"


def decision(
    event_type: str, payload: Mapping[str, object], at: datetime, *, event_id: str, source: str = SOURCE
) -> bytes:
    """Return the value of a decision's record, in the envelope that every event has; what is None is left out."""
    return orjson.dumps(
        {
            "event_id": event_id,
            "event_type": event_type,
            "event_version": "1.0",
            "timestamp": moment(at),
            "source_service": source,
            "payload": {name: value for name, value in payload.items() if value is not None},
        }
    )


def disposition(user_id: str, decided: str, at: datetime, *, event_id: str, source: str = SOURCE) -> bytes:
    """Return the value of a profile-disposition."""
    payload = {"user_id": user_id, "disposition": decided, "disposed_at": moment(at)}
    return decision("profile-disposition", payload, at, event_id=event_id, source=source)


async def dispose(bootstrap_servers: str, user_id: str, decided: str) -> str:
    """Send an operator's decision about a profile, `reset` or `legitimate`; return its event id.

    Raises PrerequisiteError as `send` does.
    """
    return await send(bootstrap_servers, "profile-disposition", user_id, {"user_id": user_id, "disposition": decided})


async def send(bootstrap_servers: str, event_type: str, key: str, payload: Mapping[str, object]) -> str:
    """Send a decision under the id of what it is about; return its event id.

    Raises PrerequisiteError when no Kafka answers or it does not take the record.
    """
    event_id = str(uuid4())
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap_servers.split(","), enable_idempotence=True)
    try:
        await producer.start()
        value = decision(event_type, payload, datetime.now(UTC), event_id=event_id)
        await producer.send_and_wait(CONTROL, key=key.encode(), value=value)
    except KafkaError as error:
        raise PrerequisiteError(
            f"Kafka at {bootstrap_servers} did not take the decision ({error}): start it, set KAFKA_BOOTSTRAP_SERVERS, "
            f"or ask for the right to write {CONTROL}"
        ) from error
    finally:
        await producer.stop()
    return event_id


def moment(at: datetime) -> str:
    """Return a time as events have it: ISO 8601, UTC, with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
