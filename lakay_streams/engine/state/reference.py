"""A global table: small data that every worker needs whole, such as exchange rates.

A compacted topic of one partition, folded into one immutable value. The value in force changes between checkpoints
only, and its version (the offset folded up to) goes into the journal, so that a replay uses the same value for the same
events. Faust's `GlobalTable` loses updates when several workers write it (faust-streaming issues 261 and 283); a
reference is read by all and written through the outputs of whoever owns its source.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.kafka.internals import make_records
from lakay_streams.engine.kafka.reader import Fetched, read_to, reader
from lakay_streams.engine.kafka.unpacking import Unreadable
from lakay_streams.errors import UnreadableError

Value = TypeVar("Value")

log = structlog.get_logger()


class Snapshot(NamedTuple, Generic[Value]):
    """A reference's value after every record below offset `version`."""

    version: int
    value: Value


class GlobalTable(Generic[Value]):
    """Follows a topic of reference values; `snapshot` is its latest value. This engine's, not Faust's `GlobalTable`."""

    def __init__(self, name: str, topic: str, initial: Value, fold: Callable[[Value, Record], Value]) -> None:
        """Start from `initial`; `fold` returns the value after one more record and must be pure."""
        self.name = name
        self.topic = topic
        self.fold = fold
        self.snapshot = Snapshot(0, initial)
        self._following: asyncio.Task[None] | None = None

    async def start(self, client: Mapping[str, Any]) -> None:
        """Read the topic to its end, then keep following it."""
        consumer = reader(client, auto_offset_reset="earliest", fetch_max_wait_ms=500)
        await consumer.start()
        make_records(consumer)
        partition = TopicPartition(self.topic, 0)
        consumer.assign([partition])
        async for fetched in read_to(consumer, await consumer.end_offsets([partition])):
            self._take_all(fetched)
        self._following = asyncio.create_task(self._follow(consumer))

    def _take_all(self, fetched: Fetched) -> None:
        for records in fetched.values():
            for record in records:
                self.take(record)

    def take(self, record: Record) -> None:
        """Fold one more record of the topic into the value."""
        value = self.snapshot.value
        try:
            if isinstance(record, Unreadable):
                raise UnreadableError(record.reason)
            value = self.fold(value, record)
        except Exception as exc:
            # One bad record must not freeze the value for ever.
            log.error("reference_record_skipped", topic=self.topic, offset=record.offset, error=str(exc))
        self.snapshot = Snapshot(record.offset + 1, value)

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        try:
            while True:
                try:
                    self._take_all(await consumer.getmany(timeout_ms=500))
                except Exception as exc:
                    log.warning("reference_read_failed", topic=self.topic, error=str(exc), kind=type(exc).__name__)
                    await asyncio.sleep(1)
        finally:
            await consumer.stop()

    async def stop(self) -> None:
        """Stop following."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
