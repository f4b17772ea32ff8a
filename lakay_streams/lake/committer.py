"""The lake's `Committer`: files first, then their rows and the positions in one transaction of PostgreSQL.

A flush that ends before the transaction leaves files that no row names. The next owner of the partition reads the same
records again: where it makes the same files, it finds them there and takes them; where it makes others, the first ones
are strays, which `lakay lake verify` tells and `lakay lake expire` deletes. No file is ever overwritten, so a zombie
that wakes up late can change nothing that a row names.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from psycopg import AsyncConnection

from lakay_streams.db.pool import Database
from lakay_streams.db.positions import Positions
from lakay_streams.engine.kafka.committer import Outgoing, SourceLog
from lakay_streams.errors import CommitterUnavailable, LakeError
from lakay_streams.lake import manifest
from lakay_streams.lake.bronze import LAYER, File, Raw, Read, files_of, found_in, read, whose
from lakay_streams.lake.files import Files
from lakay_streams.lake.keys import LakeKeys
from lakay_streams.telemetry.logs import get_logger

log = get_logger()

OUTPUT = "bronze"
"""The name under which the lake's agent sends on what it reads."""

_AT_ONCE = 8
_decode = msgspec.msgpack.Decoder(Raw).decode
_encode = msgspec.msgpack.Encoder().encode


def packed(raw: Raw) -> bytes:
    """Return a record as the committer takes it."""
    return _encode(raw)


class BronzeCommitter:
    """Commits one partition to the lake."""

    def __init__(
        self,
        database: Database,
        files: Files,
        keys: LakeKeys,
        types: Mapping[str, str],
        number: int,
        *,
        timeout: float,
    ) -> None:
        """Commit partition `number`; `types` are the event types of topics that have one only.

        `timeout` bounds the transaction (seconds); how long files may take, they know themselves.
        """
        self._database = database
        self._files = files
        self._keys = keys
        self._types = types
        self._timeout = timeout
        self._number = number
        self._positions = Positions("lake", number)

    async def start(self) -> None:
        """Wait for PostgreSQL; raise `CommitterUnavailable` where the files cannot be reached."""
        await self._database.wait()
        try:
            await asyncio.to_thread(self._files.find, f"{LAYER}/{self._number}")
        except LakeError as failure:
            raise self._failed(failure) from failure

    async def partition_counts(self, topics: Iterable[str]) -> Mapping[str, int]:
        """Return nothing: to which partition a key belongs does not matter to files."""
        return {}

    async def partitions_of(self, topic: str) -> int:
        """Return 1: nothing is divided further."""
        return 1

    async def committed(
        self, log: SourceLog, sources: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        """Return the positions in PostgreSQL; one that the log of its topic no longer has is moved to its beginning."""
        async with asyncio.timeout(self._timeout), self._database.connection(self._timeout) as connection:
            return await self._positions.find(connection, log, sources)

    async def commit(
        self,
        records: Mapping[tuple[str, int], Iterable[Outgoing]],
        offsets: Mapping[TopicPartition, OffsetAndMetadata],
    ) -> Mapping[tuple[str, int], int]:
        """Write files, then their rows and the positions.

        Raises `Fenced` when the positions are not where this committer left them, `CommitterUnavailable` when files
        cannot be written, `DatabaseUnavailable`, TimeoutError.
        """
        started = time.monotonic()
        seen = await asyncio.to_thread(self._read, [value for each in records.values() for _, value in each if value])
        keys = await self._keys.of({whose(told) for _, told in seen}, self._timeout)
        try:
            files = await self._kept(await asyncio.to_thread(files_of, seen, keys))
        except LakeError as failure:
            raise self._failed(failure) from failure
        async with asyncio.timeout(self._timeout), self._database.connection(self._timeout) as connection:
            await self._positions.move(connection, offsets)
            await self._refuse_erased(connection, files)
            if files:
                await manifest.add(connection, files, "flush")
        self._positions.moved(offsets)
        if files:
            log.info(
                "bronze_flush",
                partition=self._number,
                records=len(seen),
                files=len(files),
                bytes=sum(len(file.content) for file in files),
                seconds=round(time.monotonic() - started, 3),
            )
        return {}

    async def stop(self) -> None:
        """Do nothing: connections are the pool's."""

    def _read(self, values: Iterable[bytes]) -> list[tuple[Raw, Read]]:
        raws = map(_decode, values)
        return [(raw, read(raw, self._types.get(raw.topic))) for raw in raws]

    async def _kept(self, files: Iterable[File]) -> list[File]:
        """Put files where they belong, a few at once; return them as they are there."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def put(file: File) -> File:
            async with room:
                return await asyncio.to_thread(self._put, file)

        return await asyncio.gather(*map(put, files))

    def _put(self, file: File) -> File:
        try:
            self._files.put(file.path, file.content)
        except LakeError as refused:
            there = self._there_already(file)
            if there is None:
                raise refused from None
            return there
        return file

    def _there_already(self, file: File) -> File | None:
        """Return the same records as a flush that was not committed, or another owner, wrote them; None for others.

        Their bytes differ, since each seal has a nonce of its own, and the keys may, where both made one at once.
        """
        try:
            content = self._files.get(file.path)
            found = found_in(content)
            is_same = found.records == found_in(file.content).records
        except (LakeError, pa.ArrowException):
            return None
        return file._replace(content=content, keys=found.keys) if is_same else None

    async def _refuse_erased(self, connection: AsyncConnection[Any], files: Sequence[File]) -> None:
        """Hold the keys of files that are about to be named; where one was erased, delete what it sealed, and raise.

        While the positions are locked, and where they were, nobody else has named a file of these records. Who is about
        to finds its key erased, too.
        """
        erased = await self._keys.hold(connection, frozenset[str]().union(*(file.keys for file in files)))
        if erased:
            unreadable = [file.path for file in files if file.keys & erased]
            await asyncio.to_thread(self._files.delete, unreadable)
            raise CommitterUnavailable("keys of the lake were erased meanwhile: what they sealed is sealed again")

    def _failed(self, failure: LakeError) -> CommitterUnavailable:
        log.error("bronze_flush_error", partition=self._number, reason=str(failure))
        return CommitterUnavailable(str(failure))
