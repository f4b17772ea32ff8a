"""Faust's consumer thread, made to read record batches: which records are taken, how, and under which opening.

- Only committed records are read, and a fetch waits 50 ms at most for data: Faust's fixed 1.5 s on a quiet partition
  holds up the busy ones, because aiokafka keeps one fetch in flight per broker.
- Few records of each partition are taken at a time, so that the oldest across topics can go first.
- A position that the log does not have is an error: aiokafka would go on at its beginning or its end without a word.
- A record has the fields that are read (aiokafka's has eleven, and making them takes as long as reading the record),
  and what cannot be unpacked, or only without a bound, is one record, too (`unpacking`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import aiokafka
import structlog
from aiokafka.errors import NoOffsetForPartitionError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from lakay_streams.engine.kafka import internals
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.kafka.group import committed

log = structlog.get_logger()

#: Records taken of a partition at a time.
MAX_FETCHED = 1_000

#: Milliseconds a broker holds a fetch that finds no data.
FETCH_MAX_WAIT_MS = 50


class Progress(NamedTuple):
    """How far a partition of a topic is read, as next offsets: `end` of the log, `read` from it, `delivered` to agents.

    None where nothing is known yet. `read` passes the markers of transactions, which are never delivered.
    """

    end: int | None
    read: int | None
    delivered: int | None


class Fetched(NamedTuple):
    """Records taken of one topic partition, and the epoch under which they were read."""

    epoch: int
    tp: TP
    records: list[Record]


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread; everything here runs in that thread's event loop."""

    def __post_init__(self) -> None:
        """Prepare the epochs under which partitions are read."""
        super().__post_init__()
        self._epochs: dict[TP, int] = {}

    async def on_start(self) -> None:
        """Connect; from the first fetch on, records are made here."""
        await super().on_start()
        internals.make_records(self._ensure_consumer())

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Read when the consumer starts, which is after this. Whoever opens a partition says where to begin.
        internals.read_committed(consumer, max_wait_ms=FETCH_MAX_WAIT_MS)
        return consumer

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is Faust's
        max_records: int | None = None,
    ) -> Any:
        await self.raise_errors()
        # aiokafka empties one partition before it turns to the next; a few of each lets `PartitionGroup` choose.
        fetched: list[Fetched] = []
        for tp in self.buffered(active_partitions):
            try:
                fetched += await self._fetch(consumer, {tp}, 0)
            except Exception as exc:
                if not fetched:
                    raise
                # What is taken must be delivered: the consumer has moved past it. The fault shows again next time.
                log.warning("fetch_failed", topic=tp.topic, partition=tp.partition, error=str(exc))
                break
        if not fetched and timeout:
            fetched = await self._fetch(consumer, active_partitions, timeout)
        return fetched

    async def _fetch(self, consumer: aiokafka.AIOKafkaConsumer, tps: set[TP], wait: float) -> list[Fetched]:
        fetching = internals.fetches(consumer)
        try:
            records = await super()._fetch_records(consumer, tps, timeout=wait, max_records=MAX_FETCHED)
        except BaseException as exc:
            # Else no consumer would be taken for one that hangs any more.
            internals.forget_fetch(consumer, fetching)
            if isinstance(exc, NoOffsetForPartitionError):
                # The group has just assigned it, and nobody has opened it yet.
                return []
            raise
        # Tagged here, without an await since the records were taken: a `seek_all` before this line has dropped what
        # was fetched before it, so records and epochs agree.
        return [Fetched(self._epochs.get(TP(*tp), 0), TP(*tp), taken) for tp, taken in records.items()]

    async def committed(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Return the committed offset and metadata of each partition that has one; raises `KafkaError`."""
        return await committed(self._ensure_consumer(), partitions)

    async def begins(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the first offset of each partition. Raises `KafkaError`."""
        begins: Mapping[TopicPartition, int] = await self._ensure_consumer().beginning_offsets(partitions)
        return begins

    async def ends(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the offset behind the last committed record of each partition. Raises `KafkaError`."""
        # Faust's may answer with what the last fetch told, which is nothing where nothing is fetched yet.
        ends: Mapping[TopicPartition, int] = await self._ensure_consumer().end_offsets(partitions)
        return ends

    async def seek_all(self, positions: Mapping[TP, int], epoch: int) -> None:
        """Read each partition from its offset, under `epoch`."""
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        for tp, offset in positions.items():
            if TopicPartition(*tp) in assigned:
                self._epochs[tp] = epoch
                consumer.seek(TopicPartition(*tp), offset)

    async def heartbeat(self) -> bool:
        """Ask the group whether this worker is still its member."""
        return await internals.heartbeat(self._ensure_consumer())

    def show_life(self) -> None:
        """Tell aiokafka that this member asks for what there is; may be called from any thread.

        It takes a consumer that fetches nothing for `broker_max_poll_interval` for one that hangs: it leaves the group,
        and does not come back before it fetches.
        """
        if self._consumer is not None:
            internals.show_life(self._consumer)

    async def raise_errors(self) -> None:
        """Raise what ended a task of aiokafka's, or what one waits to be rid of before it goes on.

        aiokafka's own `getmany` asks; Faust goes past it, and a worker whose fetches or group have ended would look
        healthy and do nothing.
        """
        internals.raise_errors(self._ensure_consumer())

    def buffered(self, tps: set[TP]) -> set[TP]:
        """Return those of which records, or an error, are here and not taken yet; may be asked from any thread."""
        consumer = self._consumer
        return set() if consumer is None else internals.buffered(consumer, tps)

    @property
    def connected(self) -> bool:
        """Whether the group's coordinator answers; may be asked from any thread."""
        consumer = self._consumer
        return consumer is not None and internals.is_connected(consumer)

    def unread(self, partitions: Iterable[TopicPartition]) -> int:
        """Return how many records of the partitions wait in Kafka; may be asked from any thread."""
        return 0 if self._consumer is None else internals.unread(self._consumer, partitions)

    def progress(self, delivered: Mapping[TP, int]) -> dict[TP, Progress]:
        """Return how far each assigned partition is read; may be asked from any thread."""
        known = {} if self._consumer is None else internals.positions(self._consumer)
        return {TP(*tp): Progress(end, read, delivered.get(TP(*tp))) for tp, (end, read) in known.items()}
