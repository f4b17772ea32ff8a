"""A worker as it is started for real, with fault points in it and a bug that the harness sets off.

    CHAOS_ARMED=FILE CHAOS_CRASHED=FOLDER python -m tests.chaos.worker

The engine itself knows nothing of this: its producer, restore and states are replaced here, in this process only. A
transaction can set off a bug (`bugs`).
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.contracts.topics import JOURNAL
from lakay_streams.domain.users import decide
from lakay_streams.engine.kafka import producer
from lakay_streams.engine.kafka.committer import Outgoing
from lakay_streams.engine.kafka.producer import TransactionalProducer
from lakay_streams.engine.state import changelog, rocksdb, table
from lakay_streams.engine.state.changelog import Progress, restore
from lakay_streams.engine.state.rocksdb import Change, PartitionStore
from lakay_streams.engine.state.table import WriteBackCache
from lakay_streams.errors import LakayError
from lakay_streams.settings import load_settings
from lakay_streams.telemetry import logs
from tests.chaos.bugs import CRASH_ALWAYS, CRASH_ONCE
from tests.chaos.points import TRANSACTION_S, Point, is_armed, reach

ARMED = Path(os.environ["CHAOS_ARMED"])
CRASHED = Path(os.environ["CHAOS_CRASHED"])

#: A commit's answer takes a few milliseconds; the strike falls before, in or after them.
COMMIT_ANSWER_S = 0.006


class StrikingProducer(TransactionalProducer):
    """The engine's producer, struck between the steps of a checkpoint, whose transactions the broker aborts sooner."""

    def __init__(self, **arguments: Any) -> None:
        """Take what the engine's producer takes."""
        super().__init__(**arguments | {"timeout": TRANSACTION_S})

    async def start(self) -> None:
        await super().start()
        reach(ARMED, Point.FENCED)

    async def commit(
        self,
        records: Mapping[tuple[str, int], Iterable[Outgoing]],
        offsets: Mapping[TopicPartition, OffsetAndMetadata],
    ) -> dict[tuple[str, int], int]:
        reach(ARMED, Point.BEFORE_TRANSACTION)
        last = await super().commit(records, offsets)
        reach(ARMED, Point.COMMITTED)
        return last

    async def _send(
        self, target: tuple[str, int], outgoing: Iterable[Outgoing]
    ) -> list[tuple[asyncio.Future[Any], int]]:
        sent = await super()._send(target, outgoing)
        topic = target[0]
        if topic != JOURNAL:
            point = Point.CHANGELOG_SENT if topic.endswith("-changelog") else Point.OUTPUTS_SENT
            if is_armed(ARMED, point):
                await asyncio.wait([stored for stored, _ in sent])
            reach(ARMED, point)
        return sent


class StrikingClient(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka has no types
    """aiokafka's producer, struck around the end of a transaction."""

    async def send_offsets_to_transaction(self, *arguments: Any) -> None:
        await super().send_offsets_to_transaction(*arguments)
        reach(ARMED, Point.OFFSETS_SENT)

    async def commit_transaction(self) -> None:
        if is_armed(ARMED, Point.COMMIT_SENT):
            asyncio.get_running_loop().call_later(random.uniform(0, COMMIT_ANSWER_S), reach, ARMED, Point.COMMIT_SENT)
        await super().commit_transaction()


class StrikingCache(WriteBackCache[Any]):
    """The engine's states, struck between the tables of a checkpoint."""

    def flush(self, changes: Sequence[Change], offset: int) -> None:
        super().flush(changes, offset)
        reach(ARMED, Point.ROCKSDB_WRITTEN)


async def striking_restore(
    stores: Mapping[TopicPartition, PartitionStore], client: Mapping[str, Any], progress: Progress
) -> int:
    """Restore, struck on the way and at the end."""

    def on_the_way(done: int, of: int) -> None:
        if done:
            reach(ARMED, Point.RESTORING)
        progress(done, of)

    restored = await restore(stores, client, on_the_way)
    reach(ARMED, Point.RESTORED)
    return restored


def buggy(state: Any, event: Any, *others: Any) -> Any:
    """Decide, unless the transaction sets the bug off."""
    number = event.transaction_id
    if number.startswith(CRASH_ALWAYS):
        raise ZeroDivisionError("a bug that this record always sets off")
    if number.startswith(CRASH_ONCE) and not (CRASHED / number).exists():
        (CRASHED / number).touch()
        raise ZeroDivisionError("a bug that this record set off once")
    return decide(state, event, *others)


def main() -> int:
    """Run a worker until it is stopped."""
    vars(producer)["AIOKafkaProducer"] = StrikingClient
    vars(producer)["TransactionalProducer"] = StrikingProducer
    vars(changelog)["restore"] = striking_restore
    vars(table)["WriteBackCache"] = StrikingCache
    # The traffic of a test would never fill 8 MB: files are written, merged and found to have no room.
    rocksdb.MEMTABLE_BYTES = 128 << 10
    # Only now: the engine's other modules take those by name as they are imported.
    from agents import topology, transactions

    vars(transactions)["decide"] = buggy
    settings = load_settings(env_file=None)
    logs.configure(settings.log_level)
    try:
        return topology.main(settings, with_web=False)
    except LakayError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
