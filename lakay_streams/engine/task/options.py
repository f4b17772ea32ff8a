"""How partitions checkpoint, and what a checkpoint tells of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.kafka.unpacking import UNPACKED_BYTES


class Emitter(Protocol):
    """What takes the record that tells of one set aside."""

    def emit(self, topic: str, key: bytes | None, value: bytes | None, *, partition: int | None = None) -> None:
        """Send a record with the next checkpoint; to the key's partition unless `partition` is given."""


#: The largest key and value of an output: with its overhead it fits the 1,048,588 bytes that brokers take by default.
MAX_RECORD_BYTES = 1_000_000


class CheckpointStats(NamedTuple):
    """What the last checkpoint was. Times are in seconds; `at` is the monotonic clock's."""

    at: float = 0.0
    seconds: float = 0.0
    records: int = 0
    states: int = 0
    outputs: int = 0


class Options(NamedTuple):
    """How partitions checkpoint.

    A checkpoint is due `interval` seconds after the first record since the last one, at `max_records`, or where their
    values have `max_bytes`; records that are processed while one is on its way wait for `schedule.pause_after`. A task
    that catches up takes up to `schedule.CATCHING_UP_S` longer. An output has `max_output_bytes` at most.
    The journal goes to `journal_topic`, if there is one. `dead_letter` sets a record aside that crashed the worker
    `DEAD_LETTER_AFTER` times, or a batch that unpacks to more than `unpacked_bytes`. Outputs to `at_least_once_topics`
    do not wait for the checkpoint: they are sent after their batch, outside of the transaction, and so at least once.
    `versions` are the constant part of what the journal says was in force. `checkpointed` is told of every checkpoint.
    """

    journal_topic: str | None
    dead_letter: Callable[[Emitter, Record, str], None]
    interval: float = 0.1
    max_records: int = 5_000
    max_bytes: int | None = None
    max_output_bytes: int = MAX_RECORD_BYTES
    cache_bytes: int = 256 << 20
    unpacked_bytes: int = UNPACKED_BYTES
    timeout: float = 30.0
    at_least_once_topics: frozenset[str] = frozenset()
    versions: Mapping[str, str | int] = {}
    checkpointed: Callable[[CheckpointStats], None] = lambda _stats: None
