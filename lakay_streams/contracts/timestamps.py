"""Times as Trebanx writes them and as Lakay computes with them: RFC 3339 text, and milliseconds UTC.

RFC 3339 (section 5.6) is the profile of ISO 8601 for the internet, and what JSON schema's `date-time` means: a date, a
`T`, a time of any number of decimals, and an offset, in either case. What widespread producers write beside it is read,
too, as it has one meaning only: a space for the T (RFC 3339's own note, PostgreSQL), no seconds (Java leaves out
zeros), an offset without colon or minutes, a comma for the point.

Python's `fromisoformat` alone is not this definition: it takes any character for the T, and weeks for months, and what
it takes differs from version to version.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import gmtime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = (datetime(2000, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
"""No event is older, in ms UTC; a smaller number is no time in milliseconds at all."""

_LATEST = (datetime(2101, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000

_SHAPE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)
_NO_TIME = "must be an existing ISO 8601 date and time with an offset, e.g. 2026-02-27T14:30:00Z"

_parse = datetime.fromisoformat
_is_usual = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
).fullmatch
"""Whether `fromisoformat` reads it as is said here, in every version: it does so in a quarter of the time."""

_A_DAY = "2026-02-27T"
_DAY_CHARS = len(_A_DAY)
_MINUTE_CHARS = len(_A_DAY + "14:30:")
_SECOND_CHARS = len(_A_DAY + "14:30:00")
_SHORT_CHARS = len(_A_DAY + "14:30:00-05:00")
_MINUTES = {f"{minute // 60:02}:{minute % 60:02}:": minute * _MINUTE_MS for minute in range(24 * 60)}
_SECONDS = {f"{second:02}": second * 1000 for second in range(60)}


def to_millis(text: str) -> int:
    """Return the instant of `text` in milliseconds since the epoch, UTC; finer fractions are cut off.

    A leap second (23:59:60 UTC) is the last millisecond of its day, to which it belongs.

    Raises ValueError, saying why, for text that is not a date and time, one that does not exist (2026-02-30), one
    without an offset, and one before 2000 or after 2100.
    """
    try:
        if len(text) <= _SHORT_CHARS:
            # few days come together, and there are few ways to write what follows the second
            millis = _day(text[:_DAY_CHARS]) + _MINUTES[text[_DAY_CHARS:_MINUTE_CHARS]]
            millis += _SECONDS[text[_MINUTE_CHARS:_SECOND_CHARS]] + _after_second(text[_SECOND_CHARS:])
        elif _is_usual(text):
            since = _parse(text) - _EPOCH
            millis = since.days * _DAY_MS + since.seconds * 1000 + since.microseconds // 1000
        else:
            return _any_to_millis(text)
    except (KeyError, ValueError):
        return _any_to_millis(text)
    return millis if EARLIEST <= millis < _LATEST else _any_to_millis(text)


@lru_cache(maxsize=4096)
def _day(start: str) -> int:
    return _any_to_millis(f"{start}00:00:00Z")


@lru_cache(maxsize=4096)
def _after_second(rest: str) -> int:
    """Return what a fraction and an offset add to a second."""
    return _any_to_millis(f"{_A_DAY}12:00:00{rest}") - _any_to_millis(f"{_A_DAY}12:00:00Z")


def _any_to_millis(text: str) -> int:
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError(_NO_TIME)
    year, month, day, hour, minute, second, fraction, zulu, sign, hours, minutes = found.groups()
    try:
        whole = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC) - _EPOCH
    except ValueError:
        # from None: datetime's own message repeats the numbers
        raise ValueError(_NO_TIME) from None
    if zulu is None and sign is None:
        raise ValueError("has no offset from UTC; end it with Z or e.g. -05:00")
    seconds, offset = int(second or 0), int(hours or 0) * 60 + int(minutes or 0)
    millis = whole.days * _DAY_MS + whole.seconds * 1000 - (-offset if sign == "-" else offset) * _MINUTE_MS
    is_leap_second = seconds == 60 and millis % _DAY_MS == _DAY_MS - _MINUTE_MS
    if offset >= 24 * 60 or int(minutes or 0) > 59 or (seconds > 59 and not is_leap_second):
        raise ValueError(_NO_TIME)
    millis += _MINUTE_MS - 1 if is_leap_second else seconds * 1000 + int((fraction or "")[:3].ljust(3, "0"))
    if not EARLIEST <= millis < _LATEST:
        raise ValueError("must lie in the years 2000 to 2100")
    return millis


def to_text(millis: int) -> str:
    """Return milliseconds since the epoch as ISO 8601 UTC text, e.g. `2026-02-27T14:30:00.000Z`."""
    minute, rest = divmod(millis, _MINUTE_MS)
    second, fraction = divmod(rest, 1000)
    return f"{_minute_text(minute)}:{second:02}.{fraction:03}Z"


@lru_cache(maxsize=4096)
def _minute_text(minute: int) -> str:
    # Cached, because times that are told together lie in few minutes: a fifth of the cost.
    year, month, day, hour, of_hour = gmtime(minute * 60)[:5]
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{of_hour:02}"


def recorded_at(timestamp: int | None) -> str | None:
    """Return a Kafka record's own time (ms UTC) as text; None where there is none, or one that no clock shows."""
    return to_text(timestamp) if timestamp is not None and 0 <= timestamp < 1 << 42 else None
