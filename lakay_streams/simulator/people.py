"""Trebanx's people: where they live, with which devices and addresses they act, whom they send money to."""

from __future__ import annotations

from random import Random
from uuid import UUID

from lakay_streams.simulator.habits import Habits, form_habits
from lakay_streams.simulator.labels import Episode
from lakay_streams.simulator.options import SimulatorOptions
from lakay_streams.simulator.places import (
    DAY_MS,
    HOMES,
    UNITS_PER_USD,
    Access,
    City,
    address,
    foreign_access,
    located,
)

NEWCOMERS = 0.1
"""The share of people who register after `start`."""

_NEWCOMER_DAYS = 10.0
_DEVICES = (("android", 0.55), ("ios", 0.9), ("web", 1.0))


class Person:
    """One user. Everything random about them comes from their own generator: nobody else changes their life.

    `accesses` are how they act where they are now: from home and on the way. `busy` while they play in an episode;
    `tagged` is the look-alike their ordinary visits belong to meanwhile. `away_until` (ms UTC) while nobody can reach
    them, as on a flight.
    """

    __slots__ = (
        "accesses",
        "away_until",
        "busy",
        "circles",
        "device_id",
        "device_type",
        "habits",
        "home",
        "played",
        "recipients",
        "registered_at",
        "rng",
        "settled",
        "tagged",
        "user_id",
    )

    def __init__(self, number: int, options: SimulatorOptions) -> None:
        """Make person number `number`; same options, same person."""
        self.rng = rng = Random(f"{options.seed}/person/{number}")
        self.user_id = new_uuid(rng)
        (self.home,) = rng.choices([city for city, _ in HOMES], [weight for _, weight in HOMES])
        self.habits: Habits = form_habits(rng, abroad=self.home.country != "HT")
        drawn = rng.random()
        self.device_type = next(name for name, share in _DEVICES if drawn < share)
        self.device_id = new_uuid(rng)
        self.accesses = self._accesses(address(rng), address(rng))
        self.recipients = tuple(new_uuid(rng) for _ in range(rng.randrange(2, 7)))
        self.settled = rng.random() >= NEWCOMERS
        if self.settled:
            history = options.history_days * DAY_MS
            self.registered_at = options.start_ms - history + int(rng.random() * 0.4 * history)
        else:
            self.registered_at = options.start_ms + int(rng.expovariate(1 / _NEWCOMER_DAYS) * DAY_MS)
        self.away_until = 0
        self.busy = False
        self.played = False
        self.circles = 0
        self.tagged: Episode | None = None

    def access(self) -> Access:
        """Return how this person acts right now: mostly from home, sometimes on the way."""
        return self.accesses[self.rng.random() < 0.25]

    def minor(self, usd: float) -> int:
        """Return US dollars in minor units of this person's currency, rounded to a unit people would name."""
        units = usd * UNITS_PER_USD[self.home.currency]
        step = 50 if self.home.currency == "HTG" else 1
        return max(1, round(units / step)) * step * 100 if units >= step else max(1, round(units * 100))

    def goes_to(self, city: City) -> None:
        """Act from a hotel or a cousin's house from now on."""
        here = foreign_access(self.device_id, city, self.rng)
        self.accesses = (here, foreign_access(self.device_id, city, self.rng))

    def takes_device(self, device_id: str) -> None:
        """Act with another device from now on, from the same places."""
        self.device_id = device_id
        home, away = self.accesses
        self.accesses = (home._replace(device_id=device_id), away._replace(device_id=device_id))

    def _accesses(self, at_home: str, on_the_way: str) -> tuple[Access, Access]:
        return (
            Access(self.device_id, at_home, located(self.home, self.rng)),
            Access(self.device_id, on_the_way, located(self.home, self.rng)),
        )


def new_uuid(rng: Random) -> str:
    """Return a UUID (version 4) from a generator."""
    return str(UUID(int=rng.getrandbits(128), version=4))
