"""A growth that kills its own process at a point, as a power failure would end it.

The growth knows nothing of this: what it calls is replaced here, in that process only.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Mapping
from enum import Enum
from itertools import islice
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from lakay_streams.contracts.topics import JOURNAL
from lakay_streams.engine.kafka.producer import TransactionalProducer
from lakay_streams.engine.state import redistribution
from lakay_streams.settings import Settings
from lakay_streams.topics.rescale import grow


class Point(Enum):
    """Where a growth can die, in the order of its steps."""

    CHECKED = "everything is checked"
    SOME_CHANGELOGS = "some changelogs have the new partitions"
    CHANGELOGS = "all changelogs have the new partitions"
    FENCED = "a producer has started"
    COPY_SENT = "some states are copied, uncommitted"
    COPIED = "some states are copied"
    CLEAR_SENT = "some states are cleared, uncommitted"
    CLEARED = "some states are cleared"
    SOME_TOPICS = "some topics have the new partitions"
    TOPICS = "all topics have the new partitions"
    IN_FORCE_SENT = "the new count is journalled, uncommitted"
    IN_FORCE = "the new count is in force"


def die(settings: Settings, old: int, new: int, point: Point) -> int | None:
    """Grow in a process that dies at `point`; return its exit code."""
    # Forked from a process that has imported this module and has no threads.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_grow, args=(settings, old, new, point))
    process.start()
    process.join()
    return process.exitcode


def _grow(settings: Settings, old: int, new: int, point: Point) -> None:
    def reach(*points: Point) -> None:
        if point in points:
            os.kill(os.getpid(), signal.SIGKILL)

    create_partitions = AIOKafkaAdminClient.create_partitions
    start, commit = TransactionalProducer.start, TransactionalProducer.commit
    commit_transaction = AIOKafkaProducer.commit_transaction
    committing: list[tuple[Point, Point]] = []

    async def dying_create_partitions(self: Any, topics: Mapping[str, Any], validate_only: bool = False) -> None:
        if validate_only:
            await create_partitions(self, topics, validate_only=True)
            reach(Point.CHECKED)
            return
        changelogs = all(topic.endswith("-changelog") for topic in topics)
        some, every = (Point.SOME_CHANGELOGS, Point.CHANGELOGS) if changelogs else (Point.SOME_TOPICS, Point.TOPICS)
        if point is some:
            topics = dict(islice(topics.items(), len(topics) // 2))
        await create_partitions(self, topics)
        reach(some, every)

    async def dying_start(self: TransactionalProducer) -> None:
        await start(self)
        reach(Point.FENCED)

    async def dying_commit(self: TransactionalProducer, records: Mapping[tuple[str, int], Any], offsets: Any) -> Any:
        topic = next(topic for topic, _ in records)
        cleared = any(value is None for batch in records.values() for _, value in batch)
        if topic == JOURNAL:
            committing.append((Point.IN_FORCE_SENT, Point.IN_FORCE))
        else:
            committing.append((Point.CLEAR_SENT, Point.CLEARED) if cleared else (Point.COPY_SENT, Point.COPIED))
        last = await commit(self, records, offsets)
        reach(committing[-1][1])
        return last

    async def dying_commit_transaction(self: Any) -> None:
        reach(committing[-1][0])
        await commit_transaction(self)

    vars(redistribution)["TRANSACTION_BYTES"] = 1_000
    AIOKafkaAdminClient.create_partitions = dying_create_partitions
    TransactionalProducer.start = dying_start  # type: ignore[method-assign]  # in this process only
    TransactionalProducer.commit = dying_commit  # type: ignore[method-assign]  # in this process only
    AIOKafkaProducer.commit_transaction = dying_commit_transaction
    asyncio.run(grow(settings, old, new))
