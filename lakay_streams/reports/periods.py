"""Periods of business days, both ends included, and the instants that bound them."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from lakay_streams.contracts.timestamps import to_text
from lakay_streams.domain.business_day import Zone, business_day, day_start
from lakay_streams.errors import ReportError
from lakay_streams.reports.records import Period

_EPOCH = date(1970, 1, 1)


class Span(NamedTuple):
    """From the first instant of business day `start` to the last of `end`, in `zone`."""

    start: date
    end: date
    zone: Zone

    @property
    def since(self) -> datetime:
        """The first instant."""
        return _instant(self.start, self.zone)

    @property
    def before(self) -> datetime:
        """The first instant after it."""
        return _instant(self.end + timedelta(days=1), self.zone)

    @property
    def bounds_text(self) -> tuple[str, str]:
        """Both as alerts write times, which compare as text."""
        return _text(self.since), _text(self.before)


def span(start: date, end: date, zone: Zone) -> Span:
    """Return the period; raises `ReportError` for one that ends before it starts."""
    if end < start:
        raise ReportError(f"The period from {start} to {end} ends before it starts: exchange the two days.")
    return Span(start, end, zone)


def ending(period: Period, as_of: date, zone: Zone) -> Span:
    """Return the seven days, or the month, that end with `as_of`; with a month's last day, it is that month."""
    after = as_of + timedelta(days=1)
    if period == "weekly":
        return Span(after - timedelta(days=7), as_of, zone)
    year, month = (after.year, after.month - 1) if after.month > 1 else (after.year - 1, 12)
    return Span(date(year, month, min(after.day, calendar.monthrange(year, month)[1])), as_of, zone)


def day_of(at_ms: int, zone: Zone) -> date:
    """Return the business day of an instant (ms UTC)."""
    return _EPOCH + timedelta(days=business_day(at_ms, zone))


def _instant(day: date, zone: Zone) -> datetime:
    return datetime.fromtimestamp(day_start((day - _EPOCH).days, zone) / 1000, UTC)


def _text(instant: datetime) -> str:
    return to_text(round(instant.timestamp() * 1000))
