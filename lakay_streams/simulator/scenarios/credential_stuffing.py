"""Credential stuffing: passwords that leaked elsewhere are tried by a script, and one of them fits.

1  fifteen to twenty-five guesses from abroad in five minutes, then transfers at once
2  five or six guesses from another region, spread over several addresses, and a transfer an hour after the right one
3  the second password fits, from a city of the same country, at the user's own hours; the thief looks around, changes
   the telephone number, and sends somewhat more than the user would
"""

from __future__ import annotations

from lakay_streams.simulator.people import new_uuid
from lakay_streams.simulator.places import ELSEWHERE, HOUR_MS, MINUTE_MS, SECOND_MS, foreign_access
from lakay_streams.simulator.scenarios.scene import Scene, near_and_far
from lakay_streams.simulator.world import Process


def play(scene: Scene, at: int) -> Process:
    """Play it at the scene's stealth."""
    rng, person, stealth = scene.rng, scene.person, scene.stealth
    near, far = near_and_far(ELSEWHERE, person.home)
    city = rng.choice(far if stealth == 1 else [*near, *far] if stealth == 2 else near or far)
    device_id = new_uuid(rng)
    thief = foreign_access(device_id, city, rng)
    if stealth == 3:
        yield at
        at = scene.next_visit(at)
    for _ in range({1: rng.randint(15, 25), 2: rng.randint(5, 6), 3: 1}[stealth]):
        guesser = foreign_access(device_id, city, rng) if stealth == 2 else thief
        scene.user_event(at, "login-attempt", guesser)
        scene.user_event(at + 700, "login-failed", guesser, failure_reason="wrong_password")
        at += int(rng.uniform(6, 18) * SECOND_MS) if stealth == 1 else int(rng.uniform(40, 200) * SECOND_MS)
    scene.user_event(at, "login-attempt", thief)
    scene.user_event(at + 800, "login-success", thief)
    session_id = scene.world.trebanx.new_id()
    scene.user_event(at + 1_000, "session-started", thief, session_id=session_id)
    if stealth == 3:
        for action in ("view_balance", "view_history", "edit_recipients"):
            at += int(rng.uniform(10, 60) * SECOND_MS)
            scene.user_event(at, "user-action-performed", thief, session_id=session_id, action=action)
        at += MINUTE_MS
        scene.user_event(at, "user-profile-updated", thief, changed_fields=["phone"])
    at += {1: MINUTE_MS, 2: 60 * MINUTE_MS, 3: 20 * MINUTE_MS}[stealth]
    usual = person.habits.usual_usd
    for _ in range({1: rng.randint(3, 5), 2: rng.randint(1, 2), 3: rng.randint(1, 2)}[stealth]):
        usd = {1: rng.uniform(800, 2_500), 2: rng.uniform(500, 1_500), 3: usual * rng.uniform(1.2, 2.0)}[stealth]
        scene.moves(at, round(usd), thief, recipient_id=new_uuid(rng), declined=0.0)
        at += int(rng.uniform(2, 9) * MINUTE_MS)
    yield at + HOUR_MS
