"""Distances, sightings and the jumps between them. Degrees north and east, kilometres, km/h, times in ms UTC."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt
from operator import attrgetter

from lakay_streams.domain.frozen import Frozen, replace

EARTH_RADIUS_KM = 6371.0088
HOUR_MS = 3_600_000.0
SHORTEST_MS = 1000
"""Two events closer in time count as this far apart: clocks of different services agree to about a second."""

REGION_DEGREES = 1.0
"""Half the side of the box around a place that counts as the same region, in degrees of latitude: 111 km."""

REGIONS_KEPT = 8


class Sighting(Frozen):
    """Where and when the user was last seen, by which event."""

    latitude: float
    longitude: float
    at: int
    event_id: str


class Jump(Frozen):
    """Two sightings too far apart for the time between them. `at` is the later one's time."""

    at: int
    km: float
    km_per_hour: float
    from_event_id: str
    to_event_id: str


class Region(Frozen):
    """Around where a user has been. Times are ms UTC, `first` 0 for the user's first; `share` as in `known`."""

    latitude: float
    longitude: float
    first: int
    last: int
    share: float = 0.0


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


def is_near(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> bool:
    """Whether two places lie in one region: at most `REGION_DEGREES` apart to the north, and as many km to the east.

    A degree of longitude shrinks with the latitude (by its cosine), and the world is round: 179 east is near 179 west.
    """
    if abs(lat_a - lat_b) > REGION_DEGREES:
        return False
    east = abs(lon_a - lon_b)
    if east <= REGION_DEGREES:
        # A degree is nowhere longer than at the equator.
        return True
    return min(east, 360.0 - east) * cos(radians((lat_a + lat_b) / 2)) <= REGION_DEGREES


def within(region: Region, latitude: float, longitude: float) -> bool:
    """Whether a place lies in the region."""
    return is_near(region.latitude, region.longitude, latitude, longitude)


def is_new_region(regions: tuple[Region, ...], latitude: float, longitude: float, at: int, settle_ms: int) -> bool:
    """Whether the place is in no region known for at least `settle_ms`; never for a user without regions."""
    for region in regions:
        if at - region.first >= settle_ms and within(region, latitude, longitude):
            return False
    return bool(regions)


def sighted_region(
    regions: tuple[Region, ...], latitude: float, longitude: float, first: int, last: int, decay: float
) -> tuple[Region, ...]:
    """Return the regions after the user was seen here from `first` to `last`; the sighting takes the share `decay`."""
    if not regions:
        return (Region(latitude, longitude, 0, last, 1.0),)
    faded, here = [], False
    for region in regions:
        share = region.share
        if not here and within(region, latitude, longitude):
            here = True
            since, until = min(region.first, first), max(region.last, last)
            faded.append(replace(region, first=since, last=until, share=share + decay * (1.0 - share)))
        else:
            faded.append(replace(region, share=share - decay * share))
    if not here:
        faded.append(Region(latitude, longitude, first, last, decay))
        if len(faded) > REGIONS_KEPT:
            oldest = min(faded[:-1], key=attrgetter("last"))
            return tuple([region for region in faded if region is not oldest])
    return tuple(faded)
