"""Impossible travel: the account acts from two places that no airliner connects in the time between.

1  ten minutes after its user, from another continent and another device, two large transfers
2  one or two hours after, from thousands of kilometres away, with the copied id of the user's own device
3  the same with a city some 900 to 2,500 km away, just too soon for a flight (1.3 to 2 times an airliner's speed), and
   an ordinary amount
"""

from __future__ import annotations

from lakay_streams.simulator.people import new_uuid
from lakay_streams.simulator.places import ELSEWHERE, HOMES, HOUR_MS, MINUTE_MS, distance_km, foreign_access
from lakay_streams.simulator.scenarios.scene import Scene
from lakay_streams.simulator.world import Process

AIRLINER_KMH = 900.0


def play(scene: Scene, at: int) -> Process:
    """Play it at the scene's stealth."""
    rng, person, stealth = scene.rng, scene.person, scene.stealth
    # The user's own login is no part of the scenario.
    scene.world.trebanx.user_event(at, "login-success", person.user_id, person.access())
    cities = [*ELSEWHERE, *(city for city, _ in HOMES)]
    least, most = {1: (5_000, 20_000), 2: (2_800, 20_000), 3: (850, 2_600)}[stealth]
    city = rng.choice([each for each in cities if least < distance_km(person.home, each) < most])
    km = distance_km(person.home, city)
    after = {
        1: int(rng.uniform(8, 15) * MINUTE_MS),
        2: int(min(rng.uniform(1.0, 2.0), km / AIRLINER_KMH / 1.5) * HOUR_MS),
        3: int(km / AIRLINER_KMH / rng.uniform(1.3, 2.0) * HOUR_MS),
    }[stealth]
    device_id = new_uuid(rng) if stealth == 1 else person.device_id
    twin = foreign_access(device_id, city, rng)
    at += after
    scene.user_event(at, "login-attempt", twin)
    scene.user_event(at + 900, "login-success", twin)
    usual = person.habits.usual_usd
    for _ in range(2 if stealth == 1 else 1):
        at += int(rng.uniform(3, 12) * MINUTE_MS)
        usd = rng.uniform(1_500, 3_500) if stealth == 1 else usual * rng.uniform(0.8, 2.0)
        scene.moves(at, round(usd), twin, recipient_id=new_uuid(rng), declined=0.0)
    yield at + HOUR_MS
