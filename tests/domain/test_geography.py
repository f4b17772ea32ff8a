"""Distances, jumps and regions."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.events import Place
from lakay_streams.domain.geography import (
    REGIONS_KEPT,
    Region,
    Sighting,
    haversine_km,
    is_near,
    is_new_region,
    jump_between,
    sighted_region,
)
from tests.domain.story import BOSTON, DAY, MIAMI, MONTREAL, NOON, PORT_AU_PRINCE

LONDON, NEW_YORK = Place(51.5074, -0.1278), Place(40.7128, -74.0060)


def spot(place: Place) -> tuple[float, float]:
    assert place.latitude is not None
    assert place.longitude is not None
    return place.latitude, place.longitude


def seen(regions: tuple[Region, ...], latitude: float, longitude: float, at: int) -> tuple[Region, ...]:
    return sighted_region(regions, latitude, longitude, at, at, 0.15)


latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [(BOSTON, MIAMI, 2023), (BOSTON, MONTREAL, 403), (BOSTON, PORT_AU_PRINCE, 2645), (LONDON, NEW_YORK, 5570)],
)
def test_distances_are_those_of_the_map(one: Place, other: Place, km: float) -> None:
    assert haversine_km(*spot(one), *spot(other)) == pytest.approx(km, rel=0.005)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_symmetric_and_at_most_half_way_round(a: float, b: float, c: float, d: float) -> None:
    assert haversine_km(a, b, c, d) == pytest.approx(haversine_km(c, d, a, b))
    assert 0 <= haversine_km(a, b, c, d) <= 20_016
    assert haversine_km(a, b, a, b) == 0


def test_a_jump_needs_both_distance_and_speed() -> None:
    seen = Sighting(0.0, 0.0, NOON, "a")
    # One degree along the equator is 111.195 km: at 900 km/h that takes 444,780 ms.
    assert jump_between(seen, 0.0, 1.0, NOON + 444_779, "b", 100.0, 900.0) is not None
    assert jump_between(seen, 0.0, 1.0, NOON + 444_781, "b", 100.0, 900.0) is None
    assert jump_between(seen, 0.0, 0.899, NOON, "b", 100.0, 900.0) is None, "99.96 km in no time is an error of the map"
    assert jump_between(seen, 0.0, 0.9, NOON, "b", 100.0, 900.0) is not None, "100.08 km in no time is not"


@given(st.integers(-DAY, DAY), latitudes, longitudes)
def test_the_order_of_the_two_sightings_does_not_matter(ms: int, latitude: float, longitude: float) -> None:
    there = jump_between(Sighting(*spot(BOSTON), NOON, "a"), latitude, longitude, NOON + ms, "b", 100.0, 900.0)
    back = jump_between(Sighting(latitude, longitude, NOON + ms, "b"), *spot(BOSTON), NOON, "a", 100.0, 900.0)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert there.at == back.at == max(NOON, NOON + ms)
        assert there.km_per_hour == pytest.approx(back.km_per_hour)


def test_two_events_of_one_millisecond_are_one_second_apart() -> None:
    jump = jump_between(Sighting(*spot(BOSTON), NOON, "a"), *spot(MIAMI), NOON, "b", 100.0, 900.0)
    assert jump is not None
    assert jump.km_per_hour == pytest.approx(jump.km * 3600)


def test_a_region_is_new_until_it_has_settled_and_the_first_is_never() -> None:
    regions: tuple[Region, ...] = ()
    assert not is_new_region(regions, *spot(BOSTON), NOON, DAY)
    regions = seen(regions, *spot(BOSTON), NOON)
    latitude, longitude = spot(BOSTON)
    assert not is_new_region(regions, latitude + 0.5, longitude - 0.5, NOON, DAY)
    assert is_new_region(regions, *spot(MIAMI), NOON, DAY)
    regions = seen(regions, *spot(MIAMI), NOON)
    assert is_new_region(regions, *spot(MIAMI), NOON + DAY - 1, DAY)
    assert not is_new_region(regions, *spot(MIAMI), NOON + DAY, DAY)


@given(st.lists(st.tuples(latitudes, longitudes, st.integers(0, 10 * DAY)), max_size=40))
def test_regions_are_bounded_and_the_last_is_known(places: list[tuple[float, float, int]]) -> None:
    regions: tuple[Region, ...] = ()
    for latitude, longitude, at in places:
        regions = seen(regions, latitude, longitude, at)
        assert not is_new_region(regions, latitude, longitude, at, 0)
    assert len(regions) <= REGIONS_KEPT


def test_the_share_is_that_of_recent_sightings() -> None:
    regions: tuple[Region, ...] = ()
    for number in range(40):
        regions = seen(regions, *spot(MIAMI if number % 4 == 3 else BOSTON), NOON + number)
    assert [round(region.share, 1) for region in regions] == [0.7, 0.3]
    assert sum(region.share for region in regions) == pytest.approx(1.0)


def test_a_record_without_shares_is_read() -> None:
    old = msgspec.msgpack.encode(((42.0, -71.0, 0, NOON),))
    assert msgspec.msgpack.decode(old, type=tuple[Region, ...]) == (Region(42.0, -71.0, 0, NOON, 0.0),)


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ((-16.8, 179.9), (-16.8, -179.9), True),  # Taveuni, on both sides of the date line: 21 km
        ((65.7, 179.5), (65.7, -179.5), True),
        ((-16.8, 179.0), (-16.8, -179.5), False),  # 160 km
        ((45.5, -73.6), (45.5, -72.3), True),  # Montréal and 101 km east of it
        ((45.5, -73.6), (45.5, -72.1), False),  # 117 km
        ((0.0, 10.0), (0.0, 11.01), False),
        ((0.0, 10.0), (0.0, 10.99), True),
        ((64.1, -21.9), (64.1, -19.7), True),  # Reykjavík: a degree has 49 km there
        ((89.9, 0.0), (89.9, 180.0), True),  # across the pole
    ],
)
def test_a_region_goes_across_the_date_line_and_is_as_wide_at_every_latitude(
    one: tuple[float, float], other: tuple[float, float], near: bool
) -> None:
    assert is_near(*one, *other) is near
    assert is_near(*other, *one) is near
    regions = seen((), *one, NOON)
    assert is_new_region(regions, *other, NOON, DAY) is not near
    assert len(seen(regions, *other, NOON)) == (1 if near else 2)


@given(st.floats(-85, 85), longitudes, st.floats(-1, 1), st.floats(-180, 180))
def test_what_is_near_is_within_160_km_and_what_is_within_100_km_is_near(
    latitude: float, longitude: float, north: float, east: float
) -> None:
    """The box's corner is 157 km from its middle; near the poles its sides bend."""
    there = (longitude + east + 180.0) % 360.0 - 180.0
    km = haversine_km(latitude, longitude, latitude + north, there)
    near = is_near(latitude, longitude, latitude + north, there)
    assert not near or km < 160
    assert near or km > 100


def test_a_journey_across_the_date_line_is_as_long_as_it_is() -> None:
    taveuni = Sighting(-16.8, 179.9, NOON, "a")
    assert jump_between(taveuni, -16.8, -179.9, NOON, "b", 100.0, 900.0) is None, "21 km, not 38,000"
    jump = jump_between(Sighting(37.6, 179.0, NOON, "a"), 37.6, -170.0, NOON + DAY // 24, "b", 100.0, 900.0)
    assert jump is not None
    assert jump.km == pytest.approx(969, abs=2)
    assert jump_between(Sighting(0.0, 180.0, NOON, "a"), 0.0, -180.0, NOON, "b", 100.0, 900.0) is None
