"""A user's own clock, as arithmetic.

Trebanx sends every time in UTC (runbook section 1.4), so no event tells a time zone. It is taken from where the user
is at home: the hour of the longitude (15 degrees each), and daylight saving time where the country keeps it. That can
differ from the legal clock by a constant, which changes no habit; what matters is that eight in the evening stays eight
in the evening when clocks change. A user of whom no place is known lives by New York's clock, as the business day does.

The rules of daylight saving time are written out, so that the domain reads no zone files and a replay on another
machine gives the same hour: North America's (Energy Policy Act of 2005, in force since 2007: from the second Sunday of
March to the first of November, at two in the morning) and the European Union's (Directive 2000/84/EC: from the last
Sunday of March to the last of October, at 1:00 UTC).
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


class Home(Frozen):
    """Where a user is at home: degrees east, and ISO 3166 alpha-2 where it is known."""

    longitude: float
    country: str | None = None


def local_ms(at: int, home: Home | None) -> int:
    """Return the wall clock at home at an instant (ms UTC), as ms since 1970-01-01 00:00 by that clock."""
    if home is None:
        return new_york_ms(at)
    standard = at + round(home.longitude / _DEGREES_PER_HOUR) * HOUR_MS
    if home.country in NORTH_AMERICAN:
        return standard + HOUR_MS if in_north_american_summer(standard) else standard
    if home.country in EUROPEAN:
        return standard + HOUR_MS if _in_european_summer(at) else standard
    return standard


def new_york_ms(at: int) -> int:
    """Return the wall clock in New York at an instant (ms UTC)."""
    standard = at + NEW_YORK_HOURS * HOUR_MS
    return standard + HOUR_MS if in_north_american_summer(standard) else standard


def clock_text(phase: float) -> str:
    """Return a phase of the day as a clock shows it: 0.75 is "18:00"."""
    minutes = round(phase * 24 * 60) % (24 * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


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


def _first_sunday_from(year: int, month: int, day: int, hour: int) -> int:
    start = datetime(year, month, day, hour, tzinfo=UTC)
    return int((start + timedelta(days=6 - start.weekday())).timestamp()) * 1000
