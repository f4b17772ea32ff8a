"""Stolen account: somebody else logs in, changes the profile so that nobody notices, and empties the wallet.

1  a dozen guesses from abroad in three minutes, email and telephone changed at once, drained within the hour
2  three or four guesses from another region, telephone changed, drained over two hours in amounts of a thousand
3  the password was phished: one mistake at most, a city of the same country, payout account changed, half a day's
   wait, then two or three transfers somewhat above the usual
"""

from __future__ import annotations

from lakay_streams.simulator.people import new_uuid
from lakay_streams.simulator.places import ELSEWHERE, HOUR_MS, MINUTE_MS, SECOND_MS, foreign_access
from lakay_streams.simulator.scenarios.scene import Scene, near_and_far
from lakay_streams.simulator.world import Process

_FIELDS = {1: ["email", "phone", "password"], 2: ["phone"], 3: ["payout_account"]}


def play(scene: Scene, at: int) -> Process:
    """Play it at the scene's stealth."""
    rng, person, stealth = scene.rng, scene.person, scene.stealth
    near, far = near_and_far(ELSEWHERE, person.home)
    city = rng.choice(near if stealth == 3 and near else far if stealth == 1 or not near else [*near, *far])
    thief = foreign_access(new_uuid(rng), city, rng)
    guesses = {1: rng.randint(8, 15), 2: rng.randint(3, 4), 3: rng.randint(0, 1)}[stealth]
    for _ in range(guesses):
        scene.user_event(at, "login-attempt", thief)
        scene.user_event(at + 900, "login-failed", thief, failure_reason="wrong_password")
        at += int(rng.uniform(8, 16) * SECOND_MS) if stealth == 1 else int(rng.uniform(40, 90) * SECOND_MS)
    scene.user_event(at, "login-attempt", thief)
    scene.user_event(at + 1_200, "login-success", thief)
    session_id = scene.world.trebanx.new_id()
    scene.user_event(at + 1_400, "session-started", thief, session_id=session_id)
    at += int(rng.uniform(1, 4) * MINUTE_MS)
    scene.user_event(at, "user-profile-updated", thief, changed_fields=list(_FIELDS[stealth]))
    at += {1: 3 * MINUTE_MS, 2: 40 * MINUTE_MS, 3: int(rng.uniform(6, 16) * HOUR_MS)}[stealth]
    usual = person.habits.usual_usd
    for number in range({1: rng.randint(3, 6), 2: rng.randint(2, 4), 3: rng.randint(2, 3)}[stealth]):
        usd = {1: rng.uniform(1_200, 3_800), 2: rng.uniform(700, 1_600), 3: usual * rng.uniform(1.5, 4.0)}[stealth]
        scene.moves(at, round(usd), thief, recipient_id=new_uuid(rng), declined=0.05 if number else 0.0)
        at += int(rng.uniform(4, 10) * MINUTE_MS) * (1 if stealth == 1 else 4)
    yield at + HOUR_MS
