"""Simulated runs that several tests look at, made once."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import orjson

from lakay_streams.simulator import Label, Simulated, SimulatorOptions, simulate


class Run(NamedTuple):
    records: tuple[Simulated, ...]
    labels: tuple[Label, ...]

    def of(self, *event_types: str) -> list[dict[str, Any]]:
        """The payloads of these event types, in order."""
        return [payload(record) for record in self.records if record.event_type in event_types]


def payload(record: Simulated) -> dict[str, Any]:
    inner: dict[str, Any] = orjson.loads(record.value)["payload"]
    return inner


def play(options: SimulatorOptions) -> Run:
    simulation = simulate(options)
    records = tuple(simulation)
    return Run(records, tuple(simulation.labels))


@cache
def ordinary(seed: int = 1) -> Run:
    """20,000 events of the default mix."""
    return play(SimulatorOptions(seed=seed, users=500, events=20_000))


@cache
def one_scenario(name: str, stealth: int, seed: int) -> Run:
    """A world that plays one scenario at one level of stealth, long enough for the slowest to end."""
    options = SimulatorOptions(
        seed=seed,
        users=60,
        history_payments=6,
        days=75 if name == "failing_circle" else 34,
        scenarios=(name,),
        stealth=(stealth,),
        scenario_share=0.02,
        lookalike_share=0.0,
    )
    return play(options)
