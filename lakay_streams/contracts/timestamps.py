"""Times as Trebanx writes them and as Lakay computes with them: ISO 8601 text, and milliseconds UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import gmtime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = (datetime(2000, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_LATEST = (datetime(2101, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_parse = datetime.fromisoformat


def to_millis(text: str) -> int:
    """Return the instant of `text` in milliseconds since the epoch, UTC; finer fractions are cut off.

    Raises ValueError, saying why, for text that is not a date and time, one that does not exist (2026-02-30), one
    without an offset, and one before 2000 or after 2100.
    """
    try:
        moment = _parse(text)
    except ValueError:
        # from None: datetime's own message repeats the text
        raise ValueError(
            "must be an existing ISO 8601 date and time with an offset, e.g. 2026-02-27T14:30:00Z"
        ) from None
    if moment.tzinfo is None:
        raise ValueError("has no offset from UTC; end it with Z or e.g. -05:00")
    since = moment - _EPOCH
    millis = since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000
    if not _EARLIEST <= millis < _LATEST:
        raise ValueError("must lie in the years 2000 to 2100")
    return millis


def to_text(millis: int) -> str:
    """Return milliseconds since the epoch as ISO 8601 UTC text, e.g. `2026-02-27T14:30:00.000Z`."""
    seconds, fraction = divmod(millis, 1000)
    year, month, day, hour, minute, second = gmtime(seconds)[:6]
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z"


def recorded_at(timestamp: int | None) -> str | None:
    """Return a Kafka record's own time (ms UTC) as text; None where there is none, or one that no clock shows."""
    return to_text(timestamp) if timestamp is not None and 0 <= timestamp < 1 << 42 else None
