"""The outbox: what a task has sent and no checkpoint has committed yet.

Most outputs wait for the checkpoint, which commits them. Those to at-least-once topics go out after their batch; their
checkpoint waits until the brokers have acknowledged them.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from typing import Any, NamedTuple

from lakay_streams.engine.kafka.committer import Outgoing
from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.kafka.producer import NonTransactionalProducer

Addressed = dict[tuple[str, int], list[Outgoing]]
"""Records by topic and partition."""

#: Outputs addressed between two turns of the event loop.
YIELD_EVERY = 250


class Outputs(NamedTuple):
    """One checkpoint's share: outputs by topic, each with the partition that was asked for, and acknowledgements."""

    waiting: dict[str, list[tuple[int | None, Outgoing]]]
    sent: list[asyncio.Future[Any]]

    @property
    def total(self) -> int:
        """How many outputs there are of both kinds."""
        return sum(map(len, self.waiting.values())) + len(self.sent)


class Outbox:
    """Takes a task's outputs, and hands each checkpoint its share."""

    def __init__(
        self,
        at_least_once_topics: Collection[str],
        non_transactional: NonTransactionalProducer | None,
        partitions_of: Callable[[str], Awaitable[int]],
    ) -> None:
        """Be empty.

        `non_transactional` sends to `at_least_once_topics`; `partitions_of` tells how many partitions a topic has.
        """
        self._at_least_once_topics = at_least_once_topics
        self._non_transactional = non_transactional
        self._partitions_of = partitions_of
        self._waiting: dict[str, list[tuple[int | None, Outgoing]]] = defaultdict(list)
        self._of_batch: list[tuple[str, Outgoing, int | None]] = []
        self._sent: list[asyncio.Future[Any]] = []
        self._counts: dict[str, int] = {}

    def send(self, topic: str, outgoing: Outgoing, partition: int | None) -> None:
        """Send a record with the next checkpoint, or after its batch; to the key's partition unless one is given."""
        if topic in self._at_least_once_topics:
            self._of_batch.append((topic, outgoing, partition))
        else:
            self._waiting[topic].append((partition, outgoing))

    async def send_batch(self) -> None:
        """Send the finished batch's outputs that do not wait for the checkpoint. Raises `KafkaError`."""
        if not self._of_batch or self._non_transactional is None:
            return
        outputs, self._of_batch = self._of_batch, []
        for output in outputs:
            self._sent.append(await self._non_transactional.send(*output))

    def take(self) -> Outputs:
        """Hand a checkpoint everything that was sent since the last one."""
        share = Outputs(self._waiting, self._sent)
        self._waiting, self._sent = defaultdict(list), []
        return share

    async def addressed(self, share: Outputs) -> Addressed:
        """Return a share's waiting outputs by the partition that each goes to. Raises `KafkaError`."""
        addressed: Addressed = defaultdict(list)
        in_this_turn = 0
        for topic, records in share.waiting.items():
            if topic not in self._counts:
                self._counts[topic] = await self._partitions_of(topic)
            partitions = self._counts[topic]
            for partition, outgoing in records:
                key, _ = outgoing
                target = partition_of(key or b"", partitions) if partition is None else partition % partitions
                addressed[topic, target].append(outgoing)
                in_this_turn += 1
                if in_this_turn == YIELD_EVERY:
                    in_this_turn = 0
                    await asyncio.sleep(0)
        return dict(addressed)
