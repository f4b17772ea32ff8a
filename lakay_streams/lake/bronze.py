"""Bronze: every record as it came, in Parquet files by topic, event type and event date.

A row is a record. What says something of a person (key, value, headers) is sealed as one, under the person's key of the
month (`keys`); the other columns are what files are found, joined and deleted by. Sealed is a MessagePack array
[key, value, headers], bound to `topic/partition/offset`: docs/lake.md has a reader of ten lines.

A file's name says what is in it: `bronze/topic=…/event_type=…/event_date=…/partition-first-last-recorded.parquet`. So a
flush that is done again finds the file it has written already.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import NamedTuple

import msgspec
import pyarrow as pa
from pyarrow import parquet

from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.lake.keys import NOBODY, SealingKey, Whose

LAYER = "bronze"
UNREADABLE = "unreadable"
"""The event type of what cannot be read: no JSON object, or one that names no type."""

SCHEMA = pa.schema(
    [
        pa.field("topic", pa.string(), nullable=False),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("recorded_at", pa.int64(), nullable=False, metadata={"unit": "ms since 1970, UTC"}),
        pa.field("event_type", pa.string(), nullable=False),
        pa.field("event_date", pa.date32(), nullable=False),
        pa.field("event_id", pa.string()),
        pa.field("event_version", pa.string()),
        pa.field("occurred_at", pa.int64(), metadata={"unit": "ms since 1970, UTC"}),
        pa.field("key_id", pa.string(), nullable=False),
        pa.field("sealed", pa.binary(), nullable=False),
        pa.field("value_bytes", pa.int32()),
    ]
)

_PATH = re.compile(
    rf"{LAYER}/topic=(?P<topic>[^/]+)/event_type=[^/]+/event_date=[0-9-]+/"
    r"(?P<partition>[0-9]{5,})-(?P<first>[0-9]{20})-(?P<last>[0-9]{20})-[0-9-]+\.parquet"
)
_EPOCH = date(1970, 1, 1)
_DAY_MS = 86_400_000
_WORD_CHARS = 64
_IS_IN_WORD = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


class Raw(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A record of Kafka; times are ms UTC."""

    topic: str
    partition: int
    offset: int
    recorded_at: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def place(self) -> str:
        """What its seal is bound to."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Read(NamedTuple):
    """What a record says of itself. `user_id` is whose key seals it."""

    event_type: str
    event_id: str | None
    event_version: str | None
    occurred_at: int | None
    user_id: str
    day: date


class _Payload(msgspec.Struct, gc=False):
    user_id: object = None
    sender_id: object = None


class _Envelope(msgspec.Struct, gc=False):
    event_type: object = None
    event_id: object = None
    event_version: object = None
    timestamp: object = None
    occurred_at: object = None
    user_id: object = None
    payload: _Payload | None = None


_read = msgspec.json.Decoder(_Envelope).decode
_NOTHING = _Envelope()
_NO_PAYLOAD = _Payload()


def read(raw: Raw, event_type: str | None) -> Read:
    """Return what a record says of itself; `event_type` is the one type of its topic, None where records have theirs.

    Nothing is judged here: what contradicts its contract is bronze, too.
    """
    try:
        envelope = _read(raw.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        envelope = _NOTHING
    payload = envelope.payload or _NO_PAYLOAD
    occurred_at = _millis(envelope.timestamp) or _millis(envelope.occurred_at)
    # A clock that is wrong by years, or no clock: the day of the record, which Kafka's own clock may have set.
    day = _EPOCH + timedelta(days=max(0, occurred_at or raw.recorded_at) // _DAY_MS)
    return Read(
        event_type or _word(envelope.event_type) or UNREADABLE,
        _text(envelope.event_id),
        _text(envelope.event_version),
        occurred_at,
        _text(envelope.user_id) or _text(payload.user_id) or _text(payload.sender_id) or NOBODY,
        day,
    )


def whose(seen: Read) -> Whose:
    """Return whose key of which month seals a record."""
    return seen.user_id, seen.day.replace(day=1)


class File(NamedTuple):
    """A file of the lake, whole in memory, and its row in the manifest."""

    path: str
    content: bytes
    topic: str
    partition: int
    event_type: str
    event_date: date
    first_offset: int
    last_offset: int
    records: int
    keys: frozenset[str]

    @property
    def sha256(self) -> str:
        """The content's digest, as hex."""
        return sha256(self.content).hexdigest()


