"""Business days in New York, as arithmetic.

A currency transaction report adds up a customer's cash of one business day (31 CFR 1010.313); for a money services
business that is the calendar day where it does business, here New York. The rule of daylight saving time is written
out (Energy Policy Act of 2005, in force since 2007: second Sunday of March, first Sunday of November, at 2 in the
morning), so that the domain reads no zone files and a replay on another machine gives the same day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
_MEAN_YEAR_MS = 31_556_952_000
_EPOCH = date(1970, 1, 1)


@lru_cache(maxsize=16)
def _daylight_saving(year: int) -> tuple[int, int]:
    """Return the first and the last instant (ms UTC, end exclusive) of daylight saving time in that year."""

    def first_sunday_from(month: int, day: int, utc_hour: int) -> int:
        start = datetime(year, month, day, utc_hour, tzinfo=UTC)
        return int((start + timedelta(days=6 - start.weekday())).timestamp()) * 1000

    return first_sunday_from(3, 8, 7), first_sunday_from(11, 1, 6)


def business_day(occurred_at: int) -> int:
    """Return the New York calendar day of an instant (ms UTC), as days since 1970-01-01."""
    # The mean year is off by hours around New Year only, when no clock changes.
    starts, ends = _daylight_saving(1970 + occurred_at // _MEAN_YEAR_MS)
    offset = 4 * HOUR_MS if starts <= occurred_at < ends else 5 * HOUR_MS
    return (occurred_at - offset) // DAY_MS


def day_start(day: int) -> int:
    """Return the first instant (ms UTC) of a business day; clocks change at two, so midnight is always one instant."""
    start = day * DAY_MS + 4 * HOUR_MS
    return start if business_day(start) == day else start + HOUR_MS


def iso_day(day: int) -> str:
    """Return a business day as ISO 8601: 0 is "1970-01-01"."""
    return (_EPOCH + timedelta(days=day)).isoformat()
