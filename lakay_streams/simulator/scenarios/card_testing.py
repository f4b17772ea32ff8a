"""Card testing: stolen cards are tried with tiny payments, and the one that works is spent.

1  thirty cards in a quarter of an hour, half of them declined
2  a dozen within an hour, a third declined
3  five to seven over three to four hours, some declined, then one ordinary-looking purchase
"""

from __future__ import annotations

from lakay_streams.simulator.people import new_uuid
from lakay_streams.simulator.places import HOUR_MS, MINUTE_MS
from lakay_streams.simulator.scenarios.scene import Scene
from lakay_streams.simulator.world import Process

_LEVELS = {1: (24, 36, 15 * MINUTE_MS, 0.5), 2: (10, 14, 55 * MINUTE_MS, 0.35), 3: (5, 7, 225 * MINUTE_MS, 0.3)}


def play(scene: Scene, at: int) -> Process:
    """Play it at the scene's stealth."""
    rng, access = scene.rng, scene.person.access()
    least, most, span, declined = _LEVELS[scene.stealth]
    merchant = new_uuid(rng)
    scene.user_event(at, "login-success", access)
    at += MINUTE_MS
    begin, count = at, rng.randint(least, most)
    for number in range(count):
        at = begin + int((number + rng.random() * 0.8) * span / count)
        usd = round(rng.uniform(1.0, 4.99 if scene.stealth == 1 else 9.49), 2)
        scene.moves(at, usd, access, "payment", recipient_id=merchant, method="card", declined=declined)
    at = begin + span + int(rng.uniform(2, 20) * MINUTE_MS)
    spent = rng.uniform(600, 1_500) if scene.stealth == 1 else rng.uniform(250, 700)
    scene.moves(at, round(spent), access, "payment", recipient_id=new_uuid(rng), method="card", declined=0.0)
    yield at + HOUR_MS
