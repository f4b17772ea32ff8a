"""Fetched records that wait for their agents, handed out in the order of their timestamps across topics.

Kafka orders nothing between topics. A worker that catches up and drains one topic after another scores a day's
transfers before it has seen the logins between them. Kafka Streams picks the partition whose next record is oldest, and
so does this; a turn's length is how far topics may run ahead of each other.
"""

from __future__ import annotations

from collections.abc import Iterator

from faust.types import TP

from lakay_streams.engine.kafka.batch import Record, RecordBatch


class RecordQueue:
    """The records of one topic partition, in order, from `start`."""

    __slots__ = ("epoch", "records", "start")

    def __init__(self, epoch: int, records: list[Record]) -> None:
        """Hold `records`, which were fetched under `epoch`."""
        self.epoch = epoch
        self.records = records
        self.start = 0


class PartitionGroup:
    """Records by topic partition; `take` hands out the oldest."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._held: dict[TP, RecordQueue] = {}

    def __bool__(self) -> bool:
        """Whether any record waits."""
        return bool(self._held)

    def __iter__(self) -> Iterator[TP]:
        """Yield the topic partitions with waiting records."""
        return iter(self._held)

    def add(self, tp: TP, epoch: int, records: list[Record]) -> None:
        """Put records behind those that wait; records of an older epoch are dropped, since they will be read again."""
        held = self._held.get(tp)
        if held is None or held.epoch != epoch:
            self._held[tp] = RecordQueue(epoch, records)
        else:
            held.records += records

    def take(self, limit: int) -> list[RecordBatch]:
        """Return up to `limit` records: those of the topic partition whose next record is oldest, then of the next."""
        taken: list[RecordBatch] = []
        for tp, held in sorted(self._held.items(), key=lambda item: item[1].records[item[1].start].timestamp):
            end = held.start + limit
            taken.append(RecordBatch(tp.topic, tp.partition, held.epoch, held.records[held.start : end]))
            if end < len(held.records):
                held.start = end
            else:
                del self._held[tp]
            limit -= len(taken[-1].records)
            if not limit:
                break
        return taken

    def clear(self) -> None:
        """Forget everything: it will be read again by whoever owns it next."""
        self._held.clear()
