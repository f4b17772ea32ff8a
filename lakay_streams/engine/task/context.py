"""The batch context: a batch in a processor's hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.kafka.unpacking import Unreadable
from lakay_streams.engine.state.reference import GlobalTable
from lakay_streams.engine.state.table import StateTable, WriteBackCache
from lakay_streams.engine.task.crashes import DEAD_LETTER_AFTER
from lakay_streams.engine.task.task import StreamTask
from lakay_streams.errors import EngineError, UnreadableError

State = TypeVar("State")
Value = TypeVar("Value")


class BatchContext:
    """A batch being processed: the only way in which an agent reads and changes a partition.

    Iterating yields the records to process. Returning without an exception counts them as processed; nothing reaches
    Kafka or RocksDB before the next checkpoint.
    """

    def __init__(self, partition: StreamTask, topic: str, records: Sequence[Record]) -> None:
        """Work on `records` of `topic` in `partition`."""
        self.partition = partition
        self.topic = topic
        self.records = records
        self.current: Record | None = None

    def __iter__(self) -> Iterator[Record]:
        """Yield each record to process; one that crashed workers too often, or is too large, is dead-lettered instead.

        Raises `UnreadableError` for one that could not be read; that is put on its account, too.
        """
        poison = self.partition.poison(self.topic)
        for record in self.records:
            self.current = record
            if type(record) is Unreadable:
                if not (record.too_large or record.offset in poison):
                    raise UnreadableError(record.reason)
                self.partition.dead_lettered(record)
                self.partition.options.dead_letter(self, record, record.reason)
                continue
            if record.offset in poison:
                self.partition.dead_lettered(record)
                self.partition.options.dead_letter(self, record, f"crashed the worker {DEAD_LETTER_AFTER} times")
                continue
            yield record

    def states(self, table: StateTable[State]) -> WriteBackCache[State]:
        """Return this partition's states of `table`."""
        return self.partition.states[table.name]

    def reference(self, reference: GlobalTable[Value]) -> Value:
        """Return the value of `reference` in force since the last checkpoint."""
        return self.partition.in_force(reference)

    def emit(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        *,
        partition: int | None = None,
    ) -> None:
        """Send a record with the next checkpoint; to the key's partition unless `partition` is given.

        Raises `EngineError` for a record that no broker would take: it would fail every checkpoint for ever.
        """
        size = len(key or b"") + len(value or b"")
        bound = self.partition.options.max_output_bytes
        if size > bound:
            raise EngineError(f"a record of {size} bytes for {topic} is over the {bound} that brokers take")
        self.partition.outbox.send(topic, (key, value), partition)


Processor = Callable[[BatchContext], None]
"""What an agent does with a batch (`StreamApp.process`).

A function, which awaits nothing: between two records of a batch nothing else may see or change the partition.
"""
