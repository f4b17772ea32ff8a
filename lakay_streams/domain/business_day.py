"""Business days in New York, as arithmetic.

A currency transaction report adds up a customer's cash of one business day (31 CFR 1010.313); for a money services
business that is the calendar day where it does business, here New York.
"""

from __future__ import annotations

from datetime import date, timedelta

from lakay_streams.domain.local_time import DAY_MS, HOUR_MS, new_york_ms

_EPOCH = date(1970, 1, 1)


def business_day(occurred_at: int) -> int:
    """Return the New York calendar day of an instant (ms UTC), as days since 1970-01-01."""
    return new_york_ms(occurred_at) // DAY_MS


def day_start(day: int) -> int:
    """Return the first instant (ms UTC) of a business day; clocks change at two, so midnight is always one instant."""
    start = day * DAY_MS + 4 * HOUR_MS
    return start if business_day(start) == day else start + HOUR_MS


def iso_day(day: int) -> str:
    """Return a business day as ISO 8601: 0 is "1970-01-01"."""
    return (_EPOCH + timedelta(days=day)).isoformat()
