"""A user's own clock, as arithmetic.

Trebanx sends every time in UTC (runbook section 1.4), so no event tells a time zone. It is taken from where the user
is at home: the hour of the longitude (15 degrees each), and daylight saving time where the country keeps it. That can
differ from the legal clock by a constant, which changes no habit; what matters is that eight in the evening stays eight
in the evening when clocks change. A user of whom no place is known lives by New York's clock, as the business day does.

The rules of daylight saving time are written out, so that the domain reads no zone files and a replay on another
machine gives the same hour. They are those in force, as the IANA time zone database has them:

    North America    from the second Sunday of March to the first of November, at two in the morning (Energy Policy Act
                     of 2005, in force since 2007; Haiti keeps it since 2017)
    European Union   from the last Sunday of March to the last of October, at 1:00 UTC (Directive 2000/84/EC)
    Chile            from the first Sunday after 1 September, 4:00 UTC, to the first after 1 April, 3:00 UTC
    Paraguay         from the first Sunday of October to the fourth of March; since 6 October 2024 all year (law 7354)
    Australia        from the first Sunday of October to the first of April, at two in the morning of standard time
    New Zealand      from the last Sunday of September to the first of April, at two in the morning of standard time

South of the equator summer has New Year in its middle. Brazil (since 2019), Mexico (since 2022), Uruguay, Argentina,
the Dominican Republic and the French overseas departments keep none. Neither do parts of countries that do, of which
the largest are known by their coordinates (`WITHOUT_SUMMER`).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from lakay_streams.domain.frozen import Frozen

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NEW_YORK_HOURS = -5

_DEGREES_PER_HOUR = 15.0
_MEAN_YEAR_MS = 31_556_952_000

NORTH_AMERICAN = frozenset({"US", "CA", "HT", "BS", "BM", "TC", "CU", "PM"})
"""Countries that change their clocks by North America's rule (most of each)."""

EUROPEAN = frozenset(
    {"AD", "AL", "AT", "BA", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU"}
    | {"IE", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI"}
    | {"SK", "SM", "UA", "VA", "XK"}
)
"""Countries that change their clocks by the European Union's rule."""


AUSTRALIAN = frozenset({"AU", "NF"})
"""Countries that change their clocks by Australia's rule."""

WITHOUT_SUMMER: dict[str, tuple[tuple[float, float, float, float], ...]] = {
    # Arizona; Hawaii, Puerto Rico, Guam and Samoa
    "US": ((31.3, 37.0, -114.8, -109.05), (-90.0, 24.4, -180.0, 180.0)),
    # Saskatchewan; Yukon, which keeps summer's clock all year
    "CA": ((49.0, 60.0, -110.0, -101.7), (60.0, 70.0, -141.0, -124.0)),
    # Western Australia; the Northern Territory and the north of Queensland; its south
    "AU": ((-90.0, 0.0, 0.0, 129.0), (-26.0, 0.0, 129.0, 180.0), (-28.4, 0.0, 141.0, 180.0)),
    # Magallanes, which keeps summer's clock all year
    "CL": ((-90.0, -48.6, -180.0, 0.0),),
}
"""Parts of countries that do not change their clocks, as boxes: degrees south, north, west, east."""

_EUROPE = (-32.0, 45.0)
"""Degrees west and east of Europe, with the Azores and without what its countries have overseas."""

_PARAGUAY_STAYS = int(datetime(2024, 10, 6, 4, tzinfo=UTC).timestamp()) * 1000


class Home(Frozen):
    """Where a user is at home: degrees east, ISO 3166 alpha-2 and degrees north where they are known."""

    longitude: float
    country: str | None = None
    latitude: float | None = None


def local_ms(at: int, home: Home | None) -> int:
    """Return the wall clock at home at an instant (ms UTC), as ms since 1970-01-01 00:00 by that clock."""
    if home is None:
        return new_york_ms(at)
    standard = at + round(home.longitude / _DEGREES_PER_HOUR) * HOUR_MS
    return standard + HOUR_MS if _is_summer(home, at, standard) else standard


def new_york_ms(at: int) -> int:
    """Return the wall clock in New York at an instant (ms UTC)."""
    standard = at + NEW_YORK_HOURS * HOUR_MS
    return standard + HOUR_MS if in_north_american_summer(standard) else standard


def clock_text(phase: float) -> str:
    """Return a phase of the day as a clock shows it: 0.75 is "18:00"."""
    minutes = round(phase * 24 * 60) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _is_summer(home: Home, at: int, standard: int) -> bool:
    """Whether daylight saving time is in force at home, at an instant and the standard time that its clock shows."""
    country, latitude = home.country, home.latitude
    if country is None or (latitude is not None and _keeps_none(country, latitude, home.longitude)):
        return False
    if country in NORTH_AMERICAN:
        return in_north_american_summer(standard)
    if country in EUROPEAN:
        return _EUROPE[0] <= home.longitude <= _EUROPE[1] and _in_european_summer(at)
    if country == "CL":
        return _in_southern_summer(at, (9, 2, 4), (4, 2, 3))
    if country == "PY":
        return at >= _PARAGUAY_STAYS or _in_southern_summer(standard, (10, 1, 0), (3, 22, -1))
    if country in AUSTRALIAN:
        return _in_southern_summer(standard, (10, 1, 2), (4, 1, 2))
    return country == "NZ" and _in_southern_summer(standard, (9, 24, 2), (4, 1, 2))


def _keeps_none(country: str, latitude: float, longitude: float) -> bool:
    for south, north, west, east in WITHOUT_SUMMER.get(country, ()):
        if south <= latitude <= north and west <= longitude <= east:
            return True
    return False


def in_north_american_summer(standard: int) -> bool:
    """Whether daylight saving time is in force when the standard-time clock shows `standard`."""
    # The mean year is off by hours around New Year only, when no clock changes.
    starts, ends = _north_american_summer(1970 + standard // _MEAN_YEAR_MS)
    return starts <= standard < ends


@lru_cache(maxsize=16)
def _north_american_summer(year: int) -> tuple[int, int]:
    """Return the first and the last moment (end exclusive) of that year's summer, by the clock of standard time."""
    return _first_sunday_from(year, 3, 8, 2), _first_sunday_from(year, 11, 1, 1)


def _in_european_summer(at: int) -> bool:
    starts, ends = _european_summer(1970 + at // _MEAN_YEAR_MS)
    return starts <= at < ends


@lru_cache(maxsize=16)
def _european_summer(year: int) -> tuple[int, int]:
    return _first_sunday_from(year, 3, 25, 1), _first_sunday_from(year, 10, 25, 1)


def _in_southern_summer(at: int, starts: tuple[int, int, int], ends: tuple[int, int, int]) -> bool:
    """Whether it is summer, with New Year in it: from and to the first Sunday on or after (month, day), at an hour."""
    winter_from, winter_until = _southern_winter(1970 + at // _MEAN_YEAR_MS, starts, ends)
    return not winter_from <= at < winter_until


@lru_cache(maxsize=64)
def _southern_winter(year: int, starts: tuple[int, int, int], ends: tuple[int, int, int]) -> tuple[int, int]:
    return _first_sunday_from(year, *ends), _first_sunday_from(year, *starts)


def _first_sunday_from(year: int, month: int, day: int, hour: int) -> int:
    start = datetime(year, month, day, tzinfo=UTC)
    return int((start + timedelta(days=6 - start.weekday(), hours=hour)).timestamp()) * 1000
