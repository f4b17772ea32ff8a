"""Write-back state: changes stay in memory until the checkpoint, and nothing changed is ever forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import Record, RecordBatch
from lakay_streams.engine.kafka.partitioner import key_of, partition_of
from lakay_streams.engine.kafka.producer import TransactionalProducer
from lakay_streams.engine.state import rocksdb
from lakay_streams.engine.state.rocksdb import PartitionStore
from lakay_streams.engine.state.table import DECODED_PER_ENCODED, StateTable, WriteBackCache
from lakay_streams.engine.task.task import StreamTask
from lakay_streams.errors import StoreError
from tests.engine.counting import Count, build


class Accepting(TransactionalProducer):
    """Takes whatever is to be committed, and sends it nowhere."""

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__(transactional_id="counting-0", group_id="counting", timeout=1.0, client={})

    async def commit(self, records: Any, offsets: Any) -> dict[tuple[str, int], int]:
        """Say that each topic's records end at offset 1."""
        return dict.fromkeys(records, 1)


def closed_states(folder: Path) -> WriteBackCache[Count]:
    table = cast(StateTable[Count], build("counting", "127.0.0.1:1", folder).tables["counts"])
    return WriteBackCache(table, 0, 1)


def states(folder: Path) -> WriteBackCache[Count]:
    opened = closed_states(folder)
    opened.store.open()
    return opened


def write_back(states: WriteBackCache[Count], offset: int) -> None:
    changes = states.drain_dirty()
    encode = states.table.encode
    encoded = [(key.encode(), None if state is None else encode(state)) for key, state in changes.items()]
    states.flush(encoded, offset)


def test_a_change_is_read_back_before_and_after_its_checkpoint(tmp_path: Path) -> None:
    table = states(tmp_path)
    table.set("user", Count(1))
    assert table.get("user") == Count(1)
    assert table.store.get(b"user") is None
    write_back(table, 7)
    assert table.get("user") == Count(1)
    assert table.store.get(b"user") == table.table.encode(Count(1))
    assert table.store.offset() == 7


def test_a_key_never_seen_has_a_new_state(tmp_path: Path) -> None:
    assert states(tmp_path).get("nobody") == Count()


def test_a_change_during_a_checkpoint_waits_for_the_next(tmp_path: Path) -> None:
    table = states(tmp_path)
    table.set("user", Count(1))
    changes = table.drain_dirty()
    table.set("user", Count(2))
    changed = changes["user"]
    assert changed is not None
    table.flush([(b"user", table.table.encode(changed))], 1)
    assert table.get("user") == Count(2)
    assert table.changed == 1


def test_what_was_set_longest_ago_is_forgotten_and_no_change_ever(tmp_path: Path) -> None:
    table = states(tmp_path)
    for number in range(5_000):
        table.set(f"user-{number}", Count(number))
    write_back(table, 1)
    everything = table.cached_bytes
    for number in range(100):
        table.set(f"user-{number}", Count(number + 1))
    table.evict(0.5)
    assert table.cached_bytes == everything / 2
    assert table.peek("user-0") is table.get("user-0")
    assert table.peek("user-2599") is not table.peek("user-2599")
    assert table.peek("user-2600") is table.peek("user-2600")
    table.evict(1.0)
    assert table.cached == 100
    assert [table.get(f"user-{number}").times for number in (0, 99, 100, 4_999)] == [1, 100, 100, 4_999]


def partition_of_tables(app: StreamApp, cache_bytes: int) -> StreamTask:
    partition = StreamTask(
        0,
        1,
        group="counting",
        tables=app.tables.values(),
        partitions=1,
        committer=Accepting(),
        non_transactional=None,
        global_tables=(),
        options=app.options._replace(journal_topic=None, cache_bytes=cache_bytes),
    )
    for states in partition.states.values():
        states.store.open()
    return partition


async def write_all(partition: StreamTask) -> None:
    partition.fresh(RecordBatch("counting.in", 0, 1, ()))
    partition.processed("counting.in", [Record("counting.in", 0, 0, 0, None, None)])
    await partition.checkpoint()


