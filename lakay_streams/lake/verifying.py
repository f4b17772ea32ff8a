"""Verification: is every record of Kafka in the lake once, and is every file what it was.

Compared are three: what a reader of committed records sees in Kafka below the lake's positions, what the files have,
and what the manifest says of the files. Kafka deletes what is old, so records that only the lake has are no fault.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from aiokafka.structs import TopicPartition

from lakay_streams.db import schema
from lakay_streams.db.pool import Database
from lakay_streams.engine.kafka.reader import read_to, reader
from lakay_streams.errors import LakeError
from lakay_streams.lake import manifest
from lakay_streams.lake.bronze import LAYER, found_in, span_of
from lakay_streams.lake.files import Files, files_of
from lakay_streams.lake.manifest import Kept
from lakay_streams.settings import Settings

Place = tuple[str, int]
"""A topic and a partition."""

Tell = Callable[[str, int, int], None]
"""Hears what is compared, how much of it is done, and of how much."""

SHOWN = 20
"""Offsets of one fault that are named."""

_OFFSETS = pa.int64()


class Verdict(NamedTuple):
    """What was compared, and each fault as a sentence."""

    files: int
    records: int
    faults: tuple[str, ...]


class Strays(NamedTuple):
    """Files that no row of the manifest names.

    `dead` are of a flush that was cut off, whose records are in other files by now; what is above the lake's position
    may still be named. `unknown` are called as no flush calls a file.
    """

    dead: tuple[str, ...]
    unknown: tuple[str, ...]


class Manifest(NamedTuple):
    """What the database says at one moment: the files, every path it knows, and where the lake stands."""

    files: Sequence[Kept]
    paths: Collection[str]
    positions: Mapping[Place, int]


def verify(settings: Settings, tell: Tell = lambda *_: None) -> Verdict:
    """Compare Kafka, files and manifest.

    Raises `DatabaseError`, `LakeError`, aiokafka's `KafkaError`.
    """
    schema.require(settings)
    return asyncio.run(_verify(settings, tell))


async def manifest_of(settings: Settings) -> Manifest:
    """Return what the database says now. Raises `DatabaseError`."""
    async with Database(settings, application="lakay-cli") as database, database.connection() as connection:
        # Of one moment, though flushes go on.
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return Manifest(
            await manifest.kept(connection), await manifest.paths(connection), await manifest.positions(connection)
        )


async def _verify(settings: Settings, tell: Tell) -> Verdict:
    told = await manifest_of(settings)
    in_kafka = await _in_kafka(settings, told.positions, tell)
    return await asyncio.to_thread(compared, files_of(settings), told, in_kafka, tell)


async def _in_kafka(settings: Settings, positions: Mapping[Place, int], tell: Tell) -> dict[Place, pa.Array]:
    """Return the offsets of the committed records that each topic has below the lake's position."""
    if not positions:
        return {}
    consumer = reader({"bootstrap_servers": settings.brokers})
    await consumer.start()
    try:
        tps = {TopicPartition(*place): position for place, position in positions.items()}
        consumer.assign(set(tps))
        begins, ends = await consumer.beginning_offsets(tps), await consumer.end_offsets(tps)
        until = {tp: min(position, ends[tp]) for tp, position in tps.items()}
        for tp in tps:
            consumer.seek(tp, begins[tp])
        found: dict[Place, list[pa.Array]] = defaultdict(list)
        total, done = sum(max(0, until[tp] - begins[tp]) for tp in tps), 0
        async for fetched in read_to(consumer, until):
            for tp, records in fetched.items():
                below = [record.offset for record in records if record.offset < until[tp]]
                found[tp.topic, tp.partition].append(pa.array(below, _OFFSETS))
                done += len(below)
            tell("records in Kafka", done, total)
        return {place: pa.concat_arrays(arrays) for place, arrays in found.items()}
    finally:
        await consumer.stop()


def compared(files: Files, told: Manifest, in_kafka: Mapping[Place, pa.Array], tell: Tell = lambda *_: None) -> Verdict:
    """Compare the three; `in_kafka` are the committed offsets below the lake's positions."""
    seen: dict[Place, list[pa.Array]] = defaultdict(list)
    faults: list[str] = []
    for number, kept in enumerate(told.files, 1):
        faults += _faults_of(files, kept, seen[kept.topic, kept.partition])
        tell("files", number, len(told.files))
    records = 0
    for place in sorted({*seen, *in_kafka}):
        offsets = pa.concat_arrays([pa.array([], _OFFSETS), *seen[place]])
        records += len(offsets)
        faults += _compared(place, offsets, in_kafka.get(place, pa.array([], _OFFSETS)))
    dead, unknown = strays(files, told)
    faults += [f"{path} is no file of a flush: move it away" for path in unknown]
    faults += [f"{path} is a stray of a flush that was cut off: `lakay lake expire` deletes it" for path in dead]
    return Verdict(len(told.files), records, tuple(faults))


def strays(files: Files, told: Manifest) -> Strays:
    """Return the files that no row names and none will."""
    dead, unknown = [], []
    for path in sorted({file.path for file in files.find(f"{LAYER}/")} - set(told.paths)):
        span = span_of(path)
        if span is None:
            unknown.append(path)
        elif span.last_offset < told.positions.get((span.topic, span.partition), 0):
            dead.append(path)
    return Strays(tuple(dead), tuple(unknown))


def _faults_of(files: Files, kept: Kept, seen: list[pa.Array]) -> Iterator[str]:
    try:
        content = files.get(kept.path)
    except LakeError as failure:
        yield str(failure)
        return
    if len(content) != kept.bytes or sha256(content).hexdigest() != kept.sha256:
        yield f"{kept.path} is not what was written: its SHA-256 is another"
        return
    try:
        offsets = [offset for offset, *_ in found_in(content).records]
    except pa.ArrowException as failure:
        yield f"{kept.path} cannot be read: {failure}"
        return
    if (len(offsets), min(offsets), max(offsets)) != (kept.records, kept.first_offset, kept.last_offset):
        yield f"{kept.path} has other records than its row says"
    seen.append(pa.array(offsets, _OFFSETS))


def _compared(place: Place, seen: pa.Array, in_kafka: pa.Array) -> Iterator[str]:
    topic, partition = place
    counts = seen.value_counts()
    doubled = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    missing = in_kafka.filter(pc.invert(pc.is_in(in_kafka, value_set=seen)))
    for what, offsets in (("missing from the lake", missing), ("more than once in the lake", doubled)):
        if len(offsets):
            named = ", ".join(map(str, offsets.sort()[:SHOWN].to_pylist())) + (", …" if len(offsets) > SHOWN else "")
            yield f"{topic} partition {partition}: {len(offsets)} records are {what}: offsets {named}"
