"""Ownership: opens the partitions that a rebalance assigns to this worker and closes those it takes away.

It stands in for Faust's table manager and its recovery. Opening a partition goes in this order, and only so:

    1. its producer starts, which fences the previous owner and ends what that one left undecided
    2. the stores are restored from their changelog, read committed, whose end stands still since 1
    3. the committed offsets are read, which nobody else can move since 1, and fetching starts there

Whatever goes wrong in a checkpoint is mended the same way: drop what is cached, open again, replay.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

import structlog
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from faust.tables.manager import TableManager
from faust.types import TP

from lakay_streams.engine.batch import RecordBatch
from lakay_streams.engine.partition import Partition, Work
from lakay_streams.engine.producer import TransactionalProducer
from lakay_streams.engine.recovery import restore
from lakay_streams.engine.reference import Reference
from lakay_streams.engine.transport import Consumer
from lakay_streams.errors import EngineError, Fenced, StoreError

if TYPE_CHECKING:
    from lakay_streams.engine.app import StreamApp

log = structlog.get_logger()

#: Exit code that tells a supervisor to start the worker again (EX_SOFTWARE).
EXIT_RESTART = 70

#: Seconds between attempts to open a partition that failed to open.
REOPEN_BACKOFF = (0.2, 0.5, 1.0, 2.0, 5.0)


def exit_to_restart(exc: BaseException) -> None:
    """End the process at once: what is not committed is replayed by the next one."""
    log.error("worker_stopping", error=str(exc), kind=type(exc).__name__)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_RESTART)


class Ownership(TableManager):
    """Faust's table manager, replaced: owns partitions instead of tables."""

    app: StreamApp

    def __init__(self, app: StreamApp, **kwargs: Any) -> None:
        """Own nothing yet."""
        super().__init__(app, **kwargs)
        self.partitions: dict[int, Partition] = {}
        self.references: list[Reference[Any]] = []
        #: What an error that needs a new process does; a test replaces it.
        self.on_fatal: Callable[[BaseException], None] = exit_to_restart
        self.restored = (0, 0)
        self.reopened = 0
        self.fenced = 0
        self._epoch = 0
        self._ready = asyncio.Event()
        self._opening: asyncio.Task[None] | None = None
        self._checkpointing: dict[int, asyncio.Task[None]] = {}
        self._reopening: set[asyncio.Task[None]] = set()

    # -- Faust's table manager

    async def on_start(self) -> None:
        """Start tables and references, and let the app subscribe."""
        self._tables_finalized.set()
        for table in self.values():
            await table.maybe_start()
        for reference in self.references:
            await reference.start(self.app.kafka_client())
        self._tables_registered.set()

    async def on_stop(self) -> None:
        """Checkpoint and close everything owned."""
        await self.release()
        for reference in self.references:
            await reference.stop()
        for table in self.values():
            await table.stop()

    @property
    def changelog_topics(self) -> set[str]:
        """Return the changelog topics; they are read at opening, never subscribed to."""
        return set(self._changelogs)

    def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Stop opening: the group is about to assign anew. `release` follows."""
        self._ready.clear()
        if self._opening is not None:
            self._opening.cancel()

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Open what is assigned, beside the rebalance: a long restore must not keep the group waiting."""
        self._recovery_started.set()
        await self.release()
        self._opening = asyncio.create_task(self._take_over(assigned, generation_id))

    async def wait_until_recovery_completed(self) -> bool:
        """Wait for the first assignment to be open; True when the app stops first."""
        # mode names its own Event class; any awaitable `wait` does.
        stopped: bool = await self.wait_for_stopped(self._ready)  # type: ignore[arg-type]
        return stopped

    @property
    def ready(self) -> bool:
        """Whether everything assigned is open; may be asked from any thread."""
        return self._ready.is_set() and self.assigned <= self.partitions.keys()

    @property
    def assigned(self) -> set[int]:
        """The partition numbers that the group assigned to this worker; may be asked from any thread."""
        if not self._consumer.started:
            return set()
        return {tp.partition for tp in self._consumer.progress() if tp.topic not in self._changelogs}

    @property
    def connected(self) -> bool:
        """Whether the group's coordinator answers; may be asked from any thread."""
        return self._consumer.started and self._consumer.connected

    # -- opening and closing

    @property
    def _consumer(self) -> Consumer:
        return cast(Consumer, self.app.consumer)

    async def _take_over(self, assigned: set[TP], generation: int) -> None:
        sources = {tp for tp in assigned if tp.topic not in self._changelogs}
        numbers = sorted({tp.partition for tp in sources})
        try:
            self._refuse_uneven(sources)
            await self._open_until_done(numbers, sources)
            await self.app.on_rebalance_complete.send()
        except asyncio.CancelledError:
            return
        except Exception as exc:
            self.on_fatal(exc)
            return
        if self.app.consumer_generation_id != generation:
            return
        consumer = self.app.consumer
        consumer.resume_partitions(sources)
        self.app.flow_control.resume()
        consumer.resume_flow()
        await self.app._fetcher.maybe_start()
        self.on_actives_ready()
        self.on_standbys_ready()
        self.app.on_rebalance_end()
        self._ready.set()
        log.info("partitions_opened", partitions=numbers, restored=self.restored[0])

    def _refuse_uneven(self, sources: Iterable[TP]) -> None:
        counts = {topic: self.app.consumer.topic_partitions(topic) for topic in {tp.topic for tp in sources}}
        if len({count for count in counts.values() if count}) > 1:
            listed = ", ".join(f"{topic}: {count}" for topic, count in sorted(counts.items()))
            raise EngineError(
                f"the source topics must have equal partition counts, found {listed}; recreate them with one count"
            )

    async def _open_until_done(self, numbers: Iterable[int], sources: Iterable[TP]) -> None:
        attempt = 0
        while True:
            try:
                await self._open(list(numbers), list(sources))
                return
            except Fenced as exc:
                self.fenced += 1
                log.warning("partition_fenced", error=str(exc))
            except (KafkaError, StoreError, OSError) as exc:
                log.warning("partition_open_failed", partitions=list(numbers), error=str(exc), kind=type(exc).__name__)
            await asyncio.sleep(REOPEN_BACKOFF[min(attempt, len(REOPEN_BACKOFF) - 1)])
            attempt += 1

    async def _open(self, numbers: list[int], sources: list[TP]) -> None:
        self._epoch += 1
        opened = [self._new_partition(number) for number in numbers]
        try:
            await asyncio.gather(*(partition.producer.start() for partition in opened))
            stores = {}
            for partition in opened:
                for states in partition.states.values():
                    states.store.open()
                    stores[TopicPartition(states.changelog, partition.number)] = states.store
            restored = await restore(stores, self.app.kafka_client(), self._restoring)
            # A changelog's end counts markers of transactions too, which restore nothing.
            self.restored = (restored, restored)
            committed = await self._consumer.committed(sources)
        except BaseException:
            for partition in opened:
                await partition.close()
            raise
        for partition in opened:
            number = partition.number
            partition.begin({tp.topic: offset for tp, offset in committed.items() if tp.partition == number})
            self.partitions[number] = partition
            self._checkpointing[number] = asyncio.create_task(self._checkpoints(partition))
        await self._consumer.reposition(
            {tp: committed[tp].offset if tp in committed else None for tp in sources}, self._epoch
        )

    def _new_partition(self, number: int) -> Partition:
        options = self.app.options
        return Partition(
            number,
            self._epoch,
            tables=self.values(),
            partitions=self.app.conf.topic_partitions,
            producer=TransactionalProducer(
                transactional_id=f"{self.app.conf.id}-{number}",
                group_id=self.app.conf.id,
                timeout=options.timeout,
                client=self.app.kafka_client(),
            ),
            references=self.references,
            options=options,
        )

    def _restoring(self, done: int, of: int) -> None:
        self.restored = (done, of)

    async def release(self) -> None:
        """Checkpoint what is processed, then close every partition.

        Called before a rebalance takes them and at the end. A partition whose checkpoint fails is dropped: its next
        owner replays.
        """
        tasks = [task for task in (self._opening, *self._reopening) if task is not None]
        self._opening = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        partitions, self.partitions = list(self.partitions.values()), {}
        await asyncio.gather(*(self._close(partition, checkpoint=True) for partition in partitions))

    async def _close(self, partition: Partition, *, checkpoint: bool) -> None:
        try:
            if checkpoint:
                async with asyncio.timeout(self.app.options.timeout / 2):
                    await partition.checkpoint()
        except (KafkaError, EngineError, OSError, TimeoutError) as exc:
            log.warning("final_checkpoint_failed", partition=partition.number, error=str(exc))
        finally:
            task = self._checkpointing.pop(partition.number, None)
            if task is not None and task is not asyncio.current_task():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await partition.close()

    async def _checkpoints(self, partition: Partition) -> None:
        try:
            while True:
                await partition.due()
                await partition.checkpoint()
        except asyncio.CancelledError:
            raise
        except Fenced as exc:
            # A zombie: the group went on without this worker. A new process joins it afresh.
            self.on_fatal(exc)
        except (KafkaError, StoreError, OSError) as exc:
            log.error("checkpoint_failed", partition=partition.number, error=str(exc), kind=type(exc).__name__)
            task = asyncio.create_task(self._reopen(partition))
            self._reopening.add(task)
            task.add_done_callback(self._reopening.discard)
        except Exception as exc:
            self.on_fatal(exc)

    async def _reopen(self, partition: Partition) -> None:
        if self.partitions.get(partition.number) is not partition:
            return
        del self.partitions[partition.number]
        self.reopened += 1
        await self._close(partition, checkpoint=False)
        sources = {tp for tp in self.app.consumer.assignment() if tp.partition == partition.number}
        try:
            await self._open_until_done([partition.number], sources)
        except Exception as exc:
            self.on_fatal(exc)

    # -- processing

    @contextlib.asynccontextmanager
    async def process(self, batch: RecordBatch) -> AsyncIterator[Work]:
        """Work on a batch; leaving without an exception counts its records as processed.

        An exception is a bug, not bad data: it is put on the record's account and the worker stops, to be restarted and
        to replay. A stale batch (fetched before the partition was opened anew) yields no records.
        """
        partition = self.partitions.get(batch.partition)
        if partition is not None:
            await partition.wait_for_room()
            partition = self.partitions.get(batch.partition)
        if partition is None or partition.epoch != batch.epoch:
            yield Work(None, batch.topic, ())
            return
        async with partition.lock:
            records = partition.fresh(batch)
            work = Work(partition, batch.topic, records)
            try:
                yield work
            except Exception as exc:
                await self._account_crash(partition, work, exc)
                raise
            if records:
                partition.processed(batch.topic, records)

    async def _account_crash(self, partition: Partition, work: Work, exc: Exception) -> None:
        record = work.current
        if record is not None:
            log.error(
                "record_crashed_worker",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                kind=type(exc).__name__,
                exc_info=exc,
            )
            try:
                await partition.account_crash(record, work.records[0].offset)
            except (KafkaError, EngineError) as failure:
                log.error("crash_not_accounted", error=str(failure))
        self.on_fatal(exc)
