"""A batch: consecutive committed records of one partition of one topic, in order.

Faust pays for every message (event-loop passes, tasks, sensors, queue, ack); a batch travels as one message, so that
this is paid once for up to `MAX_RECORDS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

#: Keeps an agent's uninterrupted work on a batch under 10 ms at the slowest expected 50 us a record.
MAX_RECORDS = 200


class Record(Protocol):
    """What a consumed record offers; aiokafka's `ConsumerRecord` is one."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class RecordBatch(NamedTuple):
    """The records of one partition of one topic, fetched under one ownership.

    `epoch` tells under which opening of the partition they were fetched: records from before a rebalance or a failed
    checkpoint carry an older one and are dropped, because the new opening reads them again from the committed offset.
    """

    topic: str
    partition: int
    epoch: int
    records: Sequence[Record]
