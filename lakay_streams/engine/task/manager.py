"""The task manager: which partitions this worker owns, and the way for a processor to work on one.

It stands in for Faust's table manager and its recovery. Each owned partition has a `TaskLifecycle`, begun when the
group assigns it and left before the group may give it to another.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable
from typing import Any, cast

import structlog
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from faust import App
from faust.tables.manager import TableManager
from faust.types import TP

from lakay_streams.engine.kafka.batch import AdaptiveBatchSize, RecordBatch
from lakay_streams.engine.kafka.committer import Committer
from lakay_streams.engine.kafka.producer import NonTransactionalProducer
from lakay_streams.engine.kafka.transport import Consumer
from lakay_streams.engine.state.reference import GlobalTable
from lakay_streams.engine.state.standby import Standby
from lakay_streams.engine.task.context import BatchContext, Processor
from lakay_streams.engine.task.lifecycle import Services, TaskLifecycle
from lakay_streams.engine.task.options import Options
from lakay_streams.engine.task.task import StreamTask
from lakay_streams.errors import EngineError, Fenced, LakayError, StoreError
from lakay_streams.process.child import EXIT_RESTART

log = structlog.get_logger()


def exit_to_restart(exc: BaseException) -> None:
    """End the process at once: what is not committed is replayed by the next one."""
    # The message of any other exception may quote the record that it met: how much of it is told is not decided here.
    told: dict[str, Any] = {"error": str(exc)} if isinstance(exc, LakayError) else {"exc_info": exc}
    log.error("worker_stopping", kind=type(exc).__name__, **told)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_RESTART)


class TaskApp(App, ABC):
    """What a manager of tasks asks of the app that it belongs to."""

    options: Options

    @abstractmethod
    def committer(self, number: int) -> Committer:
        """Return where checkpoints of partition `number` go: a new one for each time the partition is opened."""

    @abstractmethod
    def kafka_client(self) -> dict[str, Any]:
        """Return aiokafka's connection settings."""


