"""Structuring within a day: cash above the reporting threshold of 10,000 USD, brought in smaller pieces.

Source: 31 USC 5324; 31 CFR 1010.311 and 1010.313 (a business day's cash counts together).

1  three deposits just below 10,000
2  four or five just below 3,000
3  seven or eight of 1,350 to 1,900, by cash and money order over the whole day
"""

from __future__ import annotations

from lakay_streams.simulator.habits import local_day
from lakay_streams.simulator.places import DAY_MS, HOUR_MS, local_midnight
from lakay_streams.simulator.scenarios.scene import Scene
from lakay_streams.simulator.world import Process

NEW_YORK = "America/New_York"
_LEVELS = {1: (3, 3, 9_050, 9_900), 2: (4, 5, 2_600, 2_980), 3: (7, 8, 1_450, 1_900)}


def play(scene: Scene, at: int) -> Process:
    """Play it at the scene's stealth, on the next day that has not begun yet in New York."""
    rng = scene.rng
    least, most, low, high = _LEVELS[scene.stealth]
    opening = local_midnight(NEW_YORK, local_day(at, NEW_YORK) + 1) + 8 * HOUR_MS
    yield opening
    count = rng.randint(least, most)
    for number in range(count):
        when = opening + int((number + rng.random() * 0.7) * 11 * HOUR_MS / count)
        method = "money_order" if scene.stealth == 3 and number % 2 else "cash"
        usd = float(round(rng.uniform(low, high), -1))
        scene.moves(when, usd, scene.person.access(), "deposit", method=method, declined=0.0)
    yield opening + DAY_MS
