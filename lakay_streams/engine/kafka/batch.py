"""A batch: consecutive committed records of one partition of one topic, in order.

Faust pays for every message (event-loop passes, tasks, sensors, queue, ack); a batch travels as one message, so that
this is paid once for a few hundred.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

#: Seconds for which agents work without a pause: checkpoints and replies of Kafka share their event loop.
TARGET_BATCH_SECONDS = 0.016

#: Bounds of a turn, whatever its records take: a stall of the machine must not end batching, nor a lull bloat it.
MIN_RECORDS, MAX_RECORDS = 20, 400

#: Records over which the pace is averaged.
_AVERAGED = 2_000


class AdaptiveBatchSize:
    """How long agents take for a record, and so how many records make a turn."""

    def __init__(self) -> None:
        """Start with a guess."""
        self._seconds_per_record = TARGET_BATCH_SECONDS / 200

    def took(self, records: int, seconds: float) -> None:
        """Learn that a batch of `records` took `seconds`."""
        if records:
            self._seconds_per_record += min(1.0, records / _AVERAGED) * (seconds / records - self._seconds_per_record)

    @property
    def records(self) -> int:
        """How many records the next turn may have."""
        return min(MAX_RECORDS, max(MIN_RECORDS, int(TARGET_BATCH_SECONDS / self._seconds_per_record)))


class Record(msgspec.Struct, frozen=True, gc=False):
    """A consumed record; `timestamp` is in ms UTC. The garbage collector walks none of the thousands that wait."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


class RecordBatch(NamedTuple):
    """The records of one partition of one topic, fetched under one ownership.

    `epoch` tells under which opening of the partition they were fetched: records from before a rebalance or a failed
    checkpoint carry an older one and are dropped, because the new opening reads them again from the committed offset.
    """

    topic: str
    partition: int
    epoch: int
    records: Sequence[Record]
