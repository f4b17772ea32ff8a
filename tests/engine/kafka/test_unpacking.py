"""What a producer compressed is unpacked within a bound, and what cannot be read stops no stream."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from aiokafka.record.util import calc_crc32c
from aiokafka.structs import TopicPartition

from lakay_streams.engine.kafka import internals, unpacking
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.kafka.unpacking import Unreadable
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.engine.task.task import StreamTask
from lakay_streams.errors import UnreadableError
from tests.engine.harness import caught_up, produce, read, workers
from tests.engine.test_exactly_once import prepare

CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
BOUND = 100_000
TP = TopicPartition("in", 0)
#: Attributes, length and so on of one small record, around its value.
OVERHEAD = 11


def batch(base: int, values: Sequence[bytes], codec: str | None = None, **options: Any) -> bytes:
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=CODECS.get(codec or "", 0),
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 24,
    )
    for offset, value in enumerate(values):
        builder.append(offset, 7, None, value, headers=options.get("headers", []))
    return base.to_bytes(8) + bytes(builder.build())[8:]


def fetched(*batches: bytes) -> list[Record]:
    """Return what a consumer is given of one answer of a broker."""
    buffered = FetchResult(
        TP,
        assignment=None,
        partition_records=PartitionRecords(
            TP, MemoryRecords(b"".join(batches)), [], 0, None, None, True, READ_COMMITTED
        ),
        backoff=0,
    )
    arrivals = internals._Arrivals()
    arrivals[TP] = buffered
    records = buffered._partition_records
    unpacking.bound(BOUND)
    try:
        read = list(records)
    finally:
        unpacking.bound(unpacking.UNPACKED_BYTES)
    assert records.next_fetch_offset == read[-1].offset + 1
    return read


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_just_over_the_bound_is_rejected_with_its_offsets_and_one_at_the_bound_is_read(codec: str) -> None:
    at, over = b"x" * (BOUND - OVERHEAD), b"x" * (BOUND - OVERHEAD + 1)
    rejected = batch(3, [over], codec)
    records = fetched(batch(0, [b"a", b"b"], codec), batch(2, [at], codec), rejected, batch(4, [b"c", b"d"], codec))
    assert [record.offset for record in records] == [0, 1, 2, 3, 4, 5]
    assert [record.value for record in records if type(record) is Record] == [b"a", b"b", at, b"c", b"d"]
    (unreadable,) = (record for record in records if isinstance(record, Unreadable))
    packed = rejected[61:]
    assert unreadable.reason == f"offsets 3 to 3: unpacks to more than {BOUND} bytes ({codec}, {len(packed)} packed)"
    assert (unreadable.too_large, unreadable.value) == (True, packed)


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_of_many_records_over_the_bound_is_one_reject_at_its_last_offset(codec: str) -> None:
    records = fetched(batch(10, [b"x" * 1_000] * 200, codec), batch(210, [b"a"], codec))
    assert [(type(record), record.offset) for record in records] == [(Unreadable, 209), (Record, 210)]
    assert isinstance(records[0], Unreadable)
    assert records[0].reason.startswith("offsets 0 to 209: unpacks to more than")


@pytest.mark.parametrize("codec", sorted(set(CODECS) - {"gzip"}))
def test_a_small_batch_takes_little_memory_whatever_the_bound(codec: str) -> None:
    # gzip's stream asks for all of it, and writes to none: that takes no memory, which is not to be seen here.
    unpack, packed = unpacking._DECODERS[codec], batch(0, [b"x" * 1_000], codec)[61:]
    tracemalloc.start()
    try:
        assert b"x" * 1_000 in unpack(packed, unpacking.UNPACKED_BYTES)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1 << 20


@pytest.mark.parametrize("codec", CODECS)
def test_what_cannot_be_unpacked_is_told_and_the_next_batch_read(codec: str) -> None:
    whole = batch(0, [b"%d" % number for number in range(500)], codec)
    packed = whole[61:][: (len(whole) - 61) // 2]
    header = bytearray(whole[:61])
    # Its length and its checksum are right.
    header[8:12] = (61 - 12 + len(packed)).to_bytes(4)
    header[17:21] = calc_crc32c(bytes(header[21:]) + packed).to_bytes(4)
    first, then = fetched(bytes(header) + packed, batch(500, [b"a"], codec))
    assert isinstance(first, Unreadable)
    assert not first.too_large
    assert (first.offset, first.value, then.value) == (499, packed, b"a")


def test_a_damaged_batch_takes_nothing_of_the_next_with_it_whatever_its_header_says() -> None:
    damaged = bytearray(batch(0, [b"a", b"b"]))
    # The last offset, which is behind what the checksum covers.
    damaged[23:27] = (1 << 30).to_bytes(4)
    first, then = fetched(bytes(damaged), batch(2, [b"c"]))
    assert isinstance(first, Unreadable)
    assert (first.offset, then.value) == (1, b"c")
    assert re.match("offsets 0 to 1: .*Invalid CRC", first.reason)


def test_what_cannot_be_read_is_accounted_like_a_record_that_crashes_an_agent_and_parked_when_that_is_full() -> None:
    reason = "offsets 3 to 9: cannot be unpacked"
    unreadable = Unreadable("in", 0, 9, 0, None, b"packed", reason=reason, too_large=False)
    after = Record("in", 0, 10, 0, None, b"1")
    crashed: set[int] = set()
    parked: list[tuple[int, str]] = []
    partition = SimpleNamespace(
        poison=lambda _topic: crashed,
        dead_lettered=lambda _record: None,
        options=SimpleNamespace(dead_letter=lambda _work, record, reason: parked.append((record.offset, reason))),
    )
    work = BatchContext(cast(StreamTask, partition), "in", [unreadable, after])
    with pytest.raises(UnreadableError, match="offsets 3 to 9"):
        list(work)
    assert work.current is unreadable, "the account of this one"
    crashed.add(9)
    assert list(work) == [after]
    assert parked == [(9, "offsets 3 to 9: cannot be unpacked")]


async def test_records_over_the_bound_are_set_aside_and_the_stream_goes_on(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTING_UNPACKED", str(BOUND))
    name = await prepare(kafka)
    with workers(name, kafka, tmp_path, 1) as (worker,):
        for codec in CODECS:
            for value in (b"x" * (BOUND + 1), b"1"):
                await produce(kafka, f"{name}.in", [(b"k", value)], compression_type=codec)
        await caught_up(kafka, name, f"{name}.in")
        assert worker.stop() == 0
    parked = [record for batch in (await read(kafka, f"{name}.in.parked")).values() for record in batch]
    offsets = [f"offsets {offset} to {offset}" for offset in (0, 2, 4, 6)]
    assert [record.value.decode().split(" (")[0] for record in parked] == [
        f"{told}: unpacks to more than {BOUND} bytes" for told in offsets
    ]
