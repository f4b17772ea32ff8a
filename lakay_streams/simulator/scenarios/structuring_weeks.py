"""Structuring over weeks: the same cash, spread so that no day comes near the threshold.

Source: 31 USC 5324; runbook section 2.3, COMPLIANCE_STRUCTURING_LOOKBACK_DAYS (30 days).

1  six deposits just below 10,000 in two weeks
2  nine or ten just below 3,000 in three weeks
3  eleven to thirteen of 1,000 to 1,900 in four weeks, by cash and money order
"""

from __future__ import annotations

from lakay_streams.simulator.places import DAY_MS, HOUR_MS
from lakay_streams.simulator.scenarios.scene import Scene
from lakay_streams.simulator.world import Process

_LEVELS = {1: (6, 6, 9_050, 9_900, 13), 2: (9, 10, 2_500, 2_980, 20), 3: (11, 13, 1_000, 1_900, 26)}


def play(scene: Scene, at: int) -> Process:
    """Play it at the scene's stealth."""
    rng = scene.rng
    least, most, low, high, days = _LEVELS[scene.stealth]
    count = rng.randint(least, most)
    for number in range(count):
        when = at + int((number + rng.random() * 0.6) * days * DAY_MS / count)
        yield when
        method = "money_order" if scene.stealth == 3 and number % 2 else "cash"
        usd = float(round(rng.uniform(low, high), -1))
        scene.moves(when, usd, scene.person.access(), "deposit", method=method, declined=0.0)
    yield when + HOUR_MS
