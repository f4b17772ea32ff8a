"""What was known of a key at a time: the past of its partition run again until then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.state.rocksdb import PartitionStore
from lakay_streams.engine.state.table import StateTable
from lakay_streams.errors import ReplayError
from lakay_streams.replay.past import Past
from lakay_streams.replay.request import shown
from lakay_streams.replay.unit import Apps, Begun, again
from lakay_streams.settings import Settings
from lakay_streams.worker_pages.readable import readable

SHOWN = 100
"""States of one table that belong to a key, as movements do to a customer, and are shown."""

_SEPARATOR = b"\x1f"
"""Stands between a key and what is kept of it apart."""

Tell = Callable[[str, int, int], None]


def state_at(settings: Settings, key: str, at: int, tell: Tell = lambda *_: None) -> dict[str, Any]:
    """Return the states of `key` (a user's, circle's or remittance's id) at a time (ms UTC), by table, as people read.

    Raises `ReplayError` where nothing was known of it, and what a unit of a replay raises.
    """
    number = partition_of(key.encode(), settings.topic_partitions)
    with TemporaryDirectory(prefix="lakay-state-") as folder, Past(settings) as past:
        apps = Apps(settings, past, Path(folder))
        begun, _ = again(past, apps, number, at, lambda _: None, tell)
        found = {table.name: states for table in _tables(apps) if (states := _states_of(table, number, key.encode()))}
    if not found:
        raise ReplayError(f"nothing was known of {key} at {shown(at)}: {_why(begun, at)}")
    return found


def _why(begun: Begun, at: int) -> str:
    if begun.at is None:
        return "the lake has no journal of its partition from before then"
    return f"the journal of its partition begins at {shown(begun.at)}; check the id and the time"


def _tables(apps: Apps) -> list[StateTable[Any]]:
    return [table for table in apps.current.task_manager.values() if isinstance(table, StateTable)]


def _states_of(table: StateTable[Any], number: int, key: bytes) -> Any:
    store = PartitionStore(table.store_path(number))
    store.open()
    try:
        raw = store.get(key)
        if raw is not None:
            return readable(table.decode(raw))
        parts = {
            each[len(key) + 1 :].decode(): readable(table.decode(value))
            for each, value in store.items()
            if each.startswith(key + _SEPARATOR)
        }
        if len(parts) > SHOWN:
            return dict(list(parts.items())[-SHOWN:]) | {"not_shown": len(parts) - SHOWN}
        return parts
    finally:
        store.close()
