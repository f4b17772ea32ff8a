"""Bronze read back: the records of its files as they came, by offset, and which of them were erased.

    for batch in records(files, kept, keys):        # rows of the manifest, of one topic and partition
        for raw in batch.records: ...

Columns are converted whole, never row by row, since a replay reads everything. Memory is that of the files whose
offsets overlap, and of one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from cryptography.exceptions import InvalidTag
from pyarrow import parquet

from lakay_streams.errors import LakeError, PiiError
from lakay_streams.lake.bronze import Raw
from lakay_streams.lake.files import Files
from lakay_streams.lake.keys import NONCE_BYTES, SealingKey
from lakay_streams.lake.manifest import Kept

BATCH = 16_384
"""Records that are opened at once."""

_ALL = 1 << 63
"""Above every offset."""

_COLUMNS = ("offset", "recorded_at", "key_id", "sealed")

_decode = msgspec.msgpack.Decoder(tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]).decode


Keys = Callable[[Collection[str]], Mapping[str, SealingKey]]
"""Finds keys by the ids that files have, without those that were erased; it may return more."""


class Batch(NamedTuple):
    """Records next to each other by offset, and the offsets of those between them whose key was erased."""

    records: list[Raw]
    erased: list[int]


def fetched(files: Files, kept: Kept) -> bytes:
    """Return a file's content. Raises `LakeError` where it is not there, or not what was written."""
    content = files.get(kept.path)
    if len(content) != kept.bytes or sha256(content).hexdigest() != kept.sha256:
        raise LakeError(f"{kept.path} is not what was written: run `lakay lake verify`, and restore it from a backup.")
    return content


def records(files: Files, kept: Sequence[Kept], keys: Keys, recorded: range | None = None) -> Iterator[Batch]:
    """Yield the records of files of one topic and partition, by offset.

    `recorded` takes only those that Kafka has from a time on and before another (ms UTC). A file is read when its first
    record is due. Raises `LakeError` for one that is not there or not what was written, `PiiError` for a record that is
    not.
    """
    waiting = sorted(kept, key=lambda each: each.first_offset, reverse=True)
    read: list[_Part] = []
    while waiting or read:
        # Small files are read many at once: to sort them together costs less than to go from one to the next.
        while waiting and (_rows(read) < BATCH or waiting[-1].first_offset <= min(part.first for part in read)):
            part = _next(_tables(fetched(files, waiting.pop()), recorded))
            if part is not None:
                read.append(part)
        if not read:
            return
        # Up to here nothing is missing: neither what a file goes on with, nor a file that begins.
        until = min(part.last for part in read if part.goes_on) if any(part.goes_on for part in read) else _ALL
        if waiting:
            until = min(until, waiting[-1].first_offset - 1)
        tables = [part.upto(until) for part in read]
        # A file is sorted already.
        table = tables[0] if len(tables) == 1 else pa.concat_tables(tables).sort_by("offset")
        yield _opened(table, kept[0], keys)
        read = [part for each in read if (part := each.after(until)) is not None]


class _Part(NamedTuple):
    """What comes next of a file, with its first and last offset; whether it goes on, and with what."""

    table: pa.Table
    first: int
    last: int
    goes_on: bool
    rest: Iterator[tuple[pa.Table, bool]]

    def upto(self, until: int) -> pa.Table:
        return self.table if self.last <= until else self.table.slice(0, self._count(until))

    def after(self, until: int) -> _Part | None:
        if self.last <= until:
            return _next(self.rest)
        if until < self.first:
            return self
        table = self.table.slice(self._count(until))
        return self._replace(table=table, first=table["offset"][0].as_py())

    def _count(self, until: int) -> int:
        # A slice copies nothing, where a filter would: a large file may lie between thousands of small ones.
        return int(pc.sum(pc.less_equal(self.table["offset"], until)).as_py())


def _rows(parts: Sequence[_Part]) -> int:
    return sum(len(part.table) for part in parts)


def _next(tables: Iterator[tuple[pa.Table, bool]]) -> _Part | None:
    table, goes_on = next(tables, (None, False))
    if table is None:
        return None
    return _Part(table, table["offset"][0].as_py(), table["offset"][-1].as_py(), goes_on, tables)


def _tables(content: bytes, recorded: range | None) -> Iterator[tuple[pa.Table, bool]]:
    """Yield a file's rows in parts, none of them empty, and whether more may follow."""
    # The file's SHA-256 is verified: its pages' checksums would say the same again.
    with parquet.ParquetFile(pa.BufferReader(content)) as file:
        left = file.metadata.num_rows
        for batch in file.iter_batches(BATCH, columns=_COLUMNS, use_threads=False):
            left -= len(batch)
            table = pa.Table.from_batches([batch])
            if recorded is not None:
                at = pc.field("recorded_at")
                table = table.filter((at >= recorded.start) & (at < recorded.stop))
            if len(table):
                yield table, left > 0


def _opened(table: pa.Table, of: Kept, keys: Keys) -> Batch:
    """Open records of `of`'s topic and partition, which are sorted by offset."""
    offsets, times, key_ids, seals = table.columns
    named = key_ids.combine_chunks().dictionary_encode()
    ids = named.dictionary.to_pylist()
    found = keys(ids)
    ciphers = [key.cipher.decrypt if (key := found.get(each)) else None for each in ids]
    topic, partition = of.topic, of.partition
    # As `Raw.place` has it.
    place = f"{topic}/{partition}/%d".encode()
    opened: list[Raw] = []
    erased: list[int] = []
    offset = of.first_offset
    try:
        for offset, recorded_at, number, sealed in zip(
            offsets.to_pylist(), times.to_pylist(), named.indices.to_pylist(), seals.to_pylist(), strict=True
        ):
            decrypt = ciphers[number]
            if decrypt is None:
                erased.append(offset)
            else:
                plain = decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place % offset)
                opened.append(Raw(topic, partition, offset, recorded_at, *_decode(plain)))
    except (InvalidTag, ValueError):
        raise PiiError(
            f"{topic}/{partition}/{offset} does not open: it was changed after it was sealed, or moved there."
        ) from None
    return Batch(opened, erased)
