"""Moves every state to the partition that its key belongs to, after its changelog was given more partitions.

Kafka leaves records where they lie when a topic grows, and most keys then belong elsewhere. The steps:

    1. read     each partition of the changelog, into a database of its own
    2. copy     each misplaced state to the partition that it belongs to
    3. check    that what Kafka has now, read back, are the states of step 1, by number and hash
    4. clear    each misplaced state where it lay: a tombstone, which the workers' databases follow
    5. check    the same again, with nothing misplaced

Until step 4 every state is where it was, and until it is cleared, a misplaced state is the right one. So a crash at any
moment leaves a changelog from which the same steps go on: what was copied is found equal and not copied again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka.structs import TopicPartition

from lakay_streams.engine.kafka.committer import Outgoing
from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.kafka.producer import TransactionalProducer
from lakay_streams.engine.state.changelog import restore
from lakay_streams.engine.state.rocksdb import PartitionStore
from lakay_streams.errors import EngineError

#: Called with what is being done, how much of it is done and how much there is, as far as that is known.
Tell = Callable[[str, int, int], None]

#: Bytes of keys and values moved in one transaction.
TRANSACTION_BYTES = 4 << 20

#: Keys looked at between two turns of the event loop.
YIELD_EVERY = 1_000

HASH_BYTES = 16

#: Seconds until a transaction's markers are looked for again.
MARKER_S = 0.05


class Moved(NamedTuple):
    """How many states a changelog has, and how many of them lay in another partition than their key's."""

    changelog: str
    states: int
    moved: int


class _Survey(NamedTuple):
    """What lies where: `states` and their `digest`, and the misplaced among them.

    The digest is the sum of the hashes of every key with its value: it does not depend on where they lie. `missing` are
    misplaced and nowhere else; `copied` lie where they belong, too; `torn` lie there with another value.
    """

    states: int
    digest: int
    missing: int
    copied: int
    torn: list[bytes]


async def move_states(
    changelog: str,
    producers: Sequence[TransactionalProducer],
    folder: Path,
    client: Mapping[str, Any],
    tell: Tell = lambda _what, _done, _of: None,
) -> Moved:
    """Move the states of `changelog`, which has as many partitions as there are `producers`.

    The producers are those of the partitions, started, so that nobody else writes. `folder` takes the databases, as
    large as the states, and must be empty. Raises `EngineError` where a state would be lost, `Fenced` when a worker
    starts meanwhile, `StoreError` and aiokafka's `KafkaError`.
    """
    move = _Move(changelog, producers, folder, client, tell)
    try:
        move.open()
        await move.read()
        before = await move.survey()
        if before.torn:
            raise EngineError(
                f"{len(before.torn)} keys in {changelog} have two states each, such as {before.torn[0].decode()}: "
                "workers have run while the topics were split otherwise; leave them stopped, and build the states anew "
                "from the events under another consumer group."
            )
        await move.copy(before.missing)
        await move.read()
        move.compare(before, await move.survey(), cleared=False)
        await move.clear(before.missing + before.copied)
        await move.read()
        move.compare(before, await move.survey(), cleared=True)
        return Moved(changelog, before.states, before.missing + before.copied)
    finally:
        move.close()


