"""This project's engine at the common job with one of its optimisations undone: what that one is worth.

Each is named after what is left out or put back. The engine has no switches for this; its modules' names are replaced,
in the worker's process only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Never

from aiokafka import AIOKafkaProducer

from benchmarks.contenders import Job, lakay_engine
from benchmarks.contenders.watched import prepare
from benchmarks.contenders.watched import run_worker as run
from lakay_streams.engine import app
from lakay_streams.engine.kafka import batch, internals, producer
from lakay_streams.engine.kafka.committer import Outgoing
from lakay_streams.engine.state import rocksdb, table
from lakay_streams.engine.task import task
from lakay_streams.engine.task.options import Options
from lakay_streams.process import garbage

__all__ = ["UNDONE", "prepare", "run", "worker"]


class SendsRecords(producer.TransactionalProducer):
    """Hands aiokafka one record at a time, instead of ready-made batches."""

    async def _send(
        self, target: tuple[str, int], outgoing: Iterable[Outgoing]
    ) -> list[tuple[asyncio.Future[Any], int]]:
        topic, partition = target
        return [(await self._producer.send(topic, value, key, partition=partition), 1) for key, value in outgoing]


class KeepsNothing(table.WriteBackCache[Any]):
    """Forgets every decoded state at each checkpoint."""

    @property
    def cached_bytes(self) -> float:
        """More than there may be, so that something is forgotten each time."""
        return float("inf")

    def evict(self, part: float) -> None:
        """Forget what is written."""
        self._cached = dict(self._changed)


def without_batches() -> None:
    """Give agents one record at a time."""
    batch.MIN_RECORDS = batch.MAX_RECORDS = 1


def without_write_back() -> None:
    """Take a checkpoint as soon as a record is processed, instead of every 100 ms."""
    vars(lakay_engine)["Options"] = partial(Options, max_records=1)


def without_cache() -> None:
    """Read and decode a state again after each checkpoint."""
    vars(task)["WriteBackCache"] = KeepsNothing


def without_ready_made_batches() -> None:
    """Send changelog and outputs by aiokafka's `send`, record by record."""
    vars(app)["TransactionalProducer"] = SendsRecords


def with_lz4() -> None:
    """Compress what is produced."""

    def compressing(**arguments: Any) -> AIOKafkaProducer:
        return AIOKafkaProducer(**arguments | {"compression_type": "lz4"})

    vars(producer)["AIOKafkaProducer"] = compressing


def with_pythons_gc() -> None:
    """Collect garbage at Python's own thresholds."""
    garbage.COLLECT_AFTER = (700, 10, 10)


def with_rocksdbs_log() -> None:
    """Have RocksDB write its own log too."""
    rocksdb.WITHOUT_LOG.disable_wal = False  # type: ignore[method-assign,assignment]  # as in `rocksdb`


def with_aiokafkas_records() -> None:
    """Take records as aiokafka makes them."""
    vars(internals)["FetchResult"] = ()  # of which nothing is an instance


UNDONE: dict[str, Callable[[], None]] = {
    "without-batches": without_batches,
    "without-write-back": without_write_back,
    "without-cache": without_cache,
    "without-ready-made-batches": without_ready_made_batches,
    "with-lz4": with_lz4,
    "with-pythons-gc": with_pythons_gc,
    "with-rocksdbs-log": with_rocksdbs_log,
    "with-aiokafkas-records": with_aiokafkas_records,
}


def worker(job: Job) -> Never:
    """Undo the one and run the engine's worker until it is killed."""
    UNDONE[job.name]()
    lakay_engine.worker(job)
