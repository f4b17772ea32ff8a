"""Mule: an account collects money from many strangers and passes it on.

1  ten to fourteen senders within a day, 95% passed on within hours
2  six to eight within three days, 90% passed on within a day
3  four or five within a week, 70% passed on within two days
"""

from __future__ import annotations

from lakay_streams.simulator.movements import transact
from lakay_streams.simulator.people import new_uuid
from lakay_streams.simulator.places import DAY_MS, HOUR_MS
from lakay_streams.simulator.remittances import remit
from lakay_streams.simulator.scenarios.scene import Scene
from lakay_streams.simulator.world import Process

_LEVELS = {
    1: (10, 14, 20 * HOUR_MS, 0.95, 3 * HOUR_MS),
    2: (6, 8, 3 * DAY_MS, 0.9, 20 * HOUR_MS),
    3: (4, 5, 7 * DAY_MS, 0.7, 40 * HOUR_MS),
}


def play(scene: Scene, at: int) -> Process:
    """Play it at the scene's stealth."""
    rng, world, mule = scene.rng, scene.world, scene.person
    least, most, span, passed_on, within = _LEVELS[scene.stealth]
    strangers = [each for each in world.people if each.registered_at < at and not each.busy and each is not mule]
    senders = rng.sample(strangers, min(rng.randint(least, most), len(strangers)))
    collected = 0.0
    times = sorted(at + int(rng.random() * span) for _ in senders)
    for when, sender in zip(times, senders, strict=True):
        yield when
        usd = float(round(rng.uniform(250, 800)))
        collected += usd
        transact(
            world.trebanx,
            rng,
            when,
            sender.user_id,
            sender.minor(usd),
            sender.home.currency,
            access=sender.access(),
            recipient_id=mule.user_id,
            declined=0.0,
            episode=scene.episode,
        )
    last = max(times, default=at)
    pieces = rng.randint(2, 4)
    for number in range(pieces):
        when = last + HOUR_MS + int((number + rng.random()) * (within - HOUR_MS) / pieces)
        usd = round(collected * passed_on / pieces)
        access, recipient_id = mule.access(), new_uuid(rng)
        if number % 2 and mule.home.country != "HT":
            minor = mule.minor(usd)
            remit(world, rng, when, mule, minor, access=access, recipient_id=recipient_id, episode=scene.episode)
        else:
            scene.moves(when, usd, access, recipient_id=recipient_id, declined=0.0)
    yield last + within
