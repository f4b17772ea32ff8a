"""The journal: what each checkpoint processed, in order.

Several topics feed one state and Kafka orders nothing between topics; the journal does. It is written in the
checkpoint's own transaction, so that following it gives the same states and outputs again.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Segment(NamedTuple):
    """Consecutive records of one topic that were processed without another topic's in between."""

    topic: str
    first_offset: int
    last_offset: int
    records: int


class JournalEntry(msgspec.Struct, frozen=True):
    """One checkpoint of one partition.

    `parked` names the records (topic, offset) that crashed the worker too often and were set aside unprocessed.
    `versions` are those of everything besides events that decisions depended on.
    """

    partition: int
    segments: list[Segment]
    versions: dict[str, str | int]
    parked: list[tuple[str, int]] = []

    def encode(self) -> bytes:
        """Return the record value."""
        return msgspec.json.encode(self)

    @staticmethod
    def decode(raw: bytes) -> JournalEntry:
        """Read a record value."""
        return _DECODER.decode(raw)


_DECODER = msgspec.json.Decoder(JournalEntry)
