"""What a person usually does: when they open Trebanx, in their own time zone, and how much they send.

Amounts are lognormal, as people's are: many near the usual one, a few much larger.
"""

from __future__ import annotations

from itertools import accumulate
from math import exp, log
from random import Random
from typing import NamedTuple

from lakay_streams.simulator.places import DAY_MS, HOUR_MS, MINUTE_MS, local_midnight

BETWEEN_VISITS_MS = 30 * MINUTE_MS
"""A visit is over before the next one begins."""

NIGHT_SHIFT = 0.05
"""The share of people who work at night."""

LEAST_USD, MOST_USD = 20.0, 2_500.0


class Habits(NamedTuple):
    """`hours` are cumulative weights of the day's hours, `weekdays` factors from Monday on; amounts in US dollars.

    `pays` and `remits` are the chances that a visit sends money at Trebanx or to Haiti.
    """

    visits_per_day: float
    hours: tuple[float, ...]
    weekdays: tuple[float, ...]
    usual_usd: float
    spread: float
    pays: float
    remits: float


def form_habits(rng: Random, *, abroad: bool) -> Habits:
    """Return somebody's habits. Only who lives `abroad` sends money to Haiti."""
    weights = [0.02] * 6 + [0.3] * 18
    peaks = rng.choice((7, 8, 12)), rng.choice((17, 18, 20, 21))
    if rng.random() < NIGHT_SHIFT:
        # Up from the evening to the morning, asleep until two in the afternoon.
        weights = [0.3] * 8 + [0.02] * 6 + [0.3] * 10
        peaks = rng.choice((1, 3, 5)), rng.choice((19, 21, 23))
    for peak in peaks:
        for hour, weight in ((peak - 1, 0.8), (peak, 2.5), (peak + 1, 1.2)):
            weights[hour % 24] += weight
    payday, weekend = rng.choice((3, 4, 4, 4)), rng.uniform(0.6, 1.5)
    weekdays = [1.0] * 5 + [weekend] * 2
    weekdays[payday] *= 1.6
    return Habits(
        visits_per_day=rng.uniform(0.2, 1.2),
        hours=tuple(accumulate(weights)),
        weekdays=tuple(weekdays),
        usual_usd=exp(rng.uniform(log(45), log(380))),
        spread=rng.uniform(0.2, 0.5),
        pays=rng.uniform(0.2, 0.6),
        remits=rng.uniform(0.05, 0.25) if abroad else 0.0,
    )


def amount_usd(habits: Habits, rng: Random) -> float:
    """Return an ordinary amount in whole US dollars."""
    amount = habits.usual_usd * exp(rng.gauss(0.0, habits.spread))
    return float(round(min(MOST_USD, max(LEAST_USD, amount))))


def visits_on(habits: Habits, day: int, timezone: str, rng: Random) -> list[int]:
    """Return when a person opens Trebanx on local day number `day`, ascending ms UTC."""
    # Poisson by Knuth's method: the day's expectation is about one.
    left, count, floor = rng.random(), 0, exp(-habits.visits_per_day * habits.weekdays[(day + 3) % 7])
    while left > floor:
        count += 1
        left *= rng.random()
    if not count:
        return []
    return sorted(moment_on(habits, day, timezone, rng) for _ in range(count))


def moment_on(habits: Habits, day: int, timezone: str, rng: Random) -> int:
    """Return a moment of local day number `day`, in ms UTC, when a person is likely up."""
    (hour,) = rng.choices(range(24), cum_weights=habits.hours)
    return local_midnight(timezone, day) + hour * HOUR_MS + int(rng.random() * HOUR_MS)


def local_day(at: int, timezone: str) -> int:
    """Return the local day number of an instant (ms UTC)."""
    day = at // DAY_MS
    return day if at >= local_midnight(timezone, day) else day - 1
