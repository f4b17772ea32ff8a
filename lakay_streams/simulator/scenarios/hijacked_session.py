"""Hijacked session: the user's session is copied with the id of the device, so that nobody logs in.

1  minutes after the user's own visit, from another continent: payout account changed, wallet emptied
2  an hour or two after, from thousands of kilometres away: payout account changed, a large transfer
3  days later, from abroad, as if the user had travelled: e-mail changed at night, a transfer of some times the usual
"""

from __future__ import annotations

from lakay_streams.simulator.habits import local_day
from lakay_streams.simulator.people import new_uuid
from lakay_streams.simulator.places import (
    DAY_MS,
    ELSEWHERE,
    HOUR_MS,
    MINUTE_MS,
    distance_km,
    foreign_access,
    local_midnight,
)
from lakay_streams.simulator.scenarios.scene import Scene
from lakay_streams.simulator.visits import visit
from lakay_streams.simulator.world import Process


def play(scene: Scene, at: int) -> Process:
    """Play it at the scene's stealth."""
    rng, person, stealth = scene.rng, scene.person, scene.stealth
    yield at
    visit(scene.world, person, at)
    least = {1: 5_000, 2: 2_800, 3: 1_000}[stealth]
    city = rng.choice(
        [
            each
            for each in ELSEWHERE
            if distance_km(person.home, each) > least and (stealth < 3 or each.country != person.home.country)
        ]
    )
    if stealth == 3:
        day = local_day(at + 2 * DAY_MS, person.home.timezone)
        at = local_midnight(person.home.timezone, day) + int(rng.uniform(2, 4) * HOUR_MS)
        person.away_until = at + 3 * DAY_MS
    else:
        at += int(rng.uniform(15, 25) * MINUTE_MS) if stealth == 1 else int(rng.uniform(1, 2) * HOUR_MS)
    yield at
    thief = foreign_access(person.device_id, city, rng)
    session_id = scene.world.trebanx.new_id()
    scene.user_event(at, "session-started", thief, session_id=session_id)
    at += int(rng.uniform(20, 90) * 1_000)
    scene.user_event(at, "user-action-performed", thief, session_id=session_id, action="view_balance")
    at += MINUTE_MS
    fields = ["email"] if stealth == 3 else ["payout_account"]
    scene.user_event(at, "user-profile-updated", thief, changed_fields=fields)
    at += {1: 2 * MINUTE_MS, 2: 10 * MINUTE_MS, 3: 15 * MINUTE_MS}[stealth]
    usual = person.habits.usual_usd
    for _ in range({1: rng.randint(2, 4), 2: 1, 3: 1}[stealth]):
        usd = {1: rng.uniform(800, 2_500), 2: rng.uniform(900, 2_500), 3: usual * rng.uniform(3.0, 6.0)}[stealth]
        scene.moves(at, round(usd), thief, recipient_id=new_uuid(rng), declined=0.0)
        at += int(rng.uniform(2, 6) * MINUTE_MS)
    yield at + HOUR_MS
