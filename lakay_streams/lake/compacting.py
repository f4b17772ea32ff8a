"""Compaction: the many small files of a day become few large ones, and what nobody reads any more is deleted.

A compaction announces its file in the manifest, writes it, and puts it in the place of the others in one transaction.
So it may be killed at any moment, and two of them may meet: one wins, and the other has changed nothing. Readers that
began before keep the files that they know for `UNREAD_FOR`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

from lakay_streams.db import schema
from lakay_streams.db.pool import Database
from lakay_streams.lake import manifest
from lakay_streams.lake.bronze import merged
from lakay_streams.lake.files import Files, files_of
from lakay_streams.lake.manifest import Kept
from lakay_streams.lake.reading import fetched
from lakay_streams.lake.verifying import Tell, manifest_of, strays
from lakay_streams.settings import Settings

LARGEST = 256 << 20
"""Bytes of the files that become one, at most: they are in memory together."""

UNREAD_FOR = timedelta(days=1)
"""How long a file stays after it was replaced."""


class Compacted(NamedTuple):
    """How many files became how many."""

    files: int
    into: int


def compact(settings: Settings, before: date, tell: Tell = lambda *_: None) -> Compacted:
    """Compact the days before `before`.

    Raises `DatabaseError`; `LakeError` where files cannot be read or written, or one is not what was written.
    """
    schema.require(settings)
    return asyncio.run(_compact(settings, before, tell))


def expire(settings: Settings, unread_for: timedelta = UNREAD_FOR) -> tuple[str, ...]:
    """Delete what nobody reads: files that were replaced so long ago, and those of flushes that were cut off.

    Returns which. Raises `DatabaseError`, `LakeError`.
    """
    schema.require(settings)
    return asyncio.run(_expire(settings, unread_for))


def together(kept: Iterable[Kept], before: date) -> Iterator[list[Kept]]:
    """Yield the files that become one: of one topic, partition, type and day, next to each other."""
    days = sorted((each for each in kept if each.event_date < before), key=_day_of)
    for _, group in groupby(days, key=lambda each: _day_of(each)[:4]):
        run: list[Kept] = []
        size = 0
        for each in group:
            if run and size + each.bytes > LARGEST:
                yield from (run for _ in range(len(run) > 1))
                run, size = [], 0
            run.append(each)
            size += each.bytes
        if len(run) > 1:
            yield run


def _day_of(kept: Kept) -> tuple[str, int, str, date, int]:
    return kept.topic, kept.partition, kept.event_type, kept.event_date, kept.first_offset


async def _compact(settings: Settings, before: date, tell: Tell) -> Compacted:
    files = files_of(settings)
    async with Database(settings, application="lakay-cli") as database:
        async with database.connection() as connection:
            runs = list(together(await manifest.kept(connection), before))
        total, done, into = sum(map(len, runs)), 0, 0
        for run in runs:
            into += await replaced(database, files, run)
            done += len(run)
            tell("files", done, total)
        return Compacted(total, into)


async def replaced(database: Database, files: Files, run: Sequence[Kept]) -> bool:
    """Put one file in the place of several; False where another compaction did so meanwhile."""
    file = await asyncio.to_thread(lambda: merged(fetched(files, kept) for kept in run))
    async with database.connection() as connection:
        await manifest.announce(connection, file)
    await asyncio.to_thread(files.put, file.path, file.content)
    async with database.connection() as connection:
        in_place = await manifest.put_in_place(connection, file, [kept.path for kept in run])
        if not in_place:
            await connection.rollback()
    return in_place


async def _expire(settings: Settings, unread_for: timedelta) -> tuple[str, ...]:
    files = files_of(settings)
    # Listed after the manifest was read, a file of a flush under way is above the position, and stays.
    told = await manifest_of(settings)
    dead = await asyncio.to_thread(lambda: strays(files, told).dead)
    async with Database(settings, application="lakay-cli") as database, database.connection() as connection:
        unread = await manifest.unread(connection, unread_for)
        await asyncio.to_thread(files.delete, [*unread, *dead])
        await manifest.deleted(connection, unread)
    return (*unread, *dead)
