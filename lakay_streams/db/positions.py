"""Where a reader of Kafka stands, in the database that has what it wrote: both are committed, or neither is.

A transaction locks the positions of its topics, finds them where its records begin, writes, and moves them to where its
records end. So the transactions of a partition follow each other without a gap or an overlap, whoever makes them: one
that was killed has changed nothing, and one of a zombie either comes first, and is as good as anyone's, or finds the
positions moved and changes nothing. Offsets in Kafka play no part. A database that is restored from a backup has the
positions of that backup, and goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.structs import OffsetAndMetadata, TopicPartition
from psycopg import AsyncConnection
from psycopg.sql import SQL, Identifier

from lakay_streams.db import audit
from lakay_streams.engine.kafka.committer import SourceLog
from lakay_streams.errors import Fenced
from lakay_streams.telemetry.logs import get_logger

log = get_logger()

_LOCK = SQL("""
    SELECT topic, next_offset, metadata FROM {table}
    WHERE partition = %s AND topic = ANY(%s) ORDER BY topic FOR UPDATE
""")
_MOVE = SQL("""
    INSERT INTO {table} (topic, partition, next_offset, metadata) VALUES (%s, %s, %s, %s)
    ON CONFLICT (topic, partition) DO UPDATE
    SET next_offset = excluded.next_offset, metadata = excluded.metadata, updated_at = now()
""")
_BEGIN = SQL("""
    INSERT INTO {table} (topic, partition, next_offset, metadata) VALUES (%s, %s, %s, %s)
    ON CONFLICT DO NOTHING
""")


class Positions:
    """The positions of one reader in one partition of its topics, kept in the table `<reader>_positions`."""

    def __init__(self, reader: str, number: int) -> None:
        """Stand nowhere; `reader` is also who the audit trail names, and how what was lost is logged."""
        self._reader = reader
        self._number = number
        self._at: dict[str, int] = {}
        table = Identifier(f"{reader}_positions")
        self._lock, self._move_to, self._begin = (statement.format(table=table) for statement in (_LOCK, _MOVE, _BEGIN))

    async def find(
        self, connection: AsyncConnection[Any], source: SourceLog, sources: Iterable[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        """Return where it stands; a position that the log of its topic no longer has is moved to its beginning."""
        wanted = {tp.topic: tp for tp in sources}
        begins, ends = await source.begins(wanted.values()), await source.ends(wanted.values())
        found = await self._locked(connection, wanted)
        for topic, (position, _) in found.items():
            begin, end = begins[wanted[topic]], ends[wanted[topic]]
            if not begin <= position <= end:
                await self._begin_again(connection, topic, position, begin, end)
                found[topic] = (begin, "")
        self._at = {topic: position for topic, (position, _) in found.items()}
        return {wanted[topic]: OffsetAndMetadata(*position) for topic, position in found.items()}

    async def move(self, connection: AsyncConnection[Any], offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Move to `offsets` in the connection's transaction; tell `moved` once that is committed.

        Raises `Fenced` when the positions are not where this reader left them.
        """
        moved = {tp.topic: offset for tp, offset in offsets.items()}
        found = await self._locked(connection, moved)
        for topic in moved:
            position = found[topic][0] if topic in found else None
            if position != self._at.get(topic):
                raise Fenced(
                    f"another {self._reader} took over {topic} partition {self._number}: it stands at {position}, and "
                    f"this one was at {self._at.get(topic)}"
                )
        for topic, offset in moved.items():
            values = (topic, self._number, offset.offset, offset.metadata)
            cursor = await connection.execute(self._move_to if topic in found else self._begin, values)
            if cursor.rowcount != 1:
                raise Fenced(f"another {self._reader} has begun {topic} partition {self._number}")

    def moved(self, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
        """Stand at `offsets` from now on: they are committed."""
        self._at |= {tp.topic: offset.offset for tp, offset in offsets.items()}

    async def _locked(self, connection: AsyncConnection[Any], topics: Iterable[str]) -> dict[str, tuple[int, str]]:
        cursor = await connection.execute(self._lock, (self._number, sorted(topics)))
        return {topic: (position, metadata) for topic, position, metadata in await cursor.fetchall()}

    async def _begin_again(
        self, connection: AsyncConnection[Any], topic: str, position: int, begin: int, end: int
    ) -> None:
        """Move a position to the beginning of what the topic still has, and put that where it is not overlooked."""
        # Kafka deleted records before they were read, or the topic is another one than it was.
        action = f"{self._reader}_records_lost" if position < begin else f"{self._reader}_topic_recreated"
        told = {"topic": topic, "partition": self._number, "position": position, "begin": begin, "end": end}
        log.error(action, **told)
        await connection.execute(self._move_to, (topic, self._number, begin, ""))
        await audit.append(connection, action, actor=self._reader, subject=f"{topic}/{self._number}", details=told)
