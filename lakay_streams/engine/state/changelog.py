"""Brings stores up with their changelogs: at once before a partition is opened, and continuously for a standby.

Faust's recovery counts records up to the last offset. In a changelog written in transactions that offset is a commit
marker, which no consumer is ever given, so it waits for ever. This judges completion by the consumer's position, which
passes markers, and reads committed records only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import structlog
from aiokafka.structs import TopicPartition

from lakay_streams.engine.kafka.internals import make_records
from lakay_streams.engine.kafka.reader import Fetched, read_to, reader
from lakay_streams.engine.kafka.unpacking import require_readable
from lakay_streams.engine.state.rocksdb import PartitionStore

log = structlog.get_logger()

#: Called with the number of changes restored so far and how many there are at most.
Progress = Callable[[int, int], None]

#: Changes taken at a time, over all changelogs: some milliseconds of RocksDB between two turns of the event loop.
MAX_CHANGES = 2_000


class ChangelogReader:
    """Applies committed changes to open stores, each from where it stands, as far as the changelogs go.

    A store that claims an offset beyond its changelog's end belongs to another changelog (the topic lost records or was
    made anew): it is wiped and rebuilt. Raises aiokafka's `KafkaError`, `StoreError`, and `UnreadableError`; what was
    applied until then is kept.
    """

    def __init__(self, stores: Mapping[TopicPartition, PartitionStore], client: Mapping[str, Any]) -> None:
        """Prepare for `stores`, by changelog partition; `client` is aiokafka's connection settings."""
        self._stores = stores
        self._ends: dict[TopicPartition, int] = {}
        #: The offsets of the stores that were wiped.
        self.wiped: dict[TopicPartition, int] = {}
        # Where the position is gone, the changelog was made anew or cut: the next replay finds out which.
        self._consumer = reader(client, max_partition_fetch_bytes=4 << 20)

    async def start(self) -> None:
        """Connect, and take up each changelog where its store stands."""
        consumer, partitions = self._consumer, list(self._stores)
        await consumer.start()
        make_records(consumer)
        consumer.assign(partitions)
        self._ends = await consumer.end_offsets(partitions)
        begins = await consumer.beginning_offsets(partitions)
        for partition, store in self._stores.items():
            offset = store.offset()
            if offset is not None and offset >= self._ends[partition]:
                store.wipe()
                self.wiped[partition] = offset
                offset = None
            consumer.seek(partition, begins[partition] if offset is None else max(offset + 1, begins[partition]))

    async def behind(self) -> dict[TopicPartition, int]:
        """Return how many records lie before each changelog's end, as far as that is known; markers count."""
        ends = {
            partition: max(end, self._consumer.last_stable_offset(partition) or 0)
            for partition, end in self._ends.items()
        }
        return {partition: max(0, end - await self._consumer.position(partition)) for partition, end in ends.items()}

    async def apply(self, wait_ms: int) -> int:
        """Apply what comes within `wait_ms`, up to `MAX_CHANGES`; return how many changes those were."""
        return self._write(await self._consumer.getmany(timeout_ms=wait_ms, max_records=MAX_CHANGES))

    async def apply_all(self) -> AsyncIterator[int]:
        """Apply what there was at the start, and yield how many changes those were, `MAX_CHANGES` at most at a time."""
        async for fetched in read_to(self._consumer, self._ends, wait_ms=200, max_records=MAX_CHANGES):
            yield self._write(fetched)

    def _write(self, fetched: Fetched) -> int:
        applied = 0
        for partition, records in fetched.items():
            require_readable(records)
            self._stores[partition].write(((record.key, record.value) for record in records), records[-1].offset)
            applied += len(records)
        return applied

    async def stop(self) -> None:
        """Disconnect."""
        await self._consumer.stop()


async def restore(
    stores: Mapping[TopicPartition, PartitionStore],
    client: Mapping[str, Any],
    progress: Progress = lambda _done, _of: None,
) -> int:
    """Bring each open store up to the end of its changelog partition; return how many changes were applied.

    The partition's previous owner must be fenced, so that the end stands still: where a store was ahead of it,
    `changelog_records_lost` tells that states are gone.
    """
    if not stores:
        return 0
    replay = ChangelogReader(stores, client)
    try:
        await replay.start()
        for (topic, number), offset in replay.wiped.items():
            log.error("changelog_records_lost", topic=topic, partition=number, store_offset=offset)
        total = sum((await replay.behind()).values())
        restored = 0
        async for applied in replay.apply_all():
            restored += applied
            progress(restored, total)
        return restored
    finally:
        await replay.stop()
