"""Business days, as arithmetic: reading no zone files, a replay on another machine gives the same day.

A currency transaction report adds up a customer's cash of one business day (31 CFR 1010.313); for a money services
business that is the calendar day where it does business, New York unless COMPLIANCE_BUSINESS_TIMEZONE says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

from lakay_streams.domain.frozen import Frozen
from lakay_streams.domain.local_time import DAY_MS, HOUR_MS, NEW_YORK_HOURS, in_north_american_summer

_EPOCH = date(1970, 1, 1)


class Zone(Frozen):
    """Hours east of Greenwich in winter, and whether clocks change by North America's rule."""

    hours: int
    summer: bool


NEW_YORK = Zone(NEW_YORK_HOURS, summer=True)

ZONES: Mapping[str, Zone] = {
    "America/New_York": NEW_YORK,
    "America/Chicago": Zone(-6, summer=True),
    "America/Denver": Zone(-7, summer=True),
    "America/Phoenix": Zone(-7, summer=False),
    "America/Los_Angeles": Zone(-8, summer=True),
    "America/Anchorage": Zone(-9, summer=True),
    "Pacific/Honolulu": Zone(-10, summer=False),
    "America/Puerto_Rico": Zone(-4, summer=False),
    "America/Port-au-Prince": Zone(-5, summer=True),
    "America/Toronto": Zone(-5, summer=True),
    "UTC": Zone(0, summer=False),
}
"""Where business days can be counted, by IANA name: the United States and its corridor."""


def business_day(occurred_at: int, zone: Zone = NEW_YORK) -> int:
    """Return the calendar day of an instant (ms UTC) in `zone`, as days since 1970-01-01."""
    # Days begin and clocks change at whole hours, also by UTC.
    return _day_of_hour(occurred_at // HOUR_MS, zone)


@lru_cache(maxsize=4096)
def _day_of_hour(hour: int, zone: Zone) -> int:
    standard = (hour + zone.hours) * HOUR_MS
    if zone.summer and in_north_american_summer(standard):
        standard += HOUR_MS
    return standard // DAY_MS


@lru_cache(maxsize=1024)
def day_start(day: int, zone: Zone = NEW_YORK) -> int:
    """Return the first instant (ms UTC) of a business day; clocks change at two, so midnight is always one instant."""
    start = day * DAY_MS - zone.hours * HOUR_MS
    return start - HOUR_MS if zone.summer and business_day(start - HOUR_MS, zone) == day else start


@lru_cache(maxsize=1024)
def iso_day(day: int) -> str:
    """Return a business day as ISO 8601: 0 is "1970-01-01"."""
    return (_EPOCH + timedelta(days=day)).isoformat()
