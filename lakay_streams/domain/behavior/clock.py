"""Whether a time is unusual for a user, by the clock where the user is at home."""

from __future__ import annotations

from operator import attrgetter

from lakay_streams.domain.behavior.profile import Habits
from lakay_streams.domain.behavior.rhythm import rarity
from lakay_streams.domain.geography import Region
from lakay_streams.domain.known import Known, most_familiar
from lakay_streams.domain.local_time import DAY_MS, Home, local_ms

WEEK_MS = 7 * DAY_MS

HOUR_SHARE = 0.8
"""Of how unusual a time is; the rest is the weekday's, which tells less of a person."""


def oddness(habits: Habits, home: Home | None, at: int, wider: float = 1.0) -> float:
    """Return how unusual the hour and the weekday are for the user, in [0, 1].

    `at` is ms UTC; `wider` times as wide is the tolerance.
    """
    if not habits.hours.history:
        return 0.0
    hour, weekday = phases(at, home)
    hourly = HOUR_SHARE * rarity(habits.hours, hour, wider)
    return hourly + (1.0 - HOUR_SHARE) * rarity(habits.weekdays, weekday, wider)


def phases(at: int, home: Home | None) -> tuple[float, float]:
    """Return where an instant (ms UTC) lies in the day and in the week by the clock at home, each in [0, 1).

    A week begins on Thursday, as 1970 did.
    """
    local = local_ms(at, home)
    return local % DAY_MS / DAY_MS, local % WEEK_MS / WEEK_MS


def home_of(regions: tuple[Region, ...], countries: Known) -> Home | None:
    """Return where the user mostly is, None while no place is known."""
    if not regions:
        return None
    region = max(regions, key=attrgetter("share")) if len(regions) > 1 else regions[0]
    return Home(region.longitude, most_familiar(countries), region.latitude)
