"""What a worker can tell of itself at one moment: an immutable snapshot, taken on the worker's own event loop."""

from __future__ import annotations

import time
from typing import NamedTuple

from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.consumer_thread import Progress
from lakay_streams.engine.kafka.transport import Consumer
from lakay_streams.engine.state import rocksdb
from lakay_streams.engine.state.standby import Standby
from lakay_streams.engine.task.task import StreamTask
from lakay_streams.errors import StoreError


class SourceStats(NamedTuple):
    """One partition of a source topic. Offsets are next offsets, None while unknown; `lag` is the records that wait."""

    topic: str
    partition: int
    end_offset: int | None
    processed_offset: int | None
    committed_offset: int | None
    lag: int | None


class PartitionStats(NamedTuple):
    """One owned partition: its last checkpoint, and what it has committed since it was opened. Times are in seconds."""

    partition: int
    checkpoints: int
    age_seconds: float | None
    duration_seconds: float
    records: int
    outputs: int
    pending_records: int


class TableStats(NamedTuple):
    """One partition of a table: decoded states in memory, states to write, and what RocksDB says of itself."""

    table: str
    partition: int
    cached_states: int
    changed_states: int
    estimated_keys: int
    estimated_bytes: int


class StandbyStats(NamedTuple):
    """A partition of another worker of which this one keeps a copy; `behind` is in changelog records."""

    partition: int
    behind: int | None


class EngineStats(NamedTuple):
    """Everything at one moment. `restored` counts changes of the last recovery, of `to_restore` at most.

    `rocksdb_bytes` is RocksDB's memory in this process.
    """

    connected: bool
    ready: bool
    assigned: tuple[int, ...]
    opened: tuple[int, ...]
    sources: tuple[SourceStats, ...]
    partitions: tuple[PartitionStats, ...]
    tables: tuple[TableStats, ...]
    standbys: tuple[StandbyStats, ...]
    rocksdb_bytes: int
    restored: int
    to_restore: int
    reopened: int
    fenced: int


NOTHING_YET = EngineStats(False, False, (), (), (), (), (), (), 0, 0, 0, 0, 0)
"""Before anything of Kafka has started."""


def take(app: StreamApp) -> EngineStats:
    """Return the snapshot of now; call it on the worker's event loop."""
    consumer = app.consumer
    if not isinstance(consumer, Consumer) or not consumer.started:
        return NOTHING_YET
    task_manager = app.task_manager
    changelogs = task_manager.changelog_topics
    progress = {tp: each for tp, each in consumer.progress().items() if tp.topic not in changelogs}
    owned = sorted(task_manager.partitions.items())
    return EngineStats(
        connected=task_manager.connected,
        ready=task_manager.ready,
        assigned=tuple(sorted(task_manager.assigned)),
        opened=tuple(number for number, _ in owned),
        sources=tuple(
            _source(topic, number, each, task_manager.partitions.get(number))
            for (topic, number), each in sorted(progress.items())
        ),
        partitions=tuple(_partition(partition) for _, partition in owned),
        tables=tuple(
            TableStats(name, number, states.cached, states.changed, *_estimates(partition, name))
            for number, partition in owned
            for name, states in sorted(partition.states.items())
        ),
        standbys=_standbys(task_manager.standby),
        rocksdb_bytes=rocksdb.memory(),
        restored=task_manager.restored[0],
        to_restore=task_manager.restored[1],
        reopened=task_manager.reopened,
        fenced=task_manager.fenced,
    )


def _source(topic: str, number: int, progress: Progress, partition: StreamTask | None) -> SourceStats:
    end, read, delivered = progress
    processed = partition.positions.get(topic) if partition else None
    at = read
    if processed is not None and delivered is not None and processed < delivered:
        at = processed
    return SourceStats(
        topic,
        number,
        end_offset=end,
        processed_offset=processed,
        committed_offset=partition.committed.get(topic) if partition else None,
        lag=None if end is None or at is None else max(0, end - at),
    )


def _partition(partition: StreamTask) -> PartitionStats:
    last = partition.stats
    return PartitionStats(
        partition.number,
        partition.checkpoints,
        age_seconds=round(time.monotonic() - last.at, 3) if last.at else None,
        duration_seconds=round(last.seconds, 4),
        records=partition.records,
        outputs=partition.outputs,
        pending_records=partition.pending,
    )


def _standbys(standby: Standby | None) -> tuple[StandbyStats, ...]:
    if standby is None:
        return ()
    return tuple(StandbyStats(number, standby.behind.get(number)) for number in standby.numbers)


def _estimates(partition: StreamTask, table: str) -> tuple[int, int]:
    try:
        return partition.states[table].store.estimates()
    except (StoreError, RuntimeError):
        # Closed between two looks: a rebalance is taking it away.
        return 0, 0
