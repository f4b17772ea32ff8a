"""The journal: what each checkpoint processed, in order.

Several topics feed one state and Kafka orders nothing between topics; the journal does. It is written in the
checkpoint's own transaction, so that following it gives the same states and outputs again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from aiokafka.structs import TopicPartition

from lakay_streams.engine.kafka.internals import make_records
from lakay_streams.engine.kafka.reader import read_to, reader
from lakay_streams.engine.kafka.unpacking import require_readable


class Segment(NamedTuple):
    """Consecutive records of one topic that were processed without another topic's in between."""

    topic: str
    first_offset: int
    last_offset: int
    records: int


class JournalEntry(msgspec.Struct, frozen=True):
    """One checkpoint of one partition, or without segments a growth: from there on the topics have `partitions`.

    `parked` names the records (topic, offset) that crashed the worker too often and were set aside unprocessed.
    `versions` are those of everything besides events that decisions depended on. `positions` are where the partition
    stands after the checkpoint, by topic, of the consumer group `group`.
    """

    partition: int
    partitions: int
    segments: list[Segment]
    versions: dict[str, str | int]
    parked: list[tuple[str, int]] = []
    group: str = ""
    positions: dict[str, int] = {}

    def encode(self) -> bytes:
        """Return the record value."""
        return msgspec.json.encode(self)

    @staticmethod
    def decode(raw: bytes) -> JournalEntry:
        """Read a record value."""
        return _DECODER.decode(raw)


_DECODER = msgspec.json.Decoder(JournalEntry)

#: Offsets from the end at which to look for a last entry: an entry is followed by its transaction's marker. Where
#: aborted transactions lie at the end, the next look is so many times longer.
LOOK_BACK = 2
LOOK_FURTHER = 32


async def last_entries(
    topic: str, partitions: Iterable[int], group: str, client: Mapping[str, Any]
) -> dict[int, JournalEntry]:
    """Return the last committed entry of the group `group` in each of the journal's `partitions` that has one.

    `client` is aiokafka's connection settings. Raises aiokafka's `KafkaError`, and `UnreadableError`.
    """
    consumer = reader(client)
    last: dict[int, JournalEntry] = {}
    await consumer.start()
    make_records(consumer)
    try:
        behind = {TopicPartition(topic, number) for number in partitions}
        consumer.assign(behind)
        begins, ends = await consumer.beginning_offsets(behind), await consumer.end_offsets(behind)
        back = LOOK_BACK
        while behind:
            starts = {tp: max(begins[tp], ends[tp] - back) for tp in behind}
            for tp, start in starts.items():
                consumer.seek(tp, start)
            async for fetched in read_to(consumer, {tp: ends[tp] for tp in behind}):
                for tp, records in fetched.items():
                    require_readable(records)
                    for entry in map(JournalEntry.decode, (record.value for record in records)):
                        if entry.group == group:
                            last[tp.partition] = entry
            behind = {tp for tp in behind if tp.partition not in last and starts[tp] > begins[tp]}
            back *= LOOK_FURTHER
        return last
    finally:
        await consumer.stop()
