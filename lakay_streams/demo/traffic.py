"""The demo's traffic, as a process of its own: `python -m lakay_streams.demo.traffic SERVERS EVENTS_PER_SECOND SEED`.

First the history that makes most users known, as fast as it goes; then life with fraud in it, at the rate asked for,
until somebody stops it. A little of it travels badly, as in life: twice, out of order, under a wrong key, or damaged.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from lakay_streams.simulator import Simulated, SimulatorOptions, demo_options, simulate
from lakay_streams.simulator.sinks import produce


def options(seed: int) -> SimulatorOptions:
    """What the demo simulates."""
    return replace(demo_options(seed), out_of_order=0.005, duplicates=0.002, wrong_keys=0.001, poison=0.0003)


async def feed(servers: str, rate: float, told: SimulatorOptions) -> None:
    """Send the history at once and the rest at `rate` events per second, until cancelled."""
    events = iter(simulate(told))
    first_of_life: list[Simulated] = []

    def history() -> Iterator[Simulated]:
        for event in events:
            if event.occurred_at >= told.start_ms:
                first_of_life.append(event)
                return
            yield event

    await produce(history(), servers)
    await produce(chain(first_of_life, events), servers, rate=rate)


if __name__ == "__main__":
    asyncio.run(feed(sys.argv[1], float(sys.argv[2]), options(int(sys.argv[3]))))
