"""A topology without Kafka, for tests: records in, outputs and states out, and the clock in the test's hand.

    with TopologyDriver(build(settings), at=NOW) as driver:
        driver.send(TRANSACTIONS, transaction, key=b"user-1")
        driver.run()
        assert driver.records(FRAUD_ALERTS)
        assert driver.states("users", UserState)["user-1"].seen

The app is the one that a worker runs, with its tasks, checkpoints, RocksDB databases and processors. What is not there
is Kafka: a topic is a list in memory, and a committer appends to it. So nothing is claimed here of groups and
rebalances, of a changelog that is read again, or of what a broker refuses; the tests with a real Kafka do that. Its
like is `TopologyTestDriver` of Kafka Streams.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.types import TP

from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import MAX_RECORDS, Record
from lakay_streams.engine.kafka.buffer import PartitionGroup
from lakay_streams.engine.kafka.memory import MemoryCommitter, MemoryProducer, MemoryTopics
from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.task import StreamTask
from lakay_streams.errors import EngineError

State = TypeVar("State")
Result = TypeVar("Result")

#: Rounds of processing and checkpoints after which a topology that still sends itself records is taken to never end.
MAX_ROUNDS = 100


class _Loop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still until the test moves it: a checkpoint is due when the test says so."""

    seconds = 0.0

    def time(self) -> float:
        return self.seconds


