"""What a user is known by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.known import (
    KEPT,
    LAST_SEEN_STEP_MS,
    VALUE_CHARS_KEPT,
    Known,
    is_new,
    kept_value,
    network,
    sighted,
)

DAY = 86_400_000
NOON = 10**12


def test_the_first_one_is_known_from_the_start() -> None:
    assert not is_new(Known(), "a", NOON, DAY)
    assert not is_new(sighted(Known(), "a", NOON), "a", NOON, DAY)


def test_the_second_one_is_new_until_it_has_settled() -> None:
    known = sighted(sighted(Known(), "a", NOON), "b", NOON + 10)
    assert is_new(known, "c", NOON + 10, DAY)
    assert is_new(known, "b", NOON + 10 + DAY - 1, DAY)
    assert not is_new(known, "b", NOON + 10 + DAY, DAY)


def test_a_late_event_moves_the_first_sighting_back() -> None:
    known = sighted(sighted(sighted(Known(), "a", NOON), "b", NOON + DAY), "b", NOON)
    assert not is_new(known, "b", NOON + DAY, DAY)


@given(st.lists(st.tuples(st.sampled_from("abcdefghijkl"), st.integers(0, 10 * DAY)), max_size=60))
def test_it_is_bounded_and_says_how_many_were_dropped(sightings: list[tuple[str, int]]) -> None:
    known = Known()
    for value, at in sightings:
        known = sighted(known, value, at)
        assert any(entry[0] == value for entry in known.entries), "what was just seen is known"
    assert len(known.entries) <= KEPT
    distinct = {value for value, _ in sightings}
    assert known.dropped >= len(distinct) - KEPT
    assert (known.dropped > 0) == (len(distinct) > KEPT)


def test_the_one_seen_longest_ago_makes_room() -> None:
    known = Known()
    for day, value in enumerate("abcdefgh"):
        known = sighted(known, value, NOON + day * DAY)
    known = sighted(sighted(known, "a", NOON + 9 * DAY), "z", NOON + 10 * DAY)
    assert [entry[0] for entry in known.entries] == list("acdefghz")


def test_a_sighting_that_tells_nothing_copies_nothing() -> None:
    known = sighted(Known(), "a", NOON)
    assert sighted(known, "a", NOON + LAST_SEEN_STEP_MS - 1) is known
    assert sighted(known, "a", NOON + LAST_SEEN_STEP_MS) is not known


@pytest.mark.parametrize(
    ("address", "its_network"),
    [
        ("203.0.113.7", "203.0.113"),
        ("2001:db8:85a3::8a2e:370:7334", "2001:db8:85a3"),
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
