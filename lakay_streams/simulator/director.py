"""The director: begins scenarios and look-alikes so that each keeps its share of the traffic, and all take turns.

It is a controller, not a plan: whatever the number of people, the length of the run or the hour of the day, the shares
hold and every scenario comes at every stealth level before one repeats.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from lakay_streams.simulator.labels import FRAUD, Episode
from lakay_streams.simulator.lookalikes import LOOKALIKES
from lakay_streams.simulator.people import Person
from lakay_streams.simulator.places import DAY_MS, HOUR_MS, MINUTE_MS
from lakay_streams.simulator.scenarios import SCENARIOS
from lakay_streams.simulator.scenarios.scene import Play, Scene
from lakay_streams.simulator.world import Process, World

LOOKS_EVERY_MS = 20 * MINUTE_MS
_TRIES = 60


def direct(world: World, episodes: dict[str, Episode]) -> Process:
    """Keep the shares from the start of the full traffic on; every episode is entered in `episodes`."""
    options = world.options
    shows = [
        _Show(world, "scenarios", SCENARIOS, options.scenarios, options.stealth, options.scenario_share, episodes),
        _Show(world, "lookalikes", LOOKALIKES, LOOKALIKES, (0,), options.lookalike_share, episodes),
    ]
    at = world.start
    while True:
        yield at
        for show in shows:
            show.keep_share(at)
        at += LOOKS_EVERY_MS


class _Show:
    """One deck of plays, and how much of the traffic it may make."""

    def __init__(
        self,
        world: World,
        name: str,
        plays: Mapping[str, Play],
        chosen: Iterable[str],
        stealth: Iterable[int],
        share: float,
        episodes: dict[str, Episode],
    ) -> None:
        self._world, self._episodes, self._share = world, episodes, share
        self._rng = world.rng(f"director/{name}")
        self._cards = [(plays[each], level) for each in chosen for level in stealth]
        self._deck: deque[tuple[Play, int]] = deque()
        self._open: list[tuple[Episode, int]] = []
        self._spent = 0
        self._played = 0
        self._told_before = -1

    def keep_share(self, at: int) -> None:
        """Begin as many episodes as the share of the traffic since the first look allows now."""
        if self._told_before < 0:
            self._told_before = self._world.trebanx.told
        if not self._cards:
            return
        still_open = []
        committed = self._spent
        for episode, expected in self._open:
            if episode.finished:
                self._spent += episode.told
                committed += episode.told
            else:
                still_open.append((episode, expected))
                committed += max(episode.told, expected)
        self._open = still_open
        allowed = self._share * (self._world.trebanx.told - self._told_before)
        while committed < allowed:
            play, stealth = self._next_card()
            person = self._cast(play, at)
            if person is None:
                return
            self._begin(play, stealth, person, at)
            committed += play.events

    def _next_card(self) -> tuple[Play, int]:
        if not self._deck:
            self._rng.shuffle(self._cards)
            if self._world.options.fraud_first and not self._played:
                self._cards.sort(key=lambda card: card[0].kind != FRAUD)
            self._deck.extend(self._cards)
        return self._deck.popleft()

    def _cast(self, play: Play, at: int) -> Person | None:
        """Return somebody who is free and known for a while; who never played, if there is one."""
        people, settled_by = self._world.people, at - DAY_MS
        again = None
        for _ in range(_TRIES):
            person = people[int(self._rng.random() * len(people))]
            if person.busy or person.registered_at > settled_by or person.away_until > at:
                continue
            if play.in_dollars and person.home.currency != "USD":
                continue
            if not person.played:
                return person
            again = again or person
        return again

    def _begin(self, play: Play, stealth: int, person: Person, at: int) -> None:
        self._played += 1
        level = f"-{stealth}" if stealth else ""
        episode = Episode(f"{play.name}{level}-{self._played:05d}", play.name, play.kind, stealth, person.user_id)
        self._episodes[episode.scenario_id] = episode
        self._open.append((episode, play.events))
        person.busy = person.played = True
        scene = Scene(self._world, person, stealth, self._world.rng(episode.scenario_id), episode)
        self._world.spawn(_perform(scene, play, at + int(self._rng.random() * LOOKS_EVERY_MS)))


def _perform(scene: Scene, play: Play, at: int) -> Process:
    """Play an episode from `at` on, and free its person some hours after its last event."""
    yield at
    yield from play.play(scene, at)
    yield scene.episode.last_at + 2 * HOUR_MS
    scene.episode.finished = True
    scene.person.busy = False