@pytest.mark.parametrize(("cache_bytes", "kept"), [(1 << 30, 5_000), (100_000, 0)])
async def test_the_cache_of_a_partition_is_bounded_by_bytes(tmp_path: Path, cache_bytes: int, kept: int) -> None:
    partition = partition_of_tables(build("counting", "127.0.0.1:1", tmp_path), cache_bytes)
    counts = partition.states["counts"]
    for number in range(5_000):
        counts.set(f"user-{number}", Count(number))
    await write_all(partition)
    assert kept <= counts.cached <= 5_000
    assert counts.cached_bytes - counts.cached_bytes / counts.cached <= cache_bytes  # but for a part of one state
    await partition.close()


@pytest.mark.parametrize(("entries", "of_users"), [(8_000, 1_000), (0, 4_000), (8_000, 6_000)])
async def test_what_is_seldom_asked_for_makes_room_first_down_to_a_quarter(
    tmp_path: Path, entries: int, of_users: int
) -> None:
    app = build("counting", "127.0.0.1:1", tmp_path)
    StateTable(app, name="entries", state_type=Count, new=Count, seldom=True)
    bound = 4_000 * 1_024 * DECODED_PER_ENCODED
    partition = partition_of_tables(app, bound)
    counts, seldom = partition.states["counts"], partition.states["entries"]
    for number in range(of_users):
        counts.set(f"user-{number}", Count(number))
    for number in range(entries):
        seldom.set(f"entry-{number}", Count(number))
    counts.drain_dirty()
    seldom.drain_dirty()
    partition.evict()
    kept = counts.cached + seldom.cached
    assert 3_990 <= kept <= 4_010
    assert of_users == counts.cached or seldom.cached <= 1_000
    await partition.close()


def test_a_store_is_unlocked_as_soon_as_it_is_closed(tmp_path: Path) -> None:
    first, second = states(tmp_path), closed_states(tmp_path)
    with pytest.raises(StoreError, match=r"cannot open the state in counts/0\.db"):
        second.store.open()
    first.store.close()
    second.store.open()
    second.store.close()


@given(st.binary(min_size=1, max_size=64).filter(lambda key: b"\x1f" not in key), st.integers(1, 64))
def test_a_key_goes_where_stock_producers_send_it(key: bytes, partitions: int) -> None:
    everywhere = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, everywhere, everywhere)


def test_rocksdb_takes_the_same_memory_for_many_stores_as_for_one(tmp_path: Path) -> None:
    stores = [PartitionStore(tmp_path / "users" / f"{number}.db") for number in range(12)]
    value = bytes(1000)
    for number, opened in enumerate(stores):
        opened.open()
        for start in range(0, 20_000, 2_000):
            opened.write([(b"%d-%d" % (number, key), value) for key in range(start, start + 2_000)], start)
        for key in range(20_000):
            assert opened.get(b"%d-%d" % (number, key)) == value
    assert 0 < rocksdb.memory() <= 1.1 * rocksdb.MEMORY_BYTES
    for opened in stores:
        opened.close()


def test_the_records_of_one_entity_lie_where_the_entity_does() -> None:
    for entity in ("anne", "b/4", "BASE/QUOTE", "x" * 128):
        own = partition_of(entity.encode(), 7)
        assert {partition_of(key_of(entity, name).encode(), 7) for name in ("m-1", "2026-03-10", "#aa")} == {own}


def test_a_deleted_state_is_gone_before_during_and_after_its_checkpoint(tmp_path: Path) -> None:
    table = states(tmp_path)
    table.set("user", Count(3))
    write_back(table, 1)
    table.delete("user")
    assert (table.find("user"), table.peek("user"), table.get("user")) == (None, None, Count())
    table.delete("user")
    changes = table.drain_dirty()
    assert changes == {"user": None}
    assert table.find("user") is None, "while the checkpoint is on its way, RocksDB still has it"
    table.flush([(b"user", None)], 2)
    table.evict(1.0)
    assert table.find("user") is None
    assert table.store.get(b"user") is None
