"""Faust's transport driver for record batches; `broker="lakay://host:9092"` selects it.

It replaces in Faust's aiokafka driver what reads and commits:

- a chunk of records of one partition is one Faust message, so Faust's cost per message is paid once a chunk;
- its thread is `consumer_thread.ConsumerThread`, which reads committed records only and does not wait long for any;
- offsets are committed by checkpoints, never by Faust: its acks would commit records whose outputs are not yet durable,
  and its gaps between acked offsets never close where a transaction's marker took an offset.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiokafka.errors import OffsetOutOfRangeError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.serializers import codecs
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from lakay_streams.engine.kafka.batch import AdaptiveBatchSize, RecordBatch
from lakay_streams.engine.kafka.buffer import PartitionGroup
from lakay_streams.engine.kafka.consumer_thread import ConsumerThread, Fetched, Progress

#: The serializer of a topic whose messages are batches: they arrive decoded.
BATCH_CODEC = "record-batch"


class _BatchCodec(codecs.Codec):
    def _loads(self, s: Any) -> Any:
        return s

    def _dumps(self, s: Any) -> Any:
        return s


codecs.register(BATCH_CODEC, _BatchCodec())


class BatchMessage(ConsumerMessage):
    """A batch as Faust's message, which tells when the last of its agents is done with it."""

    __slots__ = ("done",)

    def __init__(self, batch: RecordBatch, generation: int) -> None:
        """Wrap `batch`; `generation` is the consumer group's, by which streams know what a rebalance has outdated."""
        self.done = asyncio.Event()
        last = batch.records[-1]
        super().__init__(
            batch.topic,
            batch.partition,
            last.offset,
            last.timestamp / 1000,
            timestamp_type=0,
            headers=[],
            key=None,
            value=batch,  # type: ignore[arg-type]  # `BATCH_CODEC` takes it as it is
            checksum=None,
            serialized_key_size=0,
            serialized_value_size=0,
            tp=TP(batch.topic, batch.partition),
            generation_id=generation,
        )

    @property
    def acked(self) -> bool:
        """Whether every agent is done with it. Faust sets it; Faust's method for that is not called by its Cython."""
        return self.done.is_set()

    @acked.setter
    def acked(self, acked: bool) -> None:
        if acked:
            self.done.set()


def _unheard(tp: TP, offset: int) -> None:
    """Raise, since nobody has said what is to become of the partition."""
    raise OffsetOutOfRangeError({tp: offset})


class Consumer(driver.Consumer):
    """Faust's consumer, delivering batches and leaving offsets to checkpoints."""

    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Start with nothing delivered."""
        #: The next offset to deliver to the agents, of each partition that has delivered any.
        self.delivered: dict[TP, int] = {}
        #: How fast agents are; whoever runs them puts in its own.
        self.pace = AdaptiveBatchSize()
        #: Called with a partition whose log does not have the next record, and that record's offset.
        self.on_out_of_range: Callable[[TP, int], None] = _unheard
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def committed(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Return the committed offset and metadata of each partition that has one."""
        result: Mapping[TopicPartition, OffsetAndMetadata] = await self._thread.call_thread(
            self._thread.committed, list(partitions)
        )
        return result

    async def begins(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the first offset of each partition."""
        result: Mapping[TopicPartition, int] = await self._thread.call_thread(self._thread.begins, list(partitions))
        return result

    async def ends(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return the offset behind the last committed record of each partition."""
        result: Mapping[TopicPartition, int] = await self._thread.call_thread(self._thread.ends, list(partitions))
        return result

    async def starting_offsets(self, partitions: Iterable[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Return where the reset policy says to begin; nothing for no partitions."""
        wanted = list(partitions)
        if not wanted:
            return {}
        return await (self.begins if self.app.conf.consumer_auto_offset_reset == "earliest" else self.ends)(wanted)

    async def heartbeat(self) -> bool:
        """Ask the group whether this worker is still its member."""
        alive: bool = await self._thread.call_thread(self._thread.heartbeat)
        return alive

    async def seek_all(self, positions: Mapping[TopicPartition, int], epoch: int) -> None:
        """Read each partition from its offset, under `epoch`."""
        await self._thread.call_thread(self._thread.seek_all, dict(positions), epoch)

    def pause_partitions(self, tps: Iterable[tuple[str, int]]) -> None:
        """Fetch no more from the partitions."""
        # Faust takes none but its own kind of pair.
        super().pause_partitions([TP(*tp) for tp in tps])

    def resume_partitions(self, tps: Iterable[tuple[str, int]]) -> None:
        """Fetch from the partitions again."""
        super().resume_partitions([TP(*tp) for tp in tps])

    async def _drain_messages(self, fetcher: Any) -> None:
        # Stock Faust tracks a gap for every offset that was not delivered, commits and checks read offsets here, for
        # every message. Epochs and the partition's positions do that job for batches.
        backlog = PartitionGroup()
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

    async def _fetch_beside(self, backlog: PartitionGroup) -> list[Fetched]:
        """Fetch more of what the backlog has none of; wait for records only when it has none at all."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)  # type: ignore[arg-type]  # mode names its own Event class
        wanted = self._get_active_partitions().difference(backlog)
        if backlog:
            # Asked for each batch, and a question takes two changes of thread and a look at every partition.
            wanted = self._thread.buffered(wanted)
        if not wanted:
            if backlog:
                await asyncio.sleep(0)
                return []
            # A spare worker has no partition, and one that waits for its database has none open.
            self._thread.show_life()
            await self._thread.call_thread(self._thread.raise_errors)
            await asyncio.sleep(0.1)
            return []
        try:
            fetched: Any = await self._getmany(active_partitions=wanted, timeout=0.0 if backlog else 1.0)
        except OffsetOutOfRangeError as exc:
            ((tp, offset),) = exc.args[0].items()
            self.on_out_of_range(TP(*tp), offset)
            return []
        return list(fetched)

    async def _deliver(self, turn: Iterable[RecordBatch], halted: asyncio.Task[None]) -> None:
        """Have the agents work on the turn's batches; give up when `halted` is done first."""
        # Not mode's `wait_first`, which makes four tasks.
        delivery = asyncio.ensure_future(self._work_on(turn))
        try:
            await asyncio.wait((delivery, halted), return_when=asyncio.FIRST_COMPLETED)
            if delivery.done():
                delivery.result()
        finally:
            delivery.cancel()

    async def _work_on(self, turn: Iterable[RecordBatch]) -> None:
        """Hand the turn's batches to their agents, and wait until they are done."""
        messages = [BatchMessage(batch, self.app.consumer_generation_id) for batch in turn]
        for message in messages:
            self.delivered[message.tp] = message.offset + 1
            await self.callback(message)
        for message in messages:
            await message.done.wait()

    @property
    def connected(self) -> bool:
        """Whether the group's coordinator answers; may be asked from any thread."""
        return self._thread.connected

    def progress(self) -> dict[TP, Progress]:
        """Return how far each assigned partition is read; may be asked from any thread."""
        return self._thread.progress(self.delivered)

    def unread(self, partitions: Iterable[TopicPartition]) -> int:
        """Return how many records of the partitions wait in Kafka, as far as the last fetches tell."""
        return self._thread.unread(partitions)


class Transport(driver.Transport):
    """Faust's aiokafka transport with this module's consumer."""

    Consumer = Consumer
