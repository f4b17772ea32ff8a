"""Distances, sightings and the jumps between them. Degrees north and east, kilometres, km/h, times in ms UTC."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

EARTH_RADIUS_KM = 6371.0088
HOUR_MS = 3_600_000.0
SHORTEST_MS = 1000
"""Two events closer in time count as this far apart: clocks of different services agree to about a second."""

REGION_DEGREES = 1.0
"""Half the side of the box around a place that counts as the same region (about 100 km)."""

REGIONS_KEPT = 8
LAST_SEEN_STEP_MS = 6 * 3_600_000


class Sighting(NamedTuple):
    """Where and when the user was last seen, by which event."""

    latitude: float
    longitude: float
    at: int
    event_id: str


class Jump(NamedTuple):
    """Two sightings too far apart for the time between them. `at` is the later one's time."""

    at: int
    km: float
    km_per_hour: float
    from_event_id: str
    to_event_id: str


Region = tuple[float, float, int, int]
"""Latitude, longitude, first seen, last seen (0 as first seen for the user's first region)."""


def haversine_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Return the great-circle distance in km."""
    phi_a, phi_b = radians(lat_a), radians(lat_b)
    chord = sin((phi_b - phi_a) / 2) ** 2 + cos(phi_a) * cos(phi_b) * sin(radians(lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


def jump_between(
    seen: Sighting, latitude: float, longitude: float, at: int, event_id: str, min_km: float, max_km_per_hour: float
) -> Jump | None:
    """Return the jump from `seen` to here when it is farther than `min_km` and faster than `max_km_per_hour`.

    The order of the two does not matter: a late event is compared over the time between them all the same.
    """
    if latitude == seen.latitude and longitude == seen.longitude:
        return None
    km = haversine_km(seen.latitude, seen.longitude, latitude, longitude)
    if km <= min_km:
        return None
    speed = km * HOUR_MS / max(abs(at - seen.at), SHORTEST_MS)
    if speed <= max_km_per_hour:
        return None
    if at >= seen.at:
        return Jump(at, km, speed, seen.event_id, event_id)
    return Jump(seen.at, km, speed, event_id, seen.event_id)


def _same_region(region: Region, latitude: float, longitude: float) -> bool:
    return abs(region[0] - latitude) <= REGION_DEGREES and abs(region[1] - longitude) <= REGION_DEGREES


def is_new_region(regions: tuple[Region, ...], latitude: float, longitude: float, at: int, settle_ms: int) -> bool:
    """Whether the place is in no region known for at least `settle_ms`; never for a user without regions."""
    if not regions:
        return False
    return not any(at - each[2] >= settle_ms and _same_region(each, latitude, longitude) for each in regions)


def sighted_region(regions: tuple[Region, ...], latitude: float, longitude: float, at: int) -> tuple[Region, ...]:
    """Return the regions after the user was seen here; the same object when that changes nothing."""
    for place, region in enumerate(regions):
        if _same_region(region, latitude, longitude):
            if region[2] <= at < region[3] + LAST_SEEN_STEP_MS:
                return regions
            seen = (region[0], region[1], min(region[2], at), max(region[3], at))
            return (*regions[:place], seen, *regions[place + 1 :])
    if not regions:
        return ((latitude, longitude, 0, at),)
    regions = (*regions, (latitude, longitude, at, at))
    if len(regions) <= REGIONS_KEPT:
        return regions
    oldest = min(regions[:-1], key=lambda region: region[3])
    return tuple(region for region in regions if region is not oldest)
