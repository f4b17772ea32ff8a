"""Reads logs of committed records to their ends, outside of any group.

The last offset of a log that is written in transactions is a marker, which no reader is ever given. So an end is
reached when the position says so, and not by counting records.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

#: Records by topic partition, as a consumer fetched them.
Fetched = dict[TopicPartition, list[Any]]

#: Milliseconds a broker holds a fetch that finds no data.
FETCH_MAX_WAIT_MS = 50


def reader(client: Mapping[str, Any], **settings: Any) -> AIOKafkaConsumer:
    """Return a consumer of committed records in no group, not yet started; `client` is aiokafka's connection settings.

    Without a setting of its own for that, a position that the log does not have is an error.
    """
    return AIOKafkaConsumer(
        **{
            "group_id": None,
            "enable_auto_commit": False,
            "isolation_level": "read_committed",
            "auto_offset_reset": "none",
            "fetch_max_wait_ms": FETCH_MAX_WAIT_MS,
            **client,
            **settings,
        }
    )


async def read_to(
    consumer: AIOKafkaConsumer,
    ends: Mapping[TopicPartition, int],
    *,
    wait_ms: int = FETCH_MAX_WAIT_MS,
    max_records: int | None = None,
) -> AsyncIterator[Fetched]:
    """Yield what is fetched, up to `max_records` at a time, until every partition of `ends` is read to its end.

    A partition that is taken out of `ends` meanwhile is read no further. Raises aiokafka's `KafkaError`.
    """
    while behind := [tp for tp, end in list(ends.items()) if await consumer.position(tp) < end]:
        yield await consumer.getmany(*behind, timeout_ms=wait_ms, max_records=max_records)
