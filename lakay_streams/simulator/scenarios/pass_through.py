"""Pass-through: what comes in goes out again almost whole, time after time.

Source: runbook section 2.3, COMPLIANCE_RAPID_MOVEMENT_RATIO (0.80) and COMPLIANCE_RAPID_MOVEMENT_HOURS (24).

1  5,000 to 8,000 in, 97% out within the hour, on three days
2  2,000 to 4,000 in, 92% out within six hours, three times in a week
3  1,000 to 2,000 in, 84 to 90% out in pieces within twenty hours, four times in two weeks
"""

from __future__ import annotations

from lakay_streams.simulator.people import new_uuid
from lakay_streams.simulator.places import DAY_MS, HOUR_MS, MINUTE_MS
from lakay_streams.simulator.scenarios.scene import Scene
from lakay_streams.simulator.world import Process

_LEVELS = {
    1: (3, 1 * DAY_MS, 5_000, 8_000, 0.97, 0.97, 1, 50 * MINUTE_MS),
    2: (3, 2 * DAY_MS, 2_000, 4_000, 0.92, 0.92, 2, 6 * HOUR_MS),
    3: (4, 3 * DAY_MS, 1_000, 2_000, 0.84, 0.9, 3, 20 * HOUR_MS),
}


def play(scene: Scene, at: int) -> Process:
    """Play it at the scene's stealth."""
    rng, person = scene.rng, scene.person
    times, apart, low, high, least_out, most_out, pieces, within = _LEVELS[scene.stealth]
    for _ in range(times):
        yield at
        usd = float(round(rng.uniform(low, high), -1))
        scene.moves(at, usd, person.access(), "deposit", method="bank", declined=0.0)
        out = usd * rng.uniform(least_out, most_out)
        for piece in range(pieces):
            when = at + 10 * MINUTE_MS + int((piece + rng.random()) * (within - 20 * MINUTE_MS) / pieces)
            kind, recipient_id = ("withdrawal", None) if piece % 2 else ("transfer", new_uuid(rng))
            scene.moves(when, round(out / pieces), person.access(), kind, recipient_id=recipient_id, declined=0.0)
        at += int(apart * rng.uniform(1.0, 1.3))
    yield at
