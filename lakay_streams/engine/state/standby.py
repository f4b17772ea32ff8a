"""Standby: keeps the stores of partitions that other workers own up with their changelogs.

When such a worker dies, the group gives its partitions to the worker that stands by for them, which then has only the
changelogs' last records to replay. Faust's assignor deals standbys out and promotes them; its recovery, which feeds
them, applies a record at a time and reads a changelog whole.

A standby writes to its local stores only. What goes wrong with it is logged and tried again, and hurts nobody: an
opening restores whatever a standby has not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from lakay_streams.engine.state.changelog import ChangelogReader
from lakay_streams.engine.state.rocksdb import PartitionStore
from lakay_streams.engine.state.table import StateTable
from lakay_streams.errors import StoreError

log = structlog.get_logger()

#: Seconds before a standby that failed is tried again.
BACKOFF_S = 5.0


class Standby:
    """Stands by for the partitions `numbers` from its making until `leave`."""

    def __init__(self, numbers: Iterable[int], tables: Iterable[StateTable[Any]], client: Mapping[str, Any]) -> None:
        """Begin: the task that follows the changelogs starts at once."""
        self.numbers = sorted(numbers)
        #: Records between each partition's stores and their changelogs' ends; none of a partition not looked at yet.
        self.behind: dict[int, int] = {}
        self._stores = {
            TopicPartition(table.changelog_topic.get_topic_name(), number): PartitionStore(table.store_path(number))
            for table in tables
            for number in self.numbers
        }
        self._client = client
        self._leaving = False
        self._task = asyncio.create_task(self._run())

    async def leave(self) -> None:
        """End, with every store closed: a partition that is promoted opens them next."""
        # Not by cancelling alone: aiokafka, which closes when a copy has failed, may swallow that.
        self._leaving = True
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while self._stores and not self._leaving:
            try:
                await self._follow()
            except (KafkaError, StoreError, OSError) as exc:
                log.warning("standby_failed", partitions=self.numbers, error=str(exc), kind=type(exc).__name__)
            except Exception as exc:
                log.error("standby_failed", partitions=self.numbers, kind=type(exc).__name__, exc_info=exc)
            if not self._leaving:
                await asyncio.sleep(BACKOFF_S)

    async def _follow(self) -> None:
        replay = ChangelogReader(self._stores, self._client)
        try:
            for store in self._stores.values():
                store.open()
                # It takes some ten milliseconds, and there may be a hundred.
                await asyncio.sleep(0)
            await replay.start()
            while not self._leaving:
                await replay.apply(wait_ms=500)
                behind = await replay.behind()
                self.behind = {
                    number: sum(records for partition, records in behind.items() if partition.partition == number)
                    for number in self.numbers
                }
        finally:
            # Stores first: their locks must not wait for a broker that is away.
            for store in self._stores.values():
                store.close()
            self.behind = {}
            await replay.stop()