class TopologyDriver:
    """Runs a topology in this process and thread. Not for use inside a running event loop: it has its own."""

    def __init__(self, app: StreamApp, *, at: int = 0) -> None:
        """Drive `app`, whose data folder is its own, beginning at the time `at` (ms UTC)."""
        self._app = app
        self._owned = app.task_manager
        self._global_tables = {reference.topic: reference for reference in self._owned.global_tables}
        self._topics = MemoryTopics(lambda topic: 1 if topic in self._global_tables else app.conf.topic_partitions)
        self._topics.now = at
        self._loop = _Loop()
        #: How many records of each topic were handed out.
        self._handed: dict[str, int] = defaultdict(int)
        self._ended = False
        self._owned.on_fatal = self._end
        if app.options.at_least_once_topics:
            self._owned.non_transactional = MemoryProducer(self._topics)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the databases, without a checkpoint."""
        self._do(self._close())
        self._loop.close()

    # -- in

    @property
    def now(self) -> int:
        """The time (ms UTC) that records are made at: those sent without a time of their own, and outputs."""
        return self._topics.now

    def advance(self, seconds: float) -> None:
        """Let time pass, for `now` and for the clock of checkpoints; what is due by then is committed."""
        self._topics.now += round(seconds * 1000)
        self._loop.seconds += seconds
        self._do(self._commit(only_due=True))

    def send(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        timestamp: int | None = None,
        partition: int | None = None,
    ) -> Record:
        """Append a record to a topic that the topology reads; `run` or `process` have it processed.

        It goes to its key's partition unless one is given. Raises `EngineError` for a topic that nothing reads.
        """
        read = self._app.processors.keys() | self._global_tables.keys()
        if topic not in read:
            raise EngineError(f"nothing reads {topic}: send to one of {', '.join(sorted(read))}")
        record = self._topics.append(self._topics.target(topic, key, partition), (key, value), timestamp)
        self._follow_references()
        return record

    # -- running

    def run(self) -> None:
        """Process what waits, and whatever that sends to the topology itself, until all is quiet and committed.

        Raises what a processor raises, as it ends a worker; `restart` then goes on from the last checkpoint. Raises
        `EngineError` for a topology that sends itself records without end.
        """
        for _ in range(MAX_ROUNDS):
            self.process()
            self.checkpoint()
            if not any(len(self._topics.records[topic]) > self._handed[topic] for topic in self._app.processors):
                return
        raise EngineError(f"after {MAX_ROUNDS} rounds the topology still sends itself records")

    def process(self) -> None:
        """Process what waits now, the oldest first; only where that is more than a checkpoint takes, one is made."""
        self._do(self._process())

    def checkpoint(self) -> None:
        """Commit what is processed."""
        self._do(self._commit())

    def restart(self) -> None:
        """End the worker where it stands, and go on as its successor does: from the last checkpoint."""
        opened = list(self._owned.partitions)
        self._do(self._close())
        self._handed.clear()
        self._ended = False
        for number in opened:
            self._do(self._partition(number))

    # -- out

    def records(self, topic: str) -> list[Record]:
        """Return what a reader of committed records sees of a topic, in the order of the commits."""
        return list(self._topics.records[topic])

    def committed(self, topic: str, partition: int) -> OffsetAndMetadata | None:
        """Return the committed offset and metadata of a source partition, None when it has none."""
        return self._topics.committed.get(TopicPartition(topic, partition))

    def states(self, name: str, state_type: type[State]) -> dict[str, State]:
        """Return every state of a table as of the last checkpoint, read from RocksDB.

        Raises `EngineError` where there is no such table, or its states are of another type.
        """
        table = self._table(name, state_type)
        stores = [partition.states[name].store for partition in self._owned.partitions.values()]
        return {key.decode(): table.decode(raw) for store in stores for key, raw in store.items()}

    def state(self, name: str, key: str, state_type: type[State]) -> State | None:
        """Return the state of one key as of now, None when it has none. Raises as `states` does."""
        self._table(name, state_type)
        partition = self._do(self._partition(partition_of(key.encode(), self._app.conf.topic_partitions)))
        return cast("State | None", partition.states[name].peek(key))

    def _table(self, name: str, state_type: type[State]) -> StateTable[State]:
        tables = {table.name: table for table in self._owned.values()}
        if name not in tables:
            raise EngineError(f"there is no table {name}, only {', '.join(sorted(tables))}")
        if tables[name].state_type is not state_type:
            raise EngineError(f"the states of {name} are {tables[name].state_type.__name__}")
        return cast("StateTable[State]", tables[name])

    # -- the worker

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self._loop.run_until_complete(work)

    def _refuse_ended(self) -> None:
        if self._ended:
            raise EngineError("an exception has ended the worker: restart it first")

    def _end(self, exc: BaseException) -> None:
        # Whoever called `run` is told: the exception is raised again behind this.
        self._ended = True

    async def _partition(self, number: int) -> StreamTask:
        """Return an open partition; the first time it is asked for, it is opened."""
        self._refuse_ended()
        if number in self._owned.partitions:
            return self._owned.partitions[number]
        app = self._app
        partition = StreamTask(
            number,
            self._owned.next_epoch(),
            group=app.conf.id,
            tables=self._owned.values(),
            partitions=app.conf.topic_partitions,
            committer=MemoryCommitter(self._topics, number),
            non_transactional=self._owned.non_transactional,
            global_tables=self._owned.global_tables,
            options=app.options,
        )
        await partition.committer.start()
        for states in partition.states.values():
            states.store.open()
        starts = {topic: OffsetAndMetadata(0, "") for topic in app.processors}
        partition.begin({topic: self.committed(topic, number) or start for topic, start in starts.items()})
        self._owned.partitions[number] = partition
        return partition

    async def _process(self) -> None:
        waiting = PartitionGroup()
        for topic in self._app.processors:
            unread: dict[int, list[Record]] = defaultdict(list)
            for record in self._topics.records[topic][self._handed[topic] :]:
                unread[record.partition].append(record)
            for number, records in unread.items():
                partition = await self._partition(number)
                waiting.add(TP(topic, number), partition.epoch, records)
            self._handed[topic] = len(self._topics.records[topic])
        most = self._app.options.max_records
        while waiting:
            for batch in waiting.take(min(MAX_RECORDS, most)):
                await self._owned.process(batch, self._app.processors[batch.topic])
                partition = await self._partition(batch.partition)
                if partition.pending >= most:
                    await partition.checkpoint()
        self._follow_references()

    async def _commit(self, *, only_due: bool = False) -> None:
        self._refuse_ended()
        # A turn of the event loop, in which timers are seen to have run out.
        await asyncio.sleep(0)
        for partition in self._owned.partitions.values():
            if partition.schedule.is_due or not only_due:
                await partition.checkpoint()
        self._follow_references()

    def _follow_references(self) -> None:
        for topic, reference in self._global_tables.items():
            for record in self._topics.records[topic]:
                if record.offset >= reference.snapshot.version:
                    reference.take(record)

    async def _close(self) -> None:
        while self._owned.partitions:
            _, partition = self._owned.partitions.popitem()
            await partition.close()