class Span(NamedTuple):
    """Which records a file says it has, by its name."""

    topic: str
    partition: int
    first_offset: int
    last_offset: int


def span_of(path: str) -> Span | None:
    """Return which records a file of bronze has, by its name; None for a name that no flush gives."""
    found = _PATH.fullmatch(path)
    return Span(found["topic"], int(found["partition"]), int(found["first"]), int(found["last"])) if found else None


def files_of(records: Sequence[tuple[Raw, Read]], keys: Mapping[Whose, SealingKey]) -> list[File]:
    """Return the files of one flush: each has the records of one topic, partition, type and day, by offset."""
    together: dict[tuple[str, int, str, date], list[tuple[Raw, Read]]] = defaultdict(list)
    for raw, seen in records:
        together[raw.topic, raw.partition, seen.event_type, seen.day].append((raw, seen))
    return [_file(rows, keys) for rows in together.values()]


def table_of(rows: Iterable[tuple[Raw, Read]], keys: Mapping[Whose, SealingKey]) -> pa.Table:
    """Return records as a table of `SCHEMA`."""
    columns: list[list[object]] = [[] for _ in SCHEMA]
    add = [column.append for column in columns]
    encode = msgspec.msgpack.Encoder().encode
    for raw, seen in rows:
        key = keys[whose(seen)]
        sealed = key.seal(encode((raw.key, raw.value, raw.headers)), raw.place)
        for put, value in zip(
            add,
            (
                *(raw.topic, raw.partition, raw.offset, raw.recorded_at, seen.event_type, seen.day, seen.event_id),
                *(seen.event_version, seen.occurred_at, str(key.id), sealed),
                None if raw.value is None else len(raw.value),
            ),
            strict=True,
        ):
            put(value)
    return pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def _file(rows: list[tuple[Raw, Read]], keys: Mapping[Whose, SealingKey]) -> File:
    rows.sort(key=lambda each: each[0].offset)
    return file_of(table_of(rows, keys))


def merged(contents: Iterable[bytes]) -> File:
    """Return one file in the place of several of the same topic, partition, type and day, sorted by offset.

    Their SHA-256 is verified: pages' checksums would say the same again.
    """
    tables = [parquet.read_table(pa.BufferReader(each)) for each in contents]
    return file_of(pa.concat_tables(tables).sort_by("offset").combine_chunks())


def file_of(table: pa.Table) -> File:
    """Return records of one topic, partition, type and day, which are sorted by offset, as a file."""
    first, last = table.slice(0, 1).to_pylist()[0], table.slice(len(table) - 1).to_pylist()[0]
    name = f"{first['partition']:05}-{first['offset']:020}-{last['offset']:020}-{first['recorded_at']:013}.parquet"
    folder = f"topic={first['topic']}/event_type={first['event_type']}/event_date={first['event_date'].isoformat()}"
    buffer = pa.BufferOutputStream()
    parquet.write_table(
        table,
        buffer,
        compression="zstd",
        use_dictionary=["topic", "event_type", "event_date", "event_version", "key_id"],
        write_statistics=True,
        write_page_checksum=True,
        sorting_columns=[parquet.SortingColumn(SCHEMA.get_field_index("offset"))],
    )
    return File(
        f"{LAYER}/{folder}/{name}",
        buffer.getvalue().to_pybytes(),
        first["topic"],
        first["partition"],
        first["event_type"],
        first["event_date"],
        first["offset"],
        last["offset"],
        len(table),
        frozenset(table["key_id"].unique().to_pylist()),
    )


class Found(NamedTuple):
    """What is in a file: offset, time and length of each record, in its order, and the ids of their keys."""

    records: list[tuple[int, int, int | None]]
    keys: frozenset[str]


def found_in(content: bytes) -> Found:
    """Return what is in a file.

    Raises `pa.ArrowInvalid` for what is no file of ours.
    """
    columns = ["offset", "recorded_at", "value_bytes", "key_id"]
    table = parquet.read_table(pa.BufferReader(content), columns=columns, page_checksum_verification=True)
    *told, keys = table.columns
    return Found(list(zip(*(column.to_pylist() for column in told), strict=True)), frozenset(keys.unique().to_pylist()))


def _millis(value: object) -> int | None:
    try:
        return to_millis(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _word(value: object) -> str | None:
    """Return a type that can be a folder's name."""
    is_word = isinstance(value, str) and 0 < len(value) <= _WORD_CHARS and _IS_IN_WORD.issuperset(value)
    return value if is_word and isinstance(value, str) and value[0].isalpha() else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
