"""What a scenario or look-alike is given to play with, and what it says about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple

from lakay_streams.simulator.habits import local_day, visits_on
from lakay_streams.simulator.labels import Episode
from lakay_streams.simulator.movements import DECLINED, transact
from lakay_streams.simulator.people import Person
from lakay_streams.simulator.places import Access, City
from lakay_streams.simulator.world import Process, World


class Scene(NamedTuple):
    """One person in one episode. `stealth` is 1 to 3; `rng` belongs to the episode alone."""

    world: World
    person: Person
    stealth: int
    rng: Random
    episode: Episode

    def user_event(self, at: int, event_type: str, access: Access, **more: object) -> None:
        """Tell an event of `trebanx.user.events` about the person."""
        self.world.trebanx.user_event(at, event_type, self.person.user_id, access, self.episode, **more)

    def moves(
        self,
        at: int,
        usd: float,
        access: Access,
        type: str = "transfer",  # noqa: A002 - the payload's own word
        *,
        recipient_id: str | None = None,
        method: str = "wallet",
        declined: float = DECLINED,
    ) -> int:
        """Tell a transaction of the person, in US dollars turned into their currency; return when it ended."""
        return transact(
            self.world.trebanx,
            self.rng,
            at,
            self.person.user_id,
            self.person.minor(usd),
            self.person.home.currency,
            access=access,
            recipient_id=recipient_id,
            type=type,
            method=method,
            declined=declined,
            episode=self.episode,
        )

    def next_visit(self, after: int) -> int:
        """Return an hour after `after` (ms UTC) at which the person usually opens Trebanx."""
        habits, timezone = self.person.habits, self.person.home.timezone
        day = local_day(after, timezone)
        while True:
            for at in visits_on(habits, day, timezone, self.rng):
                if at > after:
                    return at
            day += 1


def near_and_far(cities: Iterable[City], home: City) -> tuple[list[City], list[City]]:
    """Return the cities of the home's country, and the others."""
    listed = list(cities)
    return [city for city in listed if city.country == home.country], [
        city for city in listed if city.country != home.country
    ]


class Play(NamedTuple):
    """A scenario or look-alike: its name, its kind (see `labels`), about how many events it has, and how it goes.

    `in_dollars` is for what only makes sense under United States law.
    """

    name: str
    kind: str
    events: int
    play: Callable[[Scene, int], Process]
    in_dollars: bool = False
