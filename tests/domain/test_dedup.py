"""The ring of event ids."""

from __future__ import annotations

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.dedup import HASH_BYTES, RING_SIZE, remember


def test_an_id_is_seen_from_its_second_time_on() -> None:
    ring = remember(b"", "a")
    assert ring is not None
    assert remember(ring, "a") is None
    assert remember(ring, "b") is not None


@given(st.lists(st.integers(0, 300).map(str), max_size=500))
def test_exactly_the_last_ids_are_remembered(ids: list[str]) -> None:
    ring, kept = b"", list[str]()
    for event_id in ids:
        after = remember(ring, event_id)
        assert (after is None) == (event_id in kept)
        if after is not None:
            ring, kept = after, [*kept, event_id][-RING_SIZE:]
    assert len(ring) == len(kept) * HASH_BYTES


def test_bytes_of_two_neighbouring_hashes_are_no_third_one() -> None:
    digest = blake2b(b"a", digest_size=HASH_BYTES).digest()
    across = b"1234" + digest + b"1234"
    ring = remember(across, "a")
    assert ring is not None
    assert remember(ring, "a") is None


def test_the_hash_is_the_same_on_every_machine() -> None:
    assert remember(b"", "3f2504e0-4f89-11d3-9a0c-0305e82c3301") == bytes.fromhex("f021211a43bb5fac")
