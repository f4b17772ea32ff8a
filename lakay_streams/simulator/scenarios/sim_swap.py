"""SIM swap: the user's number is moved to another SIM card, and with it every code sent to log in.

The thief is near: the shop that moved the number is in the user's own city. The device and its network are new.

1  at three in the morning: password reset, wallet emptied
2  by day: password and e-mail changed, two large transfers within the hour
3  by day, at the user's own hours: payout account changed, hours of waiting, then transfers of some times the usual
"""

from __future__ import annotations

from lakay_streams.simulator.habits import local_day
from lakay_streams.simulator.people import new_uuid
from lakay_streams.simulator.places import DAY_MS, HOUR_MS, MINUTE_MS, foreign_access, local_midnight
from lakay_streams.simulator.scenarios.scene import Scene
from lakay_streams.simulator.world import Process

_FIELDS = {1: ["password"], 2: ["password", "email"], 3: ["payout_account"]}


def play(scene: Scene, at: int) -> Process:
    """Play it at the scene's stealth."""
    rng, person, stealth = scene.rng, scene.person, scene.stealth
    yield at
    if stealth == 1:
        at = local_midnight(person.home.timezone, local_day(at + DAY_MS, person.home.timezone)) + 3 * HOUR_MS
    elif stealth == 3:
        at = scene.next_visit(at)
    thief = foreign_access(new_uuid(rng), person.home, rng)
    scene.user_event(at, "login-attempt", thief)
    scene.user_event(at + 900, "login-success", thief)
    scene.user_event(at + 1_100, "session-started", thief, session_id=scene.world.trebanx.new_id())
    at += int(rng.uniform(1, 3) * MINUTE_MS)
    scene.user_event(at, "user-profile-updated", thief, changed_fields=list(_FIELDS[stealth]))
    at += {1: 2 * MINUTE_MS, 2: 15 * MINUTE_MS, 3: int(rng.uniform(2, 6) * HOUR_MS)}[stealth]
    usual = person.habits.usual_usd
    for _ in range({1: rng.randint(3, 5), 2: 2, 3: rng.randint(1, 3)}[stealth]):
        usd = {1: rng.uniform(900, 2_800), 2: rng.uniform(900, 2_000), 3: usual * rng.uniform(2.0, 5.0)}[stealth]
        scene.moves(at, round(usd), thief, recipient_id=new_uuid(rng), declined=0.0)
        at += int(rng.uniform(3, 8) * MINUTE_MS)
    yield at + HOUR_MS
