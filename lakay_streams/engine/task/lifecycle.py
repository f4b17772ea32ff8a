"""The life cycle of a task: while this worker owns a partition, one asyncio task opens, serves and closes it.

Opening goes in this order, and only so:

    1. the committer starts, which fences the previous owner and ends what that one left undecided; then the topics'
       partition counts are checked, which somebody may have changed while this worker was stopped
    2. the stores are restored from their changelog, read committed, whose end stands still since 1
    3. the committed offsets are read, which nobody else can move since 1, and fetching starts there

Whatever goes wrong later is mended the same way: close, open again, replay. Nothing else opens, commits or closes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import structlog
from aiokafka import errors as kafka
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.engine.kafka.committer import Committer
from lakay_streams.engine.kafka.producer import NonTransactionalProducer
from lakay_streams.engine.kafka.transport import Consumer
from lakay_streams.engine.state.changelog import restore
from lakay_streams.engine.state.reference import GlobalTable
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.journal import last_entries
from lakay_streams.engine.task.options import Options
from lakay_streams.engine.task.task import StreamTask
from lakay_streams.errors import CommitterUnavailable, EngineError, Fenced, StoreError, TopicError

log = structlog.get_logger()

#: Seconds before a partition is opened again, by how often in a row it has failed without one checkpoint.
BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)

#: What another opening may mend: a broker or another place of checkpoints away, a disk full or damaged, a partition
#: that another worker took while this one was stopped. Anything else is a bug and ends the worker.
MENDABLE = (KafkaError, StoreError, CommitterUnavailable, Fenced, OSError, TimeoutError)

#: What Kafka would answer again, however often it is asked: only an operator can mend a permission or a limit.
REFUSALS = (
    kafka.ClusterAuthorizationFailedError,
    kafka.GroupAuthorizationFailedError,
    kafka.TopicAuthorizationFailedError,
    kafka.TransactionalIdAuthorizationFailed,
    kafka.SaslAuthenticationFailed,
    kafka.InvalidTransactionTimeout,
    kafka.MessageSizeTooLargeError,
    kafka.RecordListTooLargeError,
    kafka.OffsetMetadataTooLargeError,
    kafka.PolicyViolationError,
    kafka.UnsupportedVersionError,
)


class Services(NamedTuple):
    """What a worker's tasks work with.

    `group` is the consumer group, `partitions` the count that all topics have, and `client` aiokafka's connection
    settings. `committer` makes the committer of a partition, and `epochs` yields numbers that no opening had before.
    """

    group: str
    partitions: int
    client: Mapping[str, Any]
    options: Options
    tables: Sequence[StateTable[Any]]
    global_tables: Sequence[GlobalTable[Any]]
    consumer: Consumer
    non_transactional: NonTransactionalProducer | None
    committer: Callable[[int], Committer]
    epochs: Iterator[int]


class TaskEvents(Protocol):
    """Who hears of a task: whoever keeps the list of those that are open."""

    def opened(self, partition: StreamTask) -> None:
        """Take `partition`, which is open: batches may come."""

    def closing(self, number: int) -> None:
        """Hand no more batches to the partition `number`, whether it is open or not."""

    def failed(self, exc: BaseException) -> None:
        """Hear of a failure that another opening may mend."""

    def restoring(self, done: int, of: int) -> None:
        """Hear how many changes are restored, and how many there are at most."""

    def fatal(self, exc: BaseException) -> None:
        """End the worker, whom only a new process helps."""


class TaskLifecycle:
    """Owns partition `number` of the source topics from its making until `leave`."""

    def __init__(self, number: int, sources: Iterable[tuple[str, int]], services: Services, events: TaskEvents) -> None:
        """Begin: the task that opens the partition starts at once."""
        self.number = number
        self._services = services
        self._events = events
        self._sources = frozenset(TopicPartition(*tp) for tp in sources)
        self._open_partition: StreamTask | None = None
        #: Set once the partition has been open.
        self.opened = asyncio.Event()
        #: Changes that the last opening had to replay from the changelogs.
        self.replayed = 0
        self._leaving = False
        #: Whether `leave` may cancel: not while serving, whose last checkpoint counts, nor while closing.
        self._interruptible = True
        self._task = asyncio.create_task(self._run())

    async def leave(self) -> None:
        """Commit what is processed, close, and end; a partition that is not open yet is given up where it stands."""
        self._leaving = True
        if self._open_partition is not None:
            self._open_partition.schedule.request_checkpoint()
        if self._interruptible:
            self._interruptible = False
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        failures = 0
        try:
            while not self._leaving:
                partition = self._new_partition()
                try:
                    await self._open(partition, again=failures > 0)
                    self._interruptible = False
                    await self._serve(partition)
                except REFUSALS as exc:
                    raise EngineError(
                        f"Kafka refuses what partition {self.number} needs, and would again ({exc}): correct this "
                        "worker's permissions or the topics' limits, then start it again."
                    ) from exc
                except MENDABLE as exc:
                    failures = 1 if partition.checkpoints else failures + 1
                    self._events.failed(exc)
                    log.error("partition_failed", partition=self.number, error=str(exc), kind=type(exc).__name__)
                finally:
                    self._interruptible = False
                    self._close_to_batches()
                    self._services.consumer.pause_partitions(self._sources)
                    await partition.close()
                if not self._leaving:
                    self._interruptible = True
                    await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S)) - 1])
        except Exception as exc:
            self._events.fatal(exc)

    async def _open(self, partition: StreamTask, *, again: bool) -> None:
        consumer, started = self._services.consumer, time.monotonic()
        # A worker that was stopped for long must not fence the partition's rightful owner: first the group has to say
        # that it is still a member.
        while again and not await consumer.heartbeat():  # noqa: ASYNC110 - the group has no event to wait for
            await asyncio.sleep(BACKOFF_S[0])
        await partition.committer.start()
        await self._refuse_other_counts(partition)
        stores = {}
        for states in partition.states.values():
            states.store.open()
            # It takes some ten milliseconds.
            await asyncio.sleep(0)
            stores[TopicPartition(states.changelog, self.number)] = states.store
        self.replayed = await restore(stores, self._services.client, self._events.restoring)
        committed = dict(await partition.committer.committed(consumer, self._sources))
        committed |= await self._journalled(committed)
        # Where nothing is committed, the reset policy decides once, and the decision is committed: asked again after a
        # crash, "latest" would skip what came meanwhile.
        first = await consumer.starting_offsets(self._sources - committed.keys())
        if first:
            log.info("starting_by_reset_policy", offsets={f"{tp.topic}-{tp.partition}": at for tp, at in first.items()})
            starts = {tp: OffsetAndMetadata(offset, "") for tp, offset in first.items()}
            await partition.committer.commit({}, starts)
            committed |= starts
        committed |= await self._moved_on(committed)
        partition.begin({tp.topic: offset for tp, offset in committed.items()})
        self._open_partition = partition
        self._events.opened(partition)
        await consumer.seek_all({tp: offset.offset for tp, offset in committed.items()}, partition.epoch)
        consumer.resume_partitions(self._sources)
        self.opened.set()
        seconds = round(time.monotonic() - started, 3)
        log.info("partition_opened", partition=self.number, replayed=self.replayed, seconds=seconds)

    async def _journalled(
        self, committed: Mapping[TopicPartition, OffsetAndMetadata]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        """Return where the journal's last entry stands, for the sources of which the committed offset differs.

        Both were committed in one transaction, with the states, so they can only differ where the group's offsets are
        wrong. A broker that was killed and comes back may answer for a group of which it has read only a part, and may
        keep the offset of a transaction that was aborted (seen with Kafka 4.1: the load of an earlier leader epoch
        ends, and counts for the one that has only begun); offsets also expire, and can be set by hand.
        """
        topic, group = self._services.options.journal_topic, self._services.group
        if topic is None:
            return {}
        entries = await last_entries(topic, [self.number], group, self._services.client)
        positions = entries[self.number].positions if self.number in entries else {}
        journalled = {}
        for tp in self._sources:
            position, offset = positions.get(tp.topic), committed.get(tp)
            if position is not None and (offset is None or offset.offset != position):
                journalled[tp] = OffsetAndMetadata(position, "")
                log.warning(
                    "committed_offset_differs_from_journal",
                    topic=tp.topic,
                    partition=tp.partition,
                    committed_offset=offset and offset.offset,
                    journal_offset=position,
                )
        return journalled

    async def _moved_on(
        self, committed: Mapping[TopicPartition, OffsetAndMetadata]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        """Return where the log begins, for the sources of which it begins after the committed offset.

        Raises `OffsetOutOfRangeError` where it ends before: what comes now would be taken for processed. A broker that
        has just started may say so for a moment, so the partition is opened again until it says otherwise.
        """
        consumer = self._services.consumer
        begins, ends = await consumer.begins(committed), await consumer.ends(committed)
        moved_on = {}
        for tp, (offset, _) in committed.items():
            if offset > ends[tp]:
                raise kafka.OffsetOutOfRangeError(
                    f"Topic {tp.topic} partition {tp.partition} ends at offset {ends[tp]} and is processed up to "
                    f"{offset}: it lost records or was made anew; restore it, or start under another consumer group."
                )
            if offset < begins[tp]:
                log.error(
                    "source_records_lost",
                    topic=tp.topic,
                    partition=tp.partition,
                    committed_offset=offset,
                    begin=begins[tp],
                )
                moved_on[tp] = OffsetAndMetadata(begins[tp], "")
        return moved_on

    async def _serve(self, partition: StreamTask) -> None:
        """Checkpoint until the partition fails or is to be left; the last checkpoint takes all that is processed."""
        while not self._leaving:
            await partition.schedule.due()
            await partition.checkpoint()
        self._close_to_batches()
        async with asyncio.timeout(self._services.options.timeout / 2):
            await partition.checkpoint()

    def _close_to_batches(self) -> None:
        """From here on batches of this partition find no owner."""
        self._open_partition = None
        self._events.closing(self.number)

    async def _refuse_other_counts(self, partition: StreamTask) -> None:
        """Raise `TopicError` where a key may belong to another partition than this worker counts on."""
        topics = {tp.topic for tp in self._sources} | {states.changelog for states in partition.states.values()}
        if self._services.options.journal_topic is not None:
            topics.add(self._services.options.journal_topic)
        counts = await partition.committer.partition_counts(topics)
        for topic, count in counts.items():
            if count != partition.partitions:
                raise TopicError(
                    f"Topic {topic} has {count} partitions where this worker counts on {partition.partitions}: "
                    "stop every worker, bring all topics and their states to one count, and start with that."
                )

    def _new_partition(self) -> StreamTask:
        services = self._services
        return StreamTask(
            self.number,
            next(services.epochs),
            group=services.group,
            tables=services.tables,
            partitions=services.partitions,
            committer=services.committer(self.number),
            non_transactional=services.non_transactional,
            global_tables=services.global_tables,
            options=services.options,
            unread=lambda: services.consumer.unread(self._sources),
        )
