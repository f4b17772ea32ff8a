"""The envelope of what workers tell each other: that of Trebanx's events, so that it is read in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid5

import orjson

SOURCE = "lakay-worker"

_NAMESPACE = UUID("8f0b6f0e-6f4d-5d0e-9a35-5a3f6b1f2c77")


def record(event_type: str, told: str, moment: str | None, payload: Mapping[str, object]) -> bytes:
    """Return a record's value; its event id follows from its type and `told`, so that a replay sends the same one."""
    return orjson.dumps(
        {
            "event_id": str(uuid5(_NAMESPACE, f"{event_type}/{told}")),
            "event_type": event_type,
            "event_version": "1.0",
            "timestamp": moment,
            "source_service": SOURCE,
            "payload": payload,
        }
    )
