"""A Faust app with this engine: its transport, its ownership of partitions, and settings that keep its promises."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, cast

from faust import StreamT, TopicT
from faust.app.base import BootStrategy
from faust.types.fixups import FixupT
from mode import Service, ServiceT

from lakay_streams.engine.kafka.batch import RecordBatch
from lakay_streams.engine.kafka.committer import Committer
from lakay_streams.engine.kafka.producer import TransactionalProducer
from lakay_streams.engine.kafka.transport import BATCH_CODEC
from lakay_streams.engine.kafka.unpacking import bound
from lakay_streams.engine.state import descriptors
from lakay_streams.engine.task.context import Processor
from lakay_streams.engine.task.manager import TaskApp, TaskManager
from lakay_streams.engine.task.options import Options


async def _nothing() -> None:
    """Prepare nothing."""


class Prepare(Service):
    """Holds the boot back until the application's `prepare` returns."""

    def __init__(self, prepare: Callable[[], Awaitable[None]], unpacked_bytes: int, **kwargs: Any) -> None:
        """Wait for `prepare` when started; from then on no batch unpacks to more than `unpacked_bytes`."""
        super().__init__(**kwargs)
        self._prepare = prepare
        self._unpacked_bytes = unpacked_bytes

    async def on_start(self) -> None:
        """Wait, unless the worker is stopped first."""
        bound(self._unpacked_bytes)
        await self.wait_for_stopped(self._prepare())


class Boot(BootStrategy):
    """The order of start: pages, preparation, Kafka, tables. The end goes backwards, so that pages answer longest.

    Faust boots its Kafka producer before its web pages, and dies where no Kafka answers.
    """

    app: StreamApp

    def server(self) -> Iterable[ServiceT]:
        """Return the services to start, in order."""
        return self._chain(
            self.sensors(),
            self.app.companions,
            self.web_server(),
            [Prepare(self.app.prepare, self.app.options.unpacked_bytes, beacon=self.app.beacon)],
            self.kafka_producer(),
            self.kafka_consumer(),
            self.agents(),
            self.kafka_conductor(),
            self.tables(),
        )


class StreamApp(TaskApp):
    """A Faust app whose agents receive `RecordBatch`es and whose checkpoints are transactions.

    `group` is the consumer group and the prefix of changelog topics and transactional ids. `partitions` is the
    partition count of source, changelog and journal topics alike. `standby_replicas` is how many other workers keep a
    copy of each partition's stores. `prepare` is awaited before anything of Kafka starts.
    """

    BootStrategy = Boot

    def __init__(
        self,
        group: str,
        *,
        brokers: str,
        datadir: Path,
        partitions: int,
        replication_factor: int,
        options: Options,
        session_timeout: float = 15.0,
        standby_replicas: int = 0,
        prepare: Callable[[], Awaitable[None]] = _nothing,
        web_enabled: bool = False,
        **settings: Any,
    ) -> None:
        """Configure Faust; `brokers` is a comma-separated list of host:port."""
        self.options = options
        self.prepare = prepare
        #: Services that start before everything else and stop after it.
        self.companions: list[ServiceT] = []
        #: What processes each source topic.
        self.processors: dict[str, Processor] = {}
        #: What besides Kafka has to answer for this process to be ready, by name.
        self.dependencies: dict[str, Callable[[], bool]] = {}
        self._brokers = brokers
        # Faust makes the folder itself, without its parents.
        datadir.mkdir(parents=True, exist_ok=True)
        super().__init__(
            group,
            # Faust reads some 80 variables without a prefix (APP_VERSION, BROKER_URL, PROCESSING_GUARANTEE), which beat
            # these arguments; a prefix would not keep them out, since APP_ENV_PREFIX beats it. So it is given none.
            env={},
            broker=[f"lakay://{broker}" for broker in brokers.split(",")],
            # Faust appends a version other than 1 to the group's name.
            version=1,
            store="memory://",
            datadir=datadir,
            TableManager=TaskManager,
            topic_partitions=partitions,
            topic_replication_factor=replication_factor,
            table_standby_replicas=standby_replicas,
            key_serializer="raw",
            value_serializer="raw",
            # A turn has a batch of each topic partition at most, and its length bounds what waits.
            stream_buffer_maxsize=10_000,
            stream_wait_empty=False,
            broker_session_timeout=session_timeout,
            broker_heartbeat_interval=session_timeout / 5,
            # A request to join is answered when every member has asked or this has passed, so requests may take longer.
            broker_rebalance_timeout=30.0,
            broker_request_timeout=max(40.0, session_timeout + 5),
            consumer_max_fetch_size=1 << 20,
            # Faust's default lets a produce request wait for 20 minutes.
            producer_request_timeout=30.0,
            topic_disable_leader=True,
            web_enabled=web_enabled,
            **settings,
        )

    def _init_fixups(self) -> list[FixupT]:
        # Faust has one, which sets Django up where DJANGO_SETTINGS_MODULE is in the environment.
        return []

    def committer(self, number: int) -> Committer:
        """Return where checkpoints of partition `number` go: a new one for each time the partition is opened."""
        return TransactionalProducer.of_partition(
            self.conf.id, number, timeout=self.options.timeout, client=self.kafka_client()
        )

    @property
    def task_manager(self) -> TaskManager:
        """The partitions this worker owns."""
        return cast(TaskManager, self.tables)

    @property
    def reserved_files(self) -> int:
        """How many of the process's file descriptors are RocksDB's and Kafka's."""
        return descriptors.reserve(
            tables=len(self.tables), partitions=self.conf.topic_partitions, brokers=len(self._brokers.split(","))
        )

    def kafka_client(self) -> dict[str, Any]:
        """Return aiokafka's connection settings."""
        return {"bootstrap_servers": self._brokers.split(",")}

    def process(self, *topics: str, name: str) -> Callable[[Processor], Processor]:
        """Have the decorated function process the records of `topics`, as the agent `name`.

            @app.process(TRANSACTIONS, name="transactions")
            def score(work: BatchContext) -> None:
                for record in work:
                    ...

        It is called with a batch of one partition of one topic at a time, and can be called without Kafka just so.
        Raises `ValueError` for a topic that is processed already: a partition has one position in each.
        """
        if taken := self.processors.keys() & set(topics):
            raise ValueError(f"{', '.join(sorted(taken))} is processed already: a topic has one processor")

        def declare(processor: Processor) -> Processor:
            async def each_batch(batches: StreamT[RecordBatch]) -> None:
                async for batch in batches:
                    await self.task_manager.process(batch, processor)

            self.agent(self._batches(*topics), name=name)(each_batch)
            self.processors.update(dict.fromkeys(topics, processor))
            return processor

        return declare

    def _batches(self, *topics: str) -> TopicT:
        # Without acks: checkpoints commit, and Faust would keep every batch's offset for a commit that never comes.
        return self.topic(*topics, key_serializer="raw", value_serializer=BATCH_CODEC, value_type=None, acks=False)
