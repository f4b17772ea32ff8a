"""A consumer group as Kafka knows it: who is in it, what it has committed, and what it has left unprocessed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NoError,
    NotCoordinatorForGroupError,
    for_code,
)
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.engine.kafka import internals
from lakay_streams.engine.kafka.reader import read_to, reader

Committed = dict[TopicPartition, OffsetAndMetadata]
"""The committed offset and metadata of each partition that has one."""

#: Seconds between two looks whether the group's offsets are loaded.
COORDINATOR_LOADING = 0.1

#: Looks for the group's coordinator: the first one in a new Kafka makes the topic that groups are kept in.
COORDINATOR_LOOKS = 100

#: Seconds that a transaction which is ending has to end: its commit is answered before its markers are written.
TRANSACTIONS_END = 2.0


async def fetch_committed(coordinator: internals.Coordinator, partitions: Iterable[TopicPartition]) -> Committed:
    """Ask the group's `coordinator` once for committed offsets; leave out partitions that have none.

    Raises `KafkaError` for any error. aiokafka overlooks one that the broker gives for the whole answer, as it does
    while it loads the group, and takes the empty answer for "nothing is committed": everything would be read again from
    the start.
    """
    topics: dict[str, list[int]] = defaultdict(list)
    for topic, number in partitions:
        topics[topic].append(number)
    response = await internals.ask(coordinator, OffsetFetchRequest(coordinator.group_id, list(topics.items())))
    answers = [
        (TopicPartition(topic, number), *answer) for topic, numbers in response.topics for number, *answer in numbers
    ]
    for code in (response.error_code, *(code for _, _, _, code in answers)):
        error = for_code(code)
        if error is NotCoordinatorForGroupError:
            coordinator.coordinator_dead()
        if error is not NoError:
            raise error()
    return {tp: OffsetAndMetadata(offset, metadata) for tp, offset, metadata, _ in answers if offset >= 0}


async def committed(consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition]) -> Committed:
    """Return the committed offset and metadata of each partition that has one, in the group of `consumer`.

    Raises `KafkaError`.
    """
    coordinator = internals.coordinator_of(consumer)
    while True:
        try:
            await coordinator.ensure_coordinator_known()
            return await fetch_committed(coordinator, partitions)
        except GroupLoadInProgressError:
            # A broker that has just started reads the groups' offsets.
            await asyncio.sleep(COORDINATOR_LOADING)


async def committed_by(group: str, partitions: Iterable[TopicPartition], client: Mapping[str, Any]) -> Committed:
    """Return the committed offset and metadata of each partition that has one; `client` is connection settings.

    Raises `KafkaError`.
    """
    consumer = AIOKafkaConsumer(**client, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        return await committed(consumer, partitions)
    finally:
        await consumer.stop()


async def members(admin: AIOKafkaAdminClient, group: str) -> int:
    """Return how many members the group has; a killed one stays one until its session times out.

    Raises `KafkaError`.
    """
    for _ in range(COORDINATOR_LOOKS):
        try:
            ((error, *_, found),) = (await admin.describe_consumer_groups([group]))[0].groups
            if error == GroupLoadInProgressError.errno:
                raise GroupLoadInProgressError
        except (GroupCoordinatorNotAvailableError, GroupLoadInProgressError):
            await asyncio.sleep(COORDINATOR_LOADING)
            continue
        if error:
            raise for_code(error)(group)
        return len(found)
    raise GroupCoordinatorNotAvailableError(group)


async def unprocessed(
    group: str, partitions: Iterable[TopicPartition], client: Mapping[str, Any]
) -> dict[TopicPartition, int]:
    """Return how many records at most lie behind the group's committed offset, of each partition that has any.

    They are looked at, because offsets alone do not tell a record from a transaction's marker. What stands in or behind
    a transaction that is still open cannot be looked at, and counts. `client` is aiokafka's connection settings. Raises
    `KafkaError`.
    """
    consumer = reader(client, group_id=group)
    await consumer.start()
    internals.make_records(consumer)
    try:
        behind = set(partitions)
        consumer.assign(behind)
        offsets = await committed(consumer, behind)
        begins = await consumer.beginning_offsets(behind)
        ends, undecided = await _ends(consumer, behind, client)
        for tp in behind:
            done = offsets.get(tp)
            consumer.seek(tp, begins[tp] if done is None else max(done.offset, begins[tp]))
        left = {tp: records for tp, records in undecided.items() if records}
        async for fetched in read_to(consumer, ends):
            for tp, records in fetched.items():
                # The first one tells.
                left[tp] = undecided[tp] + ends.pop(tp) - records[0].offset
        return left
    finally:
        await consumer.stop()


async def _ends(
    consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition], client: Mapping[str, Any]
) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """Return where the decided records of each partition end, and how many lie behind that.

    A reader of committed records is told the former, which stand still before the first open transaction.
    """
    whole = AIOKafkaConsumer(**client, enable_auto_commit=False, isolation_level="read_uncommitted")
    await whole.start()
    try:
        last = await whole.end_offsets(partitions)
    finally:
        await whole.stop()
    ends = await consumer.end_offsets(partitions)
    until = monotonic() + TRANSACTIONS_END
    while any(ends[tp] < last[tp] for tp in last) and monotonic() < until:
        await asyncio.sleep(0.1)
        ends = await consumer.end_offsets(partitions)
    return ends, {tp: max(0, last[tp] - ends[tp]) for tp in last}
