"""Honest people who look like fraud: an alert on them is a false alarm."""

from __future__ import annotations

from collections.abc import Mapping

from lakay_streams.simulator.labels import LOOKALIKE
from lakay_streams.simulator.people import new_uuid
from lakay_streams.simulator.places import DAY_MS, HOMES, HOUR_MS, MINUTE_MS, SECOND_MS, distance_km
from lakay_streams.simulator.scenarios.scene import Play, Scene
from lakay_streams.simulator.visits import visit
from lakay_streams.simulator.world import Process

FLIGHT_KMH = 750.0
AIRPORTS_MS = 3 * HOUR_MS

MISHAP = 0.08
"""The share of look-alikes to whom a second unusual thing happens: no rule can tell all of those from fraud."""


def traveller(scene: Scene, at: int) -> Process:
    """Fly to another city of the diaspora with the usual telephone, stay some days, live as ever, and fly home.

    A few lose the telephone on the way and buy another.
    """
    rng, person, world = scene.rng, scene.person, scene.world
    at_home = person.accesses
    city = rng.choice([city for city, _ in HOMES if distance_km(city, person.home) > 250])
    flight = AIRPORTS_MS + int(distance_km(city, person.home) / FLIGHT_KMH * HOUR_MS)
    person.away_until = at + HOUR_MS + flight
    yield person.away_until
    person.goes_to(city)
    person.tagged = scene.episode
    if rng.random() < MISHAP:
        person.takes_device(new_uuid(rng))
    landed = person.away_until
    for _ in range(rng.randint(2, 4)):
        yield landed + 2 * HOUR_MS
        visit(world, person, landed + 2 * HOUR_MS)
        landed += int(rng.uniform(1, 2.5) * DAY_MS)
    person.away_until = landed + 3 * HOUR_MS + flight
    yield person.away_until
    person.accesses = at_home
    person.takes_device(person.device_id)
    person.tagged = None


def new_telephone(scene: Scene, at: int) -> Process:
    """Register a new telephone at home and use nothing else from then on. A few have a new number too."""
    rng, person, world = scene.rng, scene.person, scene.world
    person.takes_device(new_uuid(rng))
    person.tagged = scene.episode
    scene.user_event(at, "device-registered", person.accesses[0], device_type=rng.choice(("android", "ios")))
    if rng.random() < MISHAP:
        scene.user_event(at + 2 * MINUTE_MS, "user-profile-updated", person.accesses[0], changed_fields=["phone"])
    for after in (5 * MINUTE_MS, int(rng.uniform(20, 40) * HOUR_MS)):
        yield at + after
        visit(world, person, at + after)
    yield at + 2 * DAY_MS
    person.tagged = None


def holiday_gifts(scene: Scene, at: int) -> Process:
    """Send several gifts to people one always sends to, each some times the usual amount, within one day."""
    rng, person = scene.rng, scene.person
    access = person.access()
    scene.user_event(at, "login-success", access)
    count, at = rng.randint(4, 7), at + 5 * MINUTE_MS
    for number in range(count):
        when = at + int((number + rng.random()) * 9 * HOUR_MS / count)
        usd = round(min(900.0, person.habits.usual_usd * rng.uniform(1.2, 3.2)))
        scene.moves(when, usd, access, recipient_id=rng.choice(person.recipients))
    yield at + 10 * HOUR_MS


def vendor(scene: Scene, at: int) -> Process:
    """Collect a circle's cash at the stall and pay everybody's contribution in, one after the other."""
    rng, person = scene.rng, scene.person
    access, circle_id = person.access(), scene.world.trebanx.new_id()
    usd = float(rng.choice((20, 25, 50, 50, 100)))
    scene.user_event(at, "login-success", access)
    count, at = rng.randint(8, 14), at + 5 * MINUTE_MS
    for number in range(count):
        when = at + int((number + rng.random()) * 150 * MINUTE_MS / count)
        scene.moves(when, usd, access, "circle_contribution", recipient_id=circle_id, method="cash")
    yield at + 3 * HOUR_MS


def forgotten_password(scene: Scene, at: int) -> Process:
    """Try several passwords at home on the usual telephone, reset it, and pay as ever."""
    rng, person = scene.rng, scene.person
    access = person.access()
    for _ in range(rng.randint(2, 4)):
        scene.user_event(at, "login-attempt", access)
        scene.user_event(at + 900, "login-failed", access, failure_reason="wrong_password")
        at += int(rng.uniform(15, 60) * SECOND_MS)
    at += 3 * MINUTE_MS
    scene.user_event(at, "login-success", access)
    scene.user_event(at + SECOND_MS, "user-profile-updated", access, changed_fields=["password"])
    yield at + 2 * MINUTE_MS
    usd = person.habits.usual_usd * rng.uniform(0.7, 1.5)
    scene.moves(at + 4 * MINUTE_MS, round(usd), access, recipient_id=rng.choice(person.recipients))
    yield at + HOUR_MS


LOOKALIKES: Mapping[str, Play] = {
    "traveller": Play("traveller", LOOKALIKE, 35, traveller),
    "new_telephone": Play("new_telephone", LOOKALIKE, 25, new_telephone),
    "holiday_gifts": Play("holiday_gifts", LOOKALIKE, 12, holiday_gifts),
    "forgotten_password": Play("forgotten_password", LOOKALIKE, 12, forgotten_password),
    "vendor": Play("vendor", LOOKALIKE, 23, vendor),
}
