"""Everything kept about one user: the record behind `tables.users`, made of slices.

A slice is a record of its own module, replaced as a whole when it changes and shared when it does not. The record
is encoded as arrays: a new field goes last and has a default, so that an older record decodes. It stays below
`RECORD_BYTES_MAX` whatever the user does; counts and sums stay whole, and only details are dropped (ids of old events,
the device seen longest ago).

Times are event times in ms UTC, amounts US cents.
"""

from __future__ import annotations

from operator import itemgetter

from lakay_streams.domain.behavior.profile import NEW_PROFILE, Profile
from lakay_streams.domain.ema import Ema
from lakay_streams.domain.frozen import Frozen
from lakay_streams.domain.geography import Jump, Region, Sighting
from lakay_streams.domain.known import Known
from lakay_streams.domain.recent import Recent
from lakay_streams.domain.sliding_log import SlidingLog

RECORD_BYTES_MAX = 18 * 1024
"""Bound of the encoded record."""

DAYS_KEPT = 4
"""Business days with totals: today, and enough before it for late events."""


class LoginAlert(Frozen):
    """The last time login velocity was found: by an event at `at`, with so many logins in the window before it."""

    at: int
    logins: int


Declined = tuple[bytes, int]
"""A transaction that failed (`sliding_log.hash_of` its id), and when it did last (ms UTC)."""

DECLINED_KEPT = 32


class ProfileChange(Frozen):
    """The last change of a detail that lets someone take over or empty an account."""

    at: int
    fields: tuple[str, ...]
    event_id: str


DayTotal = tuple[int, int, int]
"""Business day (days since 1970-01-01, New York), transactions asked for and not declined, US cents."""


class UserState(Frozen):
    """One user.

    `seen`: hashes of the event ids already counted (`dedup`). `transactions`: asked for in the last 24 h, each once.
    `declined`: the newest of those that failed, for what is told late; what is declined is in no sum.
    `login_attempts` and `login_outcomes`: login-attempt events, and login-success or login-failed events; a platform
    that sends both must not count one login twice. `failures`: failed transactions. `amounts`: the US cents that are
    usual. `devices`, `countries`, `networks`, `regions`: what the user is known by. `sighting`: the newest located
    event; `jump`: the last impossible journey. `days`: totals by business day, ascending, `days_out` of what is handed
    out to the user alone. `behavior`: the habits, and
    the sessions that none of these habits has learned from yet.
    """

    seen: bytes = b""
    transactions: SlidingLog = SlidingLog()
    login_attempts: Recent = Recent()
    login_outcomes: Recent = Recent()
    login_alert: LoginAlert | None = None
    failures: Recent = Recent()
    amounts: Ema = Ema()
    devices: Known = Known()
    countries: Known = Known()
    networks: Known = Known()
    regions: tuple[Region, ...] = ()
    sighting: Sighting | None = None
    jump: Jump | None = None
    profile_change: ProfileChange | None = None
    days: tuple[tuple[int, int, int], ...] = ()
    behavior: Profile = NEW_PROFILE
    declined: tuple[Declined, ...] = ()
    days_out: tuple[tuple[int, int, int], ...] = ()


NEW_USER = UserState()
"""The state of a user before the first event."""


def add_to_day(days: tuple[DayTotal, ...], day: int, amount_minor: int) -> tuple[DayTotal, ...]:
    """Return the totals with one more transaction on `day`; days before the newest `DAYS_KEPT` are dropped."""
    if not days or days[-1][0] < day:
        return (*days, (day, 1, amount_minor))[-DAYS_KEPT:]
    if days[-1][0] == day:
        _, count, total = days[-1]
        return (*days[:-1], (day, count + 1, total + amount_minor))
    count, total = next(((count, total) for each, count, total in days if each == day), (0, 0))
    others = [each for each in days if each[0] != day]
    return tuple(sorted([*others, (day, count + 1, total + amount_minor)])[-DAYS_KEPT:])


def take_from_day(days: tuple[DayTotal, ...], day: int, amount_minor: int) -> tuple[DayTotal, ...]:
    """Return the totals with one transaction less on `day`; a day that is not kept any more changes nothing."""
    left = [
        (each, count - 1, total - amount_minor) if each == day else (each, count, total) for each, count, total in days
    ]
    return tuple([each for each in left if each[1]])


def with_declined(declined: tuple[Declined, ...], digest: bytes, at: int) -> tuple[Declined, ...]:
    """Return what was declined with one more, or the same one later; beyond `DECLINED_KEPT` the oldest is forgotten."""
    latest = max([at, *[failed_at for each, failed_at in declined if each == digest]])
    others = [each for each in declined if each[0] != digest]
    return tuple(sorted([*others, (digest, latest)], key=itemgetter(1, 0))[-DECLINED_KEPT:])


def day_total(days: tuple[DayTotal, ...], day: int) -> int:
    """Return what was asked for on that business day, in US cents."""
    return day_counted(days, day)[1]


def day_counted(days: tuple[DayTotal, ...], day: int) -> tuple[int, int]:
    """Return how many transactions were asked for on that business day, and how much, in US cents."""
    for each in reversed(days):
        if each[0] == day:
            return each[1], each[2]
    return 0, 0
