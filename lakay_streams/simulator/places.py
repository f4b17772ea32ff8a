"""Where Trebanx's people live, and where thieves sit: coordinates, clocks, currencies and addresses.

Addresses are taken from ranges that belong to nobody (RFC 6598 and RFC 2544), so that none is a real person's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from lakay_streams.domain.geography import haversine_km

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class City(NamedTuple):
    """A city. Degrees north and east; `country` is ISO 3166, `currency` ISO 4217, `timezone` an IANA name."""

    name: str
    country: str
    latitude: float
    longitude: float
    timezone: str
    currency: str


BOSTON = City("Boston", "US", 42.3601, -71.0589, "America/New_York", "USD")
BROOKLYN = City("Brooklyn", "US", 40.6501, -73.9496, "America/New_York", "USD")
MIAMI = City("Miami", "US", 25.7617, -80.1918, "America/New_York", "USD")
MONTREAL = City("Montréal", "CA", 45.5019, -73.5674, "America/Toronto", "CAD")
PORT_AU_PRINCE = City("Port-au-Prince", "HT", 18.5944, -72.3074, "America/Port-au-Prince", "HTG")
CAP_HAITIEN = City("Cap-Haïtien", "HT", 19.7592, -72.2014, "America/Port-au-Prince", "HTG")

HOMES = ((BOSTON, 24), (BROOKLYN, 28), (MIAMI, 22), (MONTREAL, 12), (PORT_AU_PRINCE, 9), (CAP_HAITIEN, 5))
"""Where people live, and how many of a hundred."""

ELSEWHERE = (
    City("Atlanta", "US", 33.749, -84.388, "America/New_York", "USD"),
    City("Houston", "US", 29.7604, -95.3698, "America/Chicago", "USD"),
    City("Los Angeles", "US", 34.0522, -118.2437, "America/Los_Angeles", "USD"),
    City("Vancouver", "CA", 49.2827, -123.1207, "America/Vancouver", "CAD"),
    City("Lagos", "NG", 6.5244, 3.3792, "Africa/Lagos", "USD"),
    City("Bucharest", "RO", 44.4268, 26.1025, "Europe/Bucharest", "EUR"),
    City("Manila", "PH", 14.5995, 120.9842, "Asia/Manila", "USD"),
    City("São Paulo", "BR", -23.5505, -46.6333, "America/Sao_Paulo", "BRL"),
)
"""Where thieves sit; nobody of Trebanx lives there."""

UNITS_PER_USD = {"USD": 1.0, "CAD": 1.37, "HTG": 131.0}
"""Rounded rates, to give people everywhere amounts they can afford."""


class Access(NamedTuple):
    """From which device, address and place somebody acts; `geo` is the payload's `geo_location`."""

    device_id: str
    ip_address: str
    geo: dict[str, Any]


def distance_km(a: City, b: City) -> float:
    """Return the great-circle distance in km."""
    return haversine_km(a.latitude, a.longitude, b.latitude, b.longitude)


def located(city: City, rng: Random) -> dict[str, Any]:
    """Return a `geo_location` within some 5 km of the city's centre."""
    return {
        "latitude": round(city.latitude + rng.uniform(-0.04, 0.04), 4),
        "longitude": round(city.longitude + rng.uniform(-0.04, 0.04), 4),
        "country": city.country,
        "city": city.name,
    }


def address(rng: Random) -> str:
    """Return an address of somebody's home or telephone (RFC 6598)."""
    return f"100.{rng.randrange(64, 128)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


def foreign_access(device_id: str, city: City, rng: Random) -> Access:
    """Return how a stranger in that city acts (addresses of RFC 2544)."""
    ip_address = f"198.{rng.randrange(18, 20)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
    return Access(device_id, ip_address, located(city, rng))


@lru_cache(maxsize=65_536)
def local_midnight(timezone: str, day: int) -> int:
    """Return when local day number `day` (days since 1970-01-01) begins there, in ms UTC."""
    noon = datetime.fromtimestamp(day * 86_400 + 43_200, UTC)
    offset = noon.astimezone(ZoneInfo(timezone)).utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always has one
    return day * DAY_MS - round(offset.total_seconds() * 1000)
