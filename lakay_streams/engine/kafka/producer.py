"""The producers: a transactional one for each partition, and one for outputs that may come twice.

A transactional producer's id is the application's and the partition's, so a new owner's start fences the old one:
whatever a zombie sends afterwards never reaches a reader of committed records. Records go out in ready-made batches,
which costs a fifth of aiokafka's `send` for each record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import IllegalOperation, InvalidProducerEpoch, KafkaError, ProducerFenced
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.engine.kafka import internals
from lakay_streams.engine.kafka.committer import Outgoing, SourceLog
from lakay_streams.errors import EngineError, Fenced

#: Kafka's brokers refuse larger requests unless configured otherwise.
MAX_BATCH_BYTES = 1_000_000


class TransactionalProducer:
    """The `Committer` of a worker: sends records and input offsets in transactions, one after another.

    Raises `Fenced` when another producer with the same transactional id has started since, and aiokafka's `KafkaError`
    for anything else: the transaction's outcome is then unknown until a new producer with this id has started.
    """

    def __init__(self, *, transactional_id: str, group_id: str, timeout: float, client: Mapping[str, Any]) -> None:
        """Prepare a producer; `client` is aiokafka's connection settings; `timeout` bounds a transaction (seconds)."""
        self._group_id = group_id
        self._timeout = timeout
        self._transactional_id = transactional_id
        self._client = dict(client)
        self._started: AIOKafkaProducer | None = None

    @classmethod
    def of_partition(cls, group: str, number: int, *, timeout: float, client: Mapping[str, Any]) -> Self:
        """Prepare the producer of partition `number`: whoever has started it last owns the partition."""
        return cls(transactional_id=f"{group}-{number}", group_id=group, timeout=timeout, client=client)

    async def start(self) -> None:
        """Connect, and fence every earlier producer with this transactional id."""
        producer = self._started = AIOKafkaProducer(
            **self._client,
            transactional_id=self._transactional_id,
            transaction_timeout_ms=int(self._timeout * 1000),
            request_timeout_ms=int(self._timeout * 1000),
            linger_ms=0,
            # The broker refuses the first batch of a transaction while it still verifies it; the default waits 100 ms.
            retry_backoff_ms=10,
            # Not compressed here: lz4 took 15% of a worker. A topic's `compression.type` has the broker do it.
            compression_type=None,
            max_batch_size=MAX_BATCH_BYTES,
            max_request_size=16 << 20,
        )
        async with asyncio.timeout(self._timeout):
            await producer.start()
            # Not at the first checkpoint: until the producer id is granted, a zombie could still commit offsets that
            # the new owner has not read.
            await producer.begin_transaction()

    @property
    def _producer(self) -> AIOKafkaProducer:
        if self._started is None:
            raise EngineError(f"the producer {self._transactional_id} is not started")
        return self._started

    async def partitions_of(self, topic: str) -> int:
        """Return how many partitions `topic` has."""
        return len(await self._producer.partitions_for(topic))

    async def partition_counts(self, topics: Iterable[str]) -> dict[str, int]:
        """Return how many partitions each of `topics` has; asked of Kafka when this is called first after a start."""
        wanted = sorted(topics)
        await self._producer.client.set_topics(wanted)
        return {topic: await self.partitions_of(topic) for topic in wanted}

    async def committed(
        self, log: SourceLog, sources: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Return the group's committed offset and metadata of each of `sources` that has one."""
        return await log.committed(sources)

    async def commit(
        self,
        records: Mapping[tuple[str, int], Iterable[Outgoing]],
        offsets: Mapping[TopicPartition, OffsetAndMetadata],
    ) -> dict[tuple[str, int], int]:
        """Commit `records` by topic and partition, and `offsets`, in one transaction.

        Returns the offset of the last record of each topic and partition.
        """
        producer = self._producer
        try:
            async with asyncio.timeout(self._timeout):
                sent = {target: await self._send(target, outgoing) for target, outgoing in records.items()}
                if offsets:
                    await producer.send_offsets_to_transaction(offsets, self._group_id)
                last = {target: await self._last_offset(batches) for target, batches in sent.items() if batches}
                await producer.commit_transaction()
                await producer.begin_transaction()
        except (ProducerFenced, InvalidProducerEpoch) as exc:
            raise Fenced(
                f"another worker took over transactional id {self._transactional_id}; this one must rejoin the group"
            ) from exc
        except IllegalOperation as exc:
            raise KafkaError(f"the transaction of {self._transactional_id} cannot go on: {exc}") from exc
        except TimeoutError as exc:
            raise KafkaError(f"the transaction of {self._transactional_id} took over {self._timeout:g} s") from exc
        return last

    async def _send(
        self, target: tuple[str, int], outgoing: Iterable[Outgoing]
    ) -> list[tuple[asyncio.Future[Any], int]]:
        topic, partition = target
        sent = []
        batch = self._producer.create_batch()
        for key, value in outgoing:
            while batch.append(key=key, value=value, timestamp=None) is None:
                count = batch.record_count()
                sent.append((await self._producer.send_batch(batch, topic, partition=partition), count))
                batch = self._producer.create_batch()
        count = batch.record_count()
        if count:
            sent.append((await self._producer.send_batch(batch, topic, partition=partition), count))
        return sent

    @staticmethod
    async def _last_offset(batches: list[tuple[asyncio.Future[Any], int]]) -> int:
        offset = -1
        for future, count in batches:
            offset = (await future).offset + count - 1
        return offset

    async def stop(self) -> None:
        """Disconnect; a transaction not committed is aborted by the next owner's start, or by its timeout."""
        producer, self._started = self._started, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(self._timeout):
                await producer.stop()
        except (KafkaError, TimeoutError):
            # A fenced or unreachable producer cannot flush; nothing of it was committed, so nothing is lost.
            await internals.abandon(producer)


class NonTransactionalProducer:
    """Sends records at once, outside of transactions; one for all partitions of a worker.

    A checkpoint waits for what was sent before it, so nothing is lost. What was sent after the last checkpoint of a
    worker that dies is sent again by the next owner of its partition.
    """

    def __init__(self, client: Mapping[str, Any], timeout: float) -> None:
        """Prepare a producer; `client` is aiokafka's connection settings; `timeout` bounds a request (seconds)."""
        self._producer = AIOKafkaProducer(**client, acks="all", linger_ms=0, request_timeout_ms=int(timeout * 1000))

    async def start(self) -> None:
        """Connect."""
        await self._producer.start()

    async def send(self, topic: str, outgoing: Outgoing, partition: int | None) -> asyncio.Future[Any]:
        """Send a record, to the key's partition where `partition` is None; the future tells when it is stored."""
        key, value = outgoing
        if partition is not None:
            partition %= len(await self._producer.partitions_for(topic))
        # Without a key aiokafka would choose by chance.
        sent: asyncio.Future[Any] = await self._producer.send(topic, value, key or b"", partition=partition)
        return sent

    async def stop(self) -> None:
        """Send what waits, and disconnect."""
        await self._producer.stop()
