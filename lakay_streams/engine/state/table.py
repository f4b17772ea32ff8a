"""A state table: decoded states in memory, written back to RocksDB and the changelog at checkpoints.

Faust's table writes a changelog message and two RocksDB entries for every assignment, and reads twice a look-up.
Here a state changes in memory as often as its key's events ask for, and its last value is encoded once a checkpoint.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec
from faust import App, Table

from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.state.rocksdb import Change, PartitionStore

State = TypeVar("State")

#: Kafka compacts closed segments only, and closes one after a week by default: a lost disk would read all of it.
CHANGELOG_CONFIG = {"segment.ms": str(60 * 60 * 1000), "min.cleanable.dirty.ratio": "0.2"}

#: Bytes of Python objects for one encoded byte of state: 3.5 and 5.4 in the largest tables, 7 in one of small numbers.
DECODED_PER_ENCODED = 8


#: No hyphen, which stands between the parts of a changelog's name: whose changelog a topic is can be told.
_NAME = "[a-z0-9_]+"


def changelogs_of(group: str, topics: Iterable[str]) -> list[str]:
    """Return those of `topics` that are changelogs of the group's tables, sorted."""
    # The name that Faust gives them.
    changelog = re.compile(f"{re.escape(group)}-{_NAME}-changelog")
    return sorted(topic for topic in topics if changelog.fullmatch(topic))


class StateTable(Table[bytes, bytes], Generic[State]):
    """A table of one immutable state per key, co-partitioned with the topics that feed it.

    `state_type` is what msgspec encodes and decodes: an array-like Struct or a NamedTuple, which both keep their
    fields' order on the wire (add fields at the end, with defaults). `new` makes the state of a key never seen. `key`
    names for people what a key is. `seldom`: what was not asked for lately is hardly asked for again, so memory goes to
    other tables first.
    """

    def __init__(
        self,
        app: App,
        *,
        name: str,
        state_type: type[State],
        new: Callable[[], State],
        key: str = "key",
        seldom: bool = False,
        **kwargs: Any,
    ) -> None:
        """Declare the table and register it with the app. Raises `ValueError` for another sort of name."""
        if not re.fullmatch(_NAME, name):
            raise ValueError(f"a table's name is made of {_NAME}, and {name!r} is not")
        super().__init__(
            app, name=name, key_type=bytes, value_type=bytes, extra_topic_configs=CHANGELOG_CONFIG, **kwargs
        )
        self.key = key
        self.seldom = seldom
        self.state_type = state_type
        self.new = new
        self.encode: Callable[[State], bytes] = msgspec.msgpack.Encoder().encode
        self.decode: Callable[[bytes], State] = msgspec.msgpack.Decoder(state_type).decode
        app.tables.add(self)

    async def on_start(self) -> None:
        """Declare the changelog topic; the stores are opened by the partitions' owner, not here."""
        await self.changelog_topic.maybe_declare()

    def store_path(self, partition: int) -> Path:
        """Return the folder of the partition's database."""
        return Path(self.app.conf.tabledir) / self.name / f"{partition}.db"


class WriteBackCache(Generic[State]):
    """One partition's states of one table: look-ups through the cache, changes held until the checkpoint."""

    def __init__(self, table: StateTable[State], partition: int, partitions: int) -> None:
        """Prepare the states of `partition`; `partitions` is the table's partition count."""
        self.table = table
        self.partition = partition
        self.partitions = partitions
        self.store = PartitionStore(table.store_path(partition))
        self.changelog = table.changelog_topic.get_topic_name()
        #: None is a state that was deleted: until a checkpoint is written, RocksDB still has it.
        self._cached: dict[str, State | None] = {}
        self._changed: dict[str, State | None] = {}
        self._encoded_bytes = 1024.0

    def owns(self, key: str) -> bool:
        """Return whether `key` belongs to this partition, whatever partition its record came in."""
        return key in self._cached or partition_of(key.encode(), self.partitions) == self.partition

    def get(self, key: str) -> State:
        """Return the state of `key`, a new one when it has none."""
        state = self._cached.get(key)
        if state is None:
            raw = None if key in self._cached else self.store.get(key.encode())
            state = self.table.new() if raw is None else self.table.decode(raw)
            self._cached[key] = state
        return state

    def find(self, key: str) -> State | None:
        """Return the state of `key`, None when it has none; either is remembered."""
        state = self._cached.get(key)
        if state is None and key not in self._cached:
            raw = self.store.get(key.encode())
            state = self._cached[key] = None if raw is None else self.table.decode(raw)
        return state

    def peek(self, key: str) -> State | None:
        """Return the state of `key` without caching it, None when it has none."""
        state = self._cached.get(key)
        if state is None and key not in self._cached:
            raw = self.store.get(key.encode())
            return None if raw is None else self.table.decode(raw)
        return state

    def set(self, key: str, state: State) -> None:
        """Replace the state of `key`; it is durable after the next checkpoint."""
        self.put(key, state)

    def delete(self, key: str) -> None:
        """Delete the state of `key`: after the next checkpoint RocksDB has none, and the changelog a tombstone."""
        self.put(key, None)

    def put(self, key: str, state: State | None) -> None:
        """Replace the state of `key`, or delete it where `state` is None."""
        # Removed first, so that the dict's order is the order of last use.
        self._cached.pop(key, None)
        self._cached[key] = state
        self._changed[key] = state

    @property
    def changed(self) -> int:
        """How many keys the next checkpoint will write."""
        return len(self._changed)

    @property
    def cached(self) -> int:
        """How many states are held decoded."""
        return len(self._cached)

    def drain_dirty(self) -> dict[str, State | None]:
        """Hand the changed states to a checkpoint, None for deleted ones; they stay cached at least until `evict`."""
        changes, self._changed = self._changed, {}
        return changes

    def flush(self, changes: Sequence[Change], offset: int) -> None:
        """Write a committed checkpoint's `changes`, of which there must be any, to RocksDB."""
        mean = self.store.write(changes, offset) / len(changes)
        self._encoded_bytes += 0.1 * (mean - self._encoded_bytes)

    @property
    def cached_bytes(self) -> float:
        """How much memory the decoded states take, estimated."""
        return len(self._cached) * self._encoded_bytes * DECODED_PER_ENCODED

    def evict(self, part: float) -> None:
        """Forget `part` of the states, those set longest ago, except changed ones; RocksDB must have the others."""
        oldest = [key for key, _ in zip(self._cached, range(int(len(self._cached) * part)), strict=False)]
        for key in oldest:
            if key not in self._changed:
                del self._cached[key]

    def keys(self, limit: int) -> list[str]:
        """Return the first `limit` durable keys, in key order."""
        return [key.decode() for (key, _), _ in zip(self.store.items(), range(limit), strict=False)]