class _Move:
    """The steps, on one database for each partition."""

    def __init__(
        self,
        changelog: str,
        producers: Sequence[TransactionalProducer],
        folder: Path,
        client: Mapping[str, Any],
        tell: Tell,
    ) -> None:
        self._changelog = changelog
        self._producers = producers
        self._client = client
        self._tell = tell
        #: The offset of the last record sent to each partition.
        self._sent: dict[int, int] = {}
        self._stores = [PartitionStore(folder / changelog / f"{number}.db") for number in range(len(producers))]

    def open(self) -> None:
        for store in self._stores:
            store.open()

    def close(self) -> None:
        for store in self._stores:
            store.close()

    async def read(self) -> None:
        """Bring the databases up to what Kafka has, with everything that was sent."""
        stores = {TopicPartition(self._changelog, number): store for number, store in enumerate(self._stores)}
        await restore(stores, self._client, lambda done, of: self._tell("reading", done, of))
        while any(self._stands_before(number, offset) for number, offset in self._sent.items()):
            # A commit returns before its markers are in every partition, and until then it is not read.
            await asyncio.sleep(MARKER_S)
            await restore(stores, self._client)
        self._tell("reading", 1, 1)

    def _stands_before(self, number: int, offset: int) -> bool:
        read = self._stores[number].offset()
        return read is None or read < offset

    def _home(self, key: bytes) -> int:
        return partition_of(key, len(self._stores))

    async def survey(self) -> _Survey:
        """Look at every state."""
        seen = states = digest = missing = copied = 0
        torn: list[bytes] = []
        expected = sum(store.estimates()[0] for store in self._stores)
        for number, store in enumerate(self._stores):
            for key, value in store.items():
                seen += 1
                if seen % YIELD_EVERY == 0:
                    self._tell("checking", seen, expected)
                    await asyncio.sleep(0)
                home = self._home(key)
                copy = None if home == number else self._stores[home].get(key)
                if copy is None:
                    missing += home != number
                    states += 1
                    digest += _hash(key, value)
                elif copy == value:
                    copied += 1
                else:
                    torn.append(key)
        self._tell("checking", seen, seen)
        return _Survey(states, digest, missing, copied, torn)

    async def copy(self, of: int) -> None:
        """Write each misplaced state where it belongs, unless it is there."""

        def copied(number: int, key: bytes, value: bytes) -> tuple[int, Outgoing] | None:
            home = self._home(key)
            return None if home == number or self._stores[home].get(key) is not None else (home, (key, value))

        await self._send("copying", copied, of)

    async def clear(self, of: int) -> None:
        """Delete each misplaced state where it lies."""

        def cleared(number: int, key: bytes, value: bytes) -> tuple[int, Outgoing] | None:
            return None if self._home(key) == number else (number, (key, None))

        await self._send("clearing", cleared, of)

    async def _send(
        self, what: str, choose: Callable[[int, bytes, bytes], tuple[int, Outgoing] | None], of: int
    ) -> None:
        """Send what `choose` makes of each state, in transactions of the partition that the state lies in."""
        sent = 0
        for number, store in enumerate(self._stores):
            outgoing: dict[tuple[str, int], list[Outgoing]] = defaultdict(list)
            size = 0
            for key, value in store.items():
                chosen = choose(number, key, value)
                if chosen is None:
                    continue
                target, record = chosen
                outgoing[self._changelog, target].append(record)
                sent += 1
                size += len(key) + len(record[1] or b"")
                if size >= TRANSACTION_BYTES:
                    await self._commit(number, outgoing)
                    self._tell(what, sent, of)
                    size = 0
            if outgoing:
                await self._commit(number, outgoing)
            self._tell(what, sent, of)

    async def _commit(self, number: int, outgoing: dict[tuple[str, int], list[Outgoing]]) -> None:
        last = await self._producers[number].commit(outgoing, {})
        self._sent.update({target: offset for (_, target), offset in last.items()})
        outgoing.clear()

    def compare(self, before: _Survey, after: _Survey, *, cleared: bool) -> None:
        """Raise `EngineError` unless all the states are there, each in the partition that it belongs to."""
        same = (before.states, before.digest) == (after.states, after.digest)
        if same and not (after.missing or after.torn or (cleared and after.copied)):
            return
        done = "moving" if cleared else "copying"
        raise EngineError(
            f"After {done} the states of {self._changelog} are not those of before ({before.states} of them, now "
            f"{after.states}; {after.missing + len(after.torn)} of them not where they belong): leave the workers "
            "stopped, see whether anything else writes to that topic, and run this again; if it says so again, build "
            "the states anew from the events under another consumer group."
        )


def _hash(key: bytes, value: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(b"%d:%b%b" % (len(key), key, value), digest_size=HASH_BYTES).digest())
