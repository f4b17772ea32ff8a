"""What a user is known by."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.frozen import astuple
from lakay_streams.domain.known import (
    KEPT,
    VALUE_CHARS_KEPT,
    Familiar,
    Known,
    is_new,
    kept_value,
    most_familiar,
    network,
    sighted,
)

DAY = 86_400_000
NOON = 10**12
DECAY = 0.15


def seen(known: Known, value: str, at: int) -> Known:
    return sighted(known, value, at, at, DECAY)


def test_the_first_one_is_known_from_the_start() -> None:
    assert not is_new(Known(), "a", NOON, DAY)
    assert not is_new(seen(Known(), "a", NOON), "a", NOON, DAY)


def test_the_second_one_is_new_until_it_has_settled() -> None:
    known = seen(seen(Known(), "a", NOON), "b", NOON + 10)
    assert is_new(known, "c", NOON + 10, DAY)
    assert is_new(known, "b", NOON + 10 + DAY - 1, DAY)
    assert not is_new(known, "b", NOON + 10 + DAY, DAY)


def test_a_late_event_moves_the_first_sighting_back() -> None:
    known = seen(seen(seen(Known(), "a", NOON), "b", NOON + DAY), "b", NOON)
    assert not is_new(known, "b", NOON + DAY, DAY)


@given(st.lists(st.tuples(st.sampled_from("abcdefghijkl"), st.integers(0, 10 * DAY)), max_size=60))
def test_it_is_bounded_and_says_how_many_were_dropped(sightings: list[tuple[str, int]]) -> None:
    known = Known()
    for value, at in sightings:
        known = seen(known, value, at)
        assert any(entry.value == value for entry in known.entries), "what was just seen is known"
    assert len(known.entries) <= KEPT
    distinct = {value for value, _ in sightings}
    assert known.dropped >= len(distinct) - KEPT
    assert (known.dropped > 0) == (len(distinct) > KEPT)


def test_the_one_seen_longest_ago_makes_room() -> None:
    known = Known()
    for day, value in enumerate("abcdefgh"):
        known = seen(known, value, NOON + day * DAY)
    known = seen(seen(known, "a", NOON + 9 * DAY), "z", NOON + 10 * DAY)
    assert [entry.value for entry in known.entries] == list("acdefghz")


def test_the_share_is_that_of_recent_sightings_and_all_shares_make_one() -> None:
    known = Known()
    for number in range(60):
        known = seen(known, "desk" if number % 3 else "pocket", NOON + number)
    shares = {entry.value: entry.share for entry in known.entries}
    assert sum(shares.values()) == pytest.approx(1.0)
    assert 0.55 < shares["desk"] < 0.75
    for number in range(40):
        known = seen(known, "desk", NOON + 100 + number)
    assert known.entries[0].value == "pocket"
    assert known.entries[0].share < 0.002
    assert most_familiar(known) == "desk"


def test_a_sighting_lasts_from_its_first_to_its_last_moment() -> None:
    known = sighted(seen(Known(), "a", NOON), "b", NOON + 5, NOON + 9, DECAY)
    assert known.entries[1] == Familiar("b", NOON + 5, NOON + 9, DECAY)
    known = sighted(known, "b", NOON + 3, NOON + 7, DECAY)
    assert astuple(known.entries[1])[:3] == ("b", NOON + 3, NOON + 9)


def test_a_record_without_shares_is_read() -> None:
    """As it was written before there were any."""
    old = msgspec.msgpack.encode(((("a", 0, NOON), ("b", NOON, NOON)), 0))
    known = msgspec.msgpack.decode(old, type=Known)
    assert known == Known((Familiar("a", 0, NOON), Familiar("b", NOON, NOON)), 0)
    assert seen(known, "b", NOON + 1).entries[1].share == DECAY


@pytest.mark.parametrize(
    ("address", "its_network"),
    [
        ("203.0.113.7", "203.0.113"),
        ("2001:db8:85a3::8a2e:370:7334", "2001:db8:85a3"),
        ("2001:0DB8:85A3:0:0:8A2E:370:7334", "2001:db8:85a3"),
        ("2001:db8::1", "2001:db8:0"),
        ("2001:db8:0:5::1", "2001:db8:0"),
        ("2001:db8:0:0:7::", "2001:db8:0"),
        ("no:address", "no:address"),
        ("localhost", "localhost"),
        ("", ""),
    ],
)
def test_an_address_is_known_by_its_network(address: str, its_network: str) -> None:
    assert network(address) == its_network


@given(st.text(max_size=200))
def test_whatever_is_kept_is_short_and_distinct(value: str) -> None:
    assert len(kept_value(value).encode()) <= VALUE_CHARS_KEPT
    assert len(network(value).encode()) <= VALUE_CHARS_KEPT
    assert kept_value(value) != kept_value(value + "!")
