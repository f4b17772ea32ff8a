"""Ordinary life: people register, come back at their hours, look around, and sometimes send money."""

from __future__ import annotations

from lakay_streams.simulator.habits import BETWEEN_VISITS_MS, amount_usd, local_day, moment_on, visits_on
from lakay_streams.simulator.movements import transact
from lakay_streams.simulator.people import Person
from lakay_streams.simulator.places import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Access
from lakay_streams.simulator.remittances import remit
from lakay_streams.simulator.world import Process, World

ACTIONS = ("view_balance", "view_circle", "view_rates", "view_history", "edit_recipients", "contact_support")
MISTYPED = 0.03
"""The share of logins that fail once before they succeed."""

_PROFILE_UPDATED = 0.006
_HARMLESS_FIELDS = (["address"], ["picture"], ["language"], ["address", "notification_settings"])


def live(world: World, person: Person) -> Process:
    """One person's life at Trebanx, from registration on, without end."""
    yield person.registered_at
    register(world, person, person.registered_at)
    if person.settled:
        yield from _past(world, person)
    timezone, rng = person.home.timezone, person.rng
    begin = max(world.start, person.registered_at + HOUR_MS)
    day, free_from = local_day(begin, timezone), begin
    while True:
        for at in visits_on(person.habits, day, timezone, rng):
            if at < free_from:
                continue
            yield at
            if at >= person.away_until:
                visit(world, person, at)
                free_from = at + BETWEEN_VISITS_MS
        day += 1


def register(world: World, person: Person, at: int) -> None:
    """Tell how somebody becomes a user: registered, device registered, verified."""
    tell, user_id, access = world.trebanx.tell, person.user_id, person.accesses[0]
    registered = {
        "user_id": user_id,
        "country": person.home.country,
        "email": f"{user_id[:8]}@example.org",
        "device_id": access.device_id,
        "ip_address": access.ip_address,
    }
    tell(at, "user-registered", user_id, registered)
    world.trebanx.user_event(at + 20 * SECOND_MS, "device-registered", user_id, access, device_type=person.device_type)
    verified = {"user_id": user_id, "verification_level": person.rng.choice(("basic", "full"))}
    tell(at + 10 * MINUTE_MS + int(person.rng.random() * DAY_MS / 2), "user-verified", user_id, verified)


def _past(world: World, person: Person) -> Process:
    """The weeks before the simulation's start, thinly: a login and a payment now and then, and nothing else."""
    rng, trebanx, timezone = person.rng, world.trebanx, person.home.timezone
    first, last = local_day(person.registered_at + DAY_MS, timezone), local_day(world.start, timezone) - 1
    if first >= last:
        return
    days = [rng.randrange(first, last) for _ in range(world.options.history_payments)]
    for at in sorted(moment_on(person.habits, day, timezone, rng) for day in days):
        yield at
        access = person.access()
        trebanx.user_event(at, "login-success", person.user_id, access)
        if rng.random() * (person.habits.pays + person.habits.remits) < person.habits.pays:
            _pay(world, person, at + MINUTE_MS, access)
        else:
            _remit(world, person, at + MINUTE_MS, access)


def visit(world: World, person: Person, at: int) -> None:
    """Tell one visit of up to 20 minutes: login, session, a few actions, perhaps a payment or a remittance."""
    rng, trebanx, user_id, episode = person.rng, world.trebanx, person.user_id, person.tagged
    access = person.access()
    trebanx.user_event(at, "login-attempt", user_id, access, episode)
    if rng.random() < MISTYPED:
        at += 2 * SECOND_MS
        trebanx.user_event(at, "login-failed", user_id, access, episode, failure_reason="wrong_password")
        at += 15 * SECOND_MS
        trebanx.user_event(at, "login-attempt", user_id, access, episode)
    at += 700 + int(rng.random() * SECOND_MS)
    trebanx.user_event(at, "login-success", user_id, access, episode)
    session_id, began = trebanx.new_id(), at + 150
    trebanx.user_event(began, "session-started", user_id, access, episode, session_id=session_id)
    at = began
    actions = 1 + int(rng.random() * 4)
    device_id, ip_address = access.device_id, access.ip_address
    for _ in range(actions):
        at += 3 * SECOND_MS + int(rng.random() * 50 * SECOND_MS)
        payload = {
            "user_id": user_id,
            "action": ACTIONS[int(rng.random() * len(ACTIONS))],
            "session_id": session_id,
            "device_id": device_id,
            "ip_address": ip_address,
        }
        trebanx.tell(at, "user-action-performed", user_id, payload, episode)
    if rng.random() < _PROFILE_UPDATED:
        fields = ["phone"] if rng.random() < 0.15 else rng.choice(_HARMLESS_FIELDS)
        at += 30 * SECOND_MS
        trebanx.user_event(at, "user-profile-updated", user_id, access, episode, changed_fields=fields)
    drawn, habits = rng.random(), person.habits
    if drawn < habits.pays:
        at = _pay(world, person, at + 20 * SECOND_MS, access)
    elif drawn < habits.pays + habits.remits:
        at += 30 * SECOND_MS
        _remit(world, person, at, access)
    at += 10 * SECOND_MS + int(rng.random() * 60 * SECOND_MS)
    ended = {
        "user_id": user_id,
        "session_id": session_id,
        "duration_seconds": (at - began) // SECOND_MS,
        "actions_count": actions,
    }
    trebanx.tell(at, "session-ended", user_id, ended, episode)


def _pay(world: World, person: Person, at: int, access: Access) -> int:
    rng = person.rng
    drawn = rng.random()
    kind = "transfer" if drawn < 0.7 else "payment" if drawn < 0.85 else "deposit" if drawn < 0.95 else "withdrawal"
    return transact(
        world.trebanx,
        rng,
        at,
        person.user_id,
        person.minor(amount_usd(person.habits, rng)),
        person.home.currency,
        access=access,
        recipient_id=rng.choice(person.recipients) if kind in {"transfer", "payment"} else None,
        type=kind,
        method=rng.choice(("wallet", "wallet", "bank", "card", "cash")),
        episode=person.tagged,
    )


def _remit(world: World, person: Person, at: int, access: Access) -> None:
    rng = person.rng
    amount, recipient_id = person.minor(amount_usd(person.habits, rng)), rng.choice(person.recipients)
    remit(world, rng, at, person, amount, access=access, recipient_id=recipient_id, episode=person.tagged)
