"""A store tells of damage instead of holding back what lies behind it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lakay_streams.engine.store import PartitionStore
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