class TaskManager(TableManager):
    """Faust's table manager, replaced: owns partitions instead of tables. It hears of its tasks (`TaskEvents`)."""

    app: TaskApp

    def __init__(self, app: TaskApp, **kwargs: Any) -> None:
        """Own nothing yet."""
        super().__init__(app, **kwargs)
        #: The open partitions, by number; written here alone.
        self.partitions: dict[int, StreamTask] = {}
        self.global_tables: list[GlobalTable[Any]] = []
        #: How fast the processors are, which decides how long turns are.
        self.pace = AdaptiveBatchSize()
        #: What an error that needs a new process does; a test replaces it.
        self.on_fatal: Callable[[BaseException], None] = exit_to_restart
        #: Changes restored by the last recovery, and how many there were at most.
        self.restored = (0, 0)
        #: How often a partition had to be opened again.
        self.reopened = 0
        #: How often another worker had taken a partition that this one still held.
        self.fenced = 0
        self.non_transactional: NonTransactionalProducer | None = None
        self._epochs = itertools.count(1)
        self._ready = asyncio.Event()
        self._lifecycles: list[TaskLifecycle] = []
        #: Of the partitions that other workers own, those that this one keeps a copy of.
        self.standby: Standby | None = None
        self._opening: asyncio.Task[None] | None = None
        app.on_partitions_revoked.connect(self._on_revoked, weak=False)

    # -- Faust's table manager

    async def on_start(self) -> None:
        """Start tables and references, and let the app subscribe."""
        self._tables_finalized.set()
        for table in self.values():
            await table.maybe_start()
        for reference in self.global_tables:
            await reference.start(self.app.kafka_client())
        if self.app.options.at_least_once_topics:
            self.non_transactional = NonTransactionalProducer(self.app.kafka_client(), self.app.options.timeout)
            await self.non_transactional.start()
        self._tables_registered.set()

    async def on_stop(self) -> None:
        """Checkpoint and close everything owned."""
        await self.release()
        if self.non_transactional is not None:
            await self.non_transactional.stop()
        for reference in self.global_tables:
            await reference.stop()
        for table in self.values():
            await table.stop()

    @property
    def changelog_topics(self) -> set[str]:
        """Return the changelog topics; they are read at opening, never subscribed to."""
        return set(self._changelogs)

    def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Stop the flow; Faust then sends the signal that `release` follows."""
        self._ready.clear()
        # Faust does so only where something was assigned. What is queued is dropped in any case, and the consumer must
        # not wait for agents to be done with it.
        self.consumer.stop_flow()

    async def _on_revoked(self, *args: Any, **kwargs: Any) -> None:
        # Faust waits for this before it rejoins the group, so nobody else can own these partitions yet.
        await self.release()

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Begin each partition's task, beside the rebalance: a long restore must not keep the group waiting."""
        self._recovery_started.set()
        await self.release()
        sources: dict[int, set[TP]] = defaultdict(set)
        for tp in assigned:
            if tp.topic not in self._changelogs:
                sources[tp.partition].add(tp)
        self.consumer.pace, self.consumer.on_out_of_range = self.pace, self._out_of_range
        services = self._services(self.app.options.cache_bytes // max(1, len(sources)))
        self._lifecycles = [TaskLifecycle(number, tps, services, self) for number, tps in sorted(sources.items())]
        copies = {tp.partition for tp in self.app.assignor.assigned_standbys()} - sources.keys()
        self.standby = Standby(copies, self.values(), self.app.kafka_client())
        self._opening = asyncio.create_task(self._resume(generation_id))

    async def wait_until_recovery_completed(self) -> bool:
        """Wait for the first assignment to be open; True when the app stops first."""
        stopped: bool = await self.wait_for_stopped(self._ready)  # type: ignore[arg-type]  # mode names its own Event class
        return stopped

    @property
    def ready(self) -> bool:
        """Whether everything assigned is open; may be asked from any thread."""
        return self._ready.is_set() and self.assigned <= self.partitions.keys()

    @property
    def assigned(self) -> set[int]:
        """The partition numbers that the group assigned to this worker; may be asked from any thread."""
        if not self.consumer.started:
            return set()
        return {tp.partition for tp in self.consumer.progress() if tp.topic not in self._changelogs}

    @property
    def connected(self) -> bool:
        """Whether the group's coordinator answers; may be asked from any thread."""
        return self.consumer.started and self.consumer.connected

    # -- tenures

    @property
    def consumer(self) -> Consumer:
        """The group's consumer."""
        return cast(Consumer, self.app.consumer)

    def next_epoch(self) -> int:
        """Return a number that no opening of a partition had before."""
        return next(self._epochs)

    def _services(self, cache_bytes: int) -> Services:
        """Return what tasks work with that keep states of at most `cache_bytes` in memory each."""
        app = self.app
        return Services(
            group=app.conf.id,
            partitions=app.conf.topic_partitions,
            client=app.kafka_client(),
            options=app.options._replace(cache_bytes=cache_bytes),
            tables=tuple(self.values()),
            global_tables=self.global_tables,
            consumer=self.consumer,
            non_transactional=self.non_transactional,
            committer=app.committer,
            epochs=self._epochs,
        )

    def _out_of_range(self, tp: TP, offset: int) -> None:
        """Have the partition opened anew whose log does not have the next record: opening finds out why.

        What is processed is committed before: it could not be replayed.
        """
        if (partition := self.partitions.get(tp.partition)) is not None:
            partition.end(OffsetOutOfRangeError(f"{tp.topic} partition {tp.partition} has no offset {offset}"))

    # -- what tasks tell

    def opened(self, partition: StreamTask) -> None:
        """Take an open partition."""
        self.partitions[partition.number] = partition

    def closing(self, number: int) -> None:
        """Let go of a partition, if it is open."""
        self.partitions.pop(number, None)

    def fatal(self, exc: BaseException) -> None:
        """End the process, or do what else `on_fatal` says."""
        self.on_fatal(exc)

    def restoring(self, done: int, of: int) -> None:
        """Keep the progress of a recovery."""
        self.restored = (done, of)

    def failed(self, exc: BaseException) -> None:
        """Count a partition's failure."""
        self.reopened += 1
        self.fenced += isinstance(exc, Fenced)

    async def _resume(self, generation: int) -> None:
        """Let records flow again, and tell when everything is open."""
        await self.app.on_rebalance_complete.send()
        self.app.flow_control.resume()
        self.consumer.resume_flow()
        await self.app._fetcher.maybe_start()  # noqa: SLF001 - as the table manager that this one replaces does
        for lifecycle in self._lifecycles:
            await lifecycle.opened.wait()
        if self.app.consumer_generation_id != generation:
            return
        self.on_actives_ready()
        self.on_standbys_ready()
        self.app.on_rebalance_end()
        self._ready.set()
        log.info(
            "partitions_opened",
            partitions=[lifecycle.number for lifecycle in self._lifecycles],
            replayed=sum(lifecycle.replayed for lifecycle in self._lifecycles),
            standby=[] if self.standby is None else self.standby.numbers,
        )

    async def release(self) -> None:
        """Leave every partition, with what it has processed committed. Once left, a partition may have a new owner.

        Copies are left too: the next assignment may open their stores.
        """
        lifecycles, self._lifecycles = self._lifecycles, []
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.cancel()
        standby, self.standby = self.standby, None
        if standby is not None:
            await standby.leave()
        await asyncio.gather(*(lifecycle.leave() for lifecycle in lifecycles))

    # -- processing

    async def process(self, batch: RecordBatch, processor: Processor) -> None:
        """Have `processor` work on a batch; its records count as processed once it returns.

        An exception is a bug, not bad data: it is put on the record's account and the worker stops, to be restarted and
        to replay. Only a store's failure is nobody's fault: the partition is opened anew. A stale batch (fetched before
        the partition was opened anew) reaches no processor.
        """
        partition = self.partitions.get(batch.partition)
        if partition is not None:
            await partition.schedule.wait_for_capacity()
            partition = self.partitions.get(batch.partition)
        if partition is None or partition.epoch != batch.epoch:
            return
        work = BatchContext(partition, batch.topic, ())
        try:
            async with partition.lock:
                work.records = partition.fresh(batch)
                started = time.perf_counter()
                try:
                    processor(work)
                    self.pace.took(len(work.records), time.perf_counter() - started)
                    partition.processed(batch.topic, work.records)
                    await partition.send_batch()
                except BaseException:
                    # Half a batch is in the states, or half of its outputs is sent: no checkpoint may take them.
                    partition.abort_batch()
                    raise
        except StoreError as exc:
            partition.fail(exc)
        except Exception as exc:
            # Outside the lock, which a checkpoint in flight may wait for while it holds the producer.
            try:
                await self._account_crash(partition, work, exc)
            finally:
                self.on_fatal(exc)
            raise

    async def _account_crash(self, partition: StreamTask, work: BatchContext, exc: Exception) -> None:
        record = work.current
        if record is None:
            return
        log.error(
            "record_crashed_worker",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            kind=type(exc).__name__,
            exc_info=exc,
        )
        try:
            await partition.account_crash(record)
        except (KafkaError, EngineError) as failure:
            log.error("crash_not_accounted", error=str(failure))
