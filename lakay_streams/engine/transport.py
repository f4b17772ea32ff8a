"""Faust's transport driver for record batches; `broker="lakay://host:9092"` selects it.

It replaces in Faust's aiokafka driver what reads and commits:

- a chunk of records of one partition is one Faust message, so Faust's cost per message is paid once a chunk;
- only committed records are read, and a fetch waits 50 ms at most for data: Faust's fixed 1.5 s on a quiet partition
  holds up the busy ones, because aiokafka keeps one fetch in flight per broker;
- a record has the fields that are read: aiokafka's has eleven, and making them takes as long as reading the record;
- offsets are committed by checkpoints, never by Faust: its acks would commit records whose outputs are not yet durable,
  and its gaps between acked offsets never close where a transaction's marker took an offset.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import aiokafka
import structlog
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.serializers import codecs
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from lakay_streams.engine.backlog import Backlog
from lakay_streams.engine.batch import Pace, Record, RecordBatch
from lakay_streams.engine.group import committed

log = structlog.get_logger()

#: The serializer of a topic whose messages are batches: they arrive decoded.
BATCH_CODEC = "record-batch"

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


def _record(tp: TopicPartition, record: Any) -> Record:
    return Record(tp.topic, tp.partition, record.offset, record.timestamp, record.key, record.value, record.headers)


class Fetched(NamedTuple):
    """Records taken of one topic partition, and the epoch under which they were read."""

    epoch: int
    tp: TP
    records: list[Record]


class _BatchCodec(codecs.Codec):
    def _loads(self, s: Any) -> Any:
        return s

    def _dumps(self, s: Any) -> Any:
        return s


codecs.register(BATCH_CODEC, _BatchCodec())


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread; everything here runs in that thread's event loop."""

    def __post_init__(self) -> None:
        """Prepare the epochs under which partitions are read."""
        super().__post_init__()
        self._epochs: dict[TP, int] = {}

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # The factory offers neither; both are read when the consumer starts, which is after this.
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS
        return consumer

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is Faust's
        max_records: int | None = None,
    ) -> Any:
        # aiokafka empties one partition before it turns to the next; a few of each lets `Backlog` choose.
        fetched: list[Fetched] = []
        for tp in active_partitions:
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
        for tp in tps:
            waiting = consumer._fetcher._records.get(tp)
            if isinstance(waiting, FetchResult):
                # Its records are made when they are taken. What has to be waited for below is made by aiokafka.
                waiting._partition_records._consumer_record = _record
        records = await super()._fetch_records(consumer, tps, timeout=wait, max_records=MAX_FETCHED)
        # Tagged here, without an await since the records were taken: a `reposition` before this line has dropped what
        # was fetched before it, so records and epochs agree.
        return [Fetched(self._epochs.get(TP(*tp), 0), TP(*tp), taken) for tp, taken in records.items()]

    async def committed(self, partitions: Iterable[TP]) -> Mapping[TP, OffsetAndMetadata]:
        """Return the committed offset and metadata of each partition that has one; raises `KafkaError`."""
        return await committed(self._ensure_consumer(), partitions)

    async def starting_offsets(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        """Return where the reset policy says to begin."""
        consumer, wanted = self._ensure_consumer(), [TopicPartition(*tp) for tp in partitions]
        if self.app.conf.consumer_auto_offset_reset == "earliest":
            offsets = await consumer.beginning_offsets(wanted)
        else:
            offsets = await consumer.end_offsets(wanted)
        return {TP(*tp): offset for tp, offset in offsets.items()}

    async def reposition(self, positions: Mapping[TP, int], epoch: int) -> None:
        """Read each partition from its offset, under `epoch`."""
        consumer = self._ensure_consumer()
        assigned = consumer.assignment()
        for tp, offset in positions.items():
            if TopicPartition(*tp) in assigned:
                self._epochs[tp] = epoch
                consumer.seek(TopicPartition(*tp), offset)

    async def heartbeat(self) -> bool:
        """Ask the group whether this worker is still its member."""
        alive: bool = await self._ensure_consumer()._coordinator._do_heartbeat()
        return alive

    def arrived(self, tps: set[TP]) -> set[TP]:
        """Return those of which records, or an error, are here and not taken yet; may be asked from any thread."""
        consumer = self._consumer
        return set() if consumer is None else {tp for tp in tps if tp in consumer._fetcher._records}

    @property
    def connected(self) -> bool:
        """Whether the group's coordinator answers; may be asked from any thread."""
        consumer = self._consumer
        return consumer is not None and getattr(consumer._coordinator, "coordinator_id", None) is not None

    def progress(self, delivered: Mapping[TP, int]) -> dict[TP, Progress]:
        """Return how far each assigned partition is read; may be asked from any thread."""
        assignment = None if self._consumer is None else self._consumer._subscription.subscription
        assigned = None if assignment is None else assignment.assignment
        if assigned is None:
            return {}
        states = {tp: assigned.state_value(tp) for tp in assigned.tps}
        return {
            TP(*tp): Progress(
                state.highwater,
                state.position if state.has_valid_position else None,
                delivered.get(TP(*tp)),
            )
            for tp, state in states.items()
            if state is not None
        }


class Consumer(driver.Consumer):
    """Faust's consumer, delivering batches and leaving offsets to checkpoints."""

    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Start with nothing delivered."""
        #: The next offset to deliver to the agents, of each partition that has delivered any.
        self.delivered: dict[TP, int] = {}
        #: How fast the agents are, which decides how long batches are.
        self.pace = Pace()
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def committed(self, partitions: Iterable[TP]) -> Mapping[TP, OffsetAndMetadata]:
        """Return the committed offset and metadata of each partition that has one."""
        result: Mapping[TP, OffsetAndMetadata] = await self._thread.call_thread(
            self._thread.committed, list(partitions)
        )
        return result

    async def starting_offsets(self, partitions: Iterable[TP]) -> Mapping[TP, int]:
        """Return where the reset policy says to begin; nothing for no partitions."""
        wanted = list(partitions)
        result: Mapping[TP, int] = (
            await self._thread.call_thread(self._thread.starting_offsets, wanted) if wanted else {}
        )
        return result

    async def heartbeat(self) -> bool:
        """Ask the group whether this worker is still its member."""
        alive: bool = await self._thread.call_thread(self._thread.heartbeat)
        return alive

    async def reposition(self, positions: Mapping[TP, int], epoch: int) -> None:
        """Read each partition from its offset, under `epoch`."""
        await self._thread.call_thread(self._thread.reposition, dict(positions), epoch)

    async def _drain_messages(self, fetcher: Any) -> None:
        # Stock Faust tracks a gap for every offset that was not delivered, commits and checks read offsets here, for
        # every message. Epochs and the partition's positions do that job for batches.
        backlog = Backlog()
        fetching: asyncio.Task[list[Fetched]] | None = None
        halted = asyncio.create_task(self._halted())
        try:
            while not (self.should_stop or fetcher.should_stop):
                if fetching is None:
                    fetching = asyncio.create_task(self._fetch_beside(backlog))
                if fetching.done() or not backlog:
                    for epoch, tp, records in await fetching:
                        self.app.monitor.track_tp_end_offset(tp, self.highwater(tp))
                        backlog.add(tp, epoch, records)
                    fetching = None
                if backlog:
                    if halted.done():
                        halted = asyncio.create_task(self._halted())
                    await self._deliver(backlog.take(self.pace.records), halted)
                if not self.flow_active:
                    # A rebalance has begun; the partition's next owner reads from the committed offset.
                    backlog.clear()
        except asyncio.CancelledError:
            # Faust's fetcher takes a cancel during a rebalance for a crash, also where it is being stopped.
            if not (self.should_stop or fetcher.should_stop):
                raise
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise
        finally:
            halted.cancel()
            if fetching is not None:
                fetching.cancel()

    async def _halted(self) -> None:
        """Wait until a rebalance begins or this consumer stops."""
        await self.wait_first(self.suspend_flow.wait())

    async def _fetch_beside(self, backlog: Backlog) -> list[Fetched]:
        """Fetch more of what the backlog has none of; wait for records only when it has none at all."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # mode names its own Event class
        wanted = self._get_active_partitions().difference(backlog)
        if backlog:
            # Asked for each batch, and a question takes two changes of thread and a look at every partition.
            wanted = self._thread.arrived(wanted)
        if not wanted:
            await asyncio.sleep(0 if backlog else 0.1)
            return []
        fetched: Any = await self._getmany(active_partitions=wanted, timeout=0.0 if backlog else 1.0)
        return list(fetched)

    async def _deliver(self, batch: RecordBatch, halted: asyncio.Task[None]) -> None:
        """Hand the batch to its agents; give up when `halted` is done first."""
        tp, last = TP(batch.topic, batch.partition), batch.records[-1]
        message = ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000,
            timestamp_type=0,
            headers=[],
            key=None,
            value=batch,  # type: ignore[arg-type]  # `BATCH_CODEC` takes it as it is
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )
        self.delivered[tp] = last.offset + 1
        # Not mode's `wait_first`, which makes four tasks a batch.
        delivery = asyncio.ensure_future(self.callback(message))
        try:
            await asyncio.wait((delivery, halted), return_when=asyncio.FIRST_COMPLETED)
            if delivery.done():
                delivery.result()
        finally:
            delivery.cancel()

    @property
    def connected(self) -> bool:
        """Whether the group's coordinator answers; may be asked from any thread."""
        return self._thread.connected

    def progress(self) -> dict[TP, Progress]:
        """Return how far each assigned partition is read; may be asked from any thread."""
        return self._thread.progress(self.delivered)

    def ack(self, message: Any) -> bool:
        """Forget the message; its offset is committed by a checkpoint."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Do nothing: offsets are committed by checkpoints."""
        return False

    async def perform_seek(self) -> None:
        """Do nothing: positions are set when a partition is opened."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: Faust's watchdog looks for its own commits."""


class Transport(driver.Transport):
    """Faust's aiokafka transport with this module's consumer."""

    Consumer = Consumer
