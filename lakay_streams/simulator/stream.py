"""The stream: all processes of the simulated world, merged in the order of event time."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from math import inf

from lakay_streams.simulator.circles import PEOPLE_PER_CIRCLE, keep_circles
from lakay_streams.simulator.delivery import deliver
from lakay_streams.simulator.director import direct
from lakay_streams.simulator.labels import Episode, Label
from lakay_streams.simulator.options import SimulatorOptions
from lakay_streams.simulator.places import DAY_MS
from lakay_streams.simulator.remittances import publish_rates
from lakay_streams.simulator.trebanx import Simulated
from lakay_streams.simulator.visits import live
from lakay_streams.simulator.world import World


class Simulation(Iterator[Simulated]):
    """An iterator of records that also knows the truth about those it has given out: `labels`."""

    def __init__(self, options: SimulatorOptions) -> None:
        """Nothing happens before the first record is asked for."""
        self.options = options
        self._episodes: dict[str, Episode] = {}
        self._records = self._run()

    @property
    def labels(self) -> list[Label]:
        """The scenarios and look-alikes among the records so far, in the order they were begun."""
        return [label for episode in self._episodes.values() if (label := episode.label()) is not None]

    def __next__(self) -> Simulated:
        """Return the next record."""
        return next(self._records)

    def _run(self) -> Iterator[Simulated]:
        options = self.options
        left = inf if options.events is None else options.events
        for record in deliver(_ordered(options, self._episodes), options):
            if record.scenario_id is not None:
                episode = self._episodes[record.scenario_id]
                episode.left(record.event_id, record.event_type, record.occurred_at, record.value)
            yield record
            left -= 1
            if left <= 0:
                return


def simulate(options: SimulatorOptions) -> Simulation:
    """Return the simulated records, lazily; without a limit in the options they never end."""
    return Simulation(options)


def _ordered(options: SimulatorOptions, episodes: dict[str, Episode]) -> Iterator[Simulated]:
    """Yield every record in the order of event time."""
    world = World(options)
    world.spawn(publish_rates(world))
    for number in range(options.users // PEOPLE_PER_CIRCLE):
        world.spawn(keep_circles(world, number))
    for person in world.people:
        world.spawn(live(world, person))
    world.spawn(direct(world, episodes))
    end = inf if options.days is None else world.start + options.days * DAY_MS
    asleep, release = world.asleep, world.trebanx.release
    while asleep and asleep[0][0] < end:
        now, order, process = heappop(asleep)
        yield from release(now)
        wake = next(process, None)
        if wake is not None:
            heappush(asleep, (max(now, wake), order, process))
    yield from release(world.start if end == inf else round(end) - 1)
