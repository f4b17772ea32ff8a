"""A store tells of damage instead of holding back what lies behind it."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path

import pytest

from lakay_streams.engine.state.rocksdb import PartitionStore
from lakay_streams.errors import StoreError


def test_a_damaged_block_is_an_error_and_not_the_end_of_the_items(tmp_path: Path) -> None:
    keys = [b"%05d" % number for number in range(20_000)]
    store = PartitionStore(tmp_path / "users" / "0.db")
    store.open()
    store.write([(key, os.urandom(100)) for key in keys], 1)
    store.db.flush()
    assert [key for key, _ in store.items()] == keys
    store.close()
    (file,) = store.path.glob("*.sst")
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 50] = bytes(50)
    file.write_bytes(content)
    store.open()
    found: list[bytes] = []
    with pytest.raises(StoreError, match=r"cannot read the state in users/0\.db: Corruption"):
        found.extend(key for key, _ in store.items())
    assert found == keys[: len(found)]
    store.close()
    store.open()
    assert list(store.items()) == [], "a store that is known to be damaged is made anew, to be restored"
    store.close()


def test_a_manifest_with_a_damaged_length_is_damage_although_rocksdb_takes_it_for_its_end(tmp_path: Path) -> None:
    stores = [PartitionStore(tmp_path / "users" / f"{number}.db") for number in range(3)]
    for offset, (store, killed) in enumerate(itertools.pairwise(stores)):
        store.open()
        store.write([(b"%d" % offset, b"")], offset)
        store.db.flush()
        # A copy is what SIGKILL leaves.
        shutil.copytree(store.path, killed.path)
        store.close()
    manifest = killed.path / (killed.path / "CURRENT").read_text().strip()
    content = bytearray(manifest.read_bytes())
    records, end = [], 0
    while end < len(content):
        size = int.from_bytes(content[end + 4 : end + 6], "little")
        records.append((size, end))
        end += 7 + size
    # The longest record names the file.
    content[max(records)[1] + 5] ^= 0x7F
    manifest.write_bytes(content)

    killed.open()

    # RocksDB alone goes on without the file of b"1".
    assert (killed.offset(), killed.get(b"0"), killed.get(b"1")) == (None, None, None)
    killed.close()


def test_a_closed_store_keeps_everything_and_a_killed_one_an_older_state_that_agrees_with_its_offset(
    tmp_path: Path,
) -> None:
    store, killed = (PartitionStore(tmp_path / "users" / f"{number}.db") for number in range(2))
    store.open()
    store.write([(b"a", b"1"), (b"b", b"1")], 1)
    store.db.flush()
    store.write([(b"a", b"2"), (b"b", b"2")], 3)
    # A copy is what SIGKILL leaves.
    shutil.copytree(store.path, killed.path)
    store.close()
    store.open()
    killed.open()
    assert (store.offset(), list(store.items())) == (3, [(b"a", b"2"), (b"b", b"2")])
    assert (killed.offset(), list(killed.items())) == (1, [(b"a", b"1"), (b"b", b"1")])
    store.close()
    killed.close()


def test_what_a_killed_store_has_deleted_stays_deleted(tmp_path: Path) -> None:
    store, killed = (PartitionStore(tmp_path / "users" / f"{number}.db") for number in range(2))
    store.open()
    store.write([(b"a", b"1"), (b"b", b"1")], 1)
    store.write([(b"a", None)], 2)
    # A copy is what SIGKILL leaves.
    shutil.copytree(store.path, killed.path)
    store.close()
    killed.open()
    assert (killed.offset(), list(killed.items())) == (2, [(b"b", b"1")])
    killed.close()


def test_no_iterator_outlives_its_use_whatever_raises_and_whoever_keeps_it(tmp_path: Path) -> None:
    store = PartitionStore(tmp_path / "users" / "0.db")
    store.open()
    store.write([(b"a", b"1"), (b"b", b"2")], 1)

    raised: list[BaseException] = []
    for items in (store.items(), zip(store.items(), range(1), strict=False)):
        try:
            for _ in items:
                raise ValueError("a reader's own error, whose traceback keeps the reader's frame and so its iterator")
        except ValueError as exc:
            raised.append(exc)
    suspended = store.items()
    next(suspended)
    store.close()
    store.open()
    assert dict(store.items()) == {b"a": b"1", b"b": b"2"}
    with pytest.raises(StoreError, match=r"users/0\.db: the store was closed while its items were read"):
        next(suspended)
    store.wipe()
    assert list(store.items()) == []
    store.close()
