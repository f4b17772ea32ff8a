"""Rebuilds stores from their changelog, in bulk, before their partition is opened.

Faust's recovery counts records up to the last offset. In a changelog written in transactions that offset is a commit
marker, which no consumer is ever given, so it waits for ever. This judges completion by the consumer's position, which
passes markers, and reads committed records only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from lakay_streams.engine.store import PartitionStore

#: Called with the number of changes restored so far and how many there are at most.
Progress = Callable[[int, int], None]


async def restore(
    stores: Mapping[TopicPartition, PartitionStore],
    client: Mapping[str, Any],
    progress: Progress = lambda _done, _of: None,
) -> int:
    """Bring each open store up to the end of its changelog partition; return how many changes were applied.

    The partition's previous owner must be fenced, so that the end stands still. A store that claims an offset beyond
    the end belongs to another changelog (the topic was made anew): it is wiped and rebuilt.
    """
    if not stores:
        return 0
    consumer = AIOKafkaConsumer(
        **client,
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
        max_partition_fetch_bytes=4 << 20,
    )
    await consumer.start()
    try:
        consumer.assign(list(stores))
        ends = await consumer.end_offsets(list(stores))
        begins = await consumer.beginning_offsets(list(stores))
        for partition, store in stores.items():
            offset = store.offset()
            if offset is not None and offset >= ends[partition]:
                store.wipe()
                offset = None
            consumer.seek(partition, begins[partition] if offset is None else max(offset + 1, begins[partition]))
        behind = {partition for partition in stores if await consumer.position(partition) < ends[partition]}
        total = sum([ends[partition] - await consumer.position(partition) for partition in behind])
        restored = 0
        while behind:
            for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                stores[partition].write(((record.key, record.value) for record in records), records[-1].offset)
                restored += len(records)
            progress(restored, total)
            behind = {partition for partition in behind if await consumer.position(partition) < ends[partition]}
        return restored
    finally:
        await consumer.stop()
