"""Traffic of some thousand events through a topology in memory, whose worker ends now and then in mid-stream."""

from __future__ import annotations

from dataclasses import replace

from lakay_streams.engine.testing import TopologyDriver
from lakay_streams.simulator import simulate
from tests.e2e.operators import clearings, dispositions
from tests.e2e.platform import UNRULY

TRAFFIC = replace(UNRULY, seed=20260302, users=200, events=10_000, scenario_share=0.05)
PART = 500
"""Records between two checkpoints."""


def drive(driver: TopologyDriver) -> None:
    """Send the traffic, and what operators decide about it."""
    traffic = simulate(TRAFFIC)
    sent = list(traffic)
    for start in range(0, len(sent), PART):
        part = sent[start : start + PART]
        told = [(record.topic, record.key, record.value) for record in part]
        for topic, key, value in (*told, *dispositions(part)):
            driver.send(topic, value, key=key, partition=0 if key is None else None)
        if start // PART % 5 == 2:
            driver.process()
            driver.restart()
        driver.run()
        driver.advance(1)
    for topic, key, value in clearings(traffic.labels):
        driver.send(topic, value, key=key)
    driver.run()
