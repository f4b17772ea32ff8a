"""Which versions of which events are seen on the trebanx.* topics: the schema registry of the runbook (section 3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from lakay_streams.archive.rows import SCHEMA_VERSIONS, Row
from lakay_streams.contracts.timestamps import to_text
from lakay_streams.contracts.topics import TOPIC_OF
from lakay_streams.engine.kafka.batch import Record

_VERSION = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){1,2}")


class _Envelope(msgspec.Struct):
    event_type: str
    event_version: str


_DECODER = msgspec.json.Decoder(_Envelope)


def versions_seen(records: Sequence[Record]) -> Iterator[Row]:
    """Yield one row for each version of an event among records of one topic.

    What is no event that Lakay knows, or has no version, is a worker's to reject.
    """
    counts: dict[tuple[str, str], list[int]] = {}
    for record in records:
        try:
            envelope = _DECODER.decode(record.value or b"")
        except msgspec.DecodeError:
            continue
        seen = counts.get((envelope.event_type, envelope.event_version))
        if seen is None:
            if TOPIC_OF.get(envelope.event_type) != record.topic or not _VERSION.fullmatch(envelope.event_version):
                continue
            counts[envelope.event_type, envelope.event_version] = [1, record.timestamp, record.timestamp]
        else:
            seen[0] += 1
            seen[1] = min(seen[1], record.timestamp)
            seen[2] = max(seen[2], record.timestamp)
    for (event_type, event_version), (events, first, last) in counts.items():
        row = {
            "event_type": event_type,
            "event_version": event_version,
            "topic": TOPIC_OF[event_type],
            "events": events,
            "first_seen_at": to_text(max(0, first)),
            "last_seen_at": to_text(max(0, last)),
        }
        yield Row(SCHEMA_VERSIONS, "", msgspec.json.encode(row))
