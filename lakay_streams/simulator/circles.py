"""Savings circles (sòl): members pay the same amount every round, and each round one of them gets it all."""

from __future__ import annotations

from collections.abc import Generator
from random import Random
from typing import NamedTuple

from lakay_streams.simulator.labels import Episode
from lakay_streams.simulator.movements import transact
from lakay_streams.simulator.people import Person
from lakay_streams.simulator.places import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from lakay_streams.simulator.world import Process, World

PEOPLE_PER_CIRCLE = 10
"""One circle is kept going for so many people."""

_PERIOD_DAYS = {"weekly": 7, "biweekly": 14}
_DISSOLVED_EVERY = 12
"""One circle in so many ends early although everybody is honest: people move, jobs end."""


class Course(NamedTuple):
    """How a circle goes, as chances per member and round, moving in a line from the first round to the last.

    `breaks_at` is the fraction of the rounds after which it fails; None for a circle that completes.
    """

    missed_first: float = 0.02
    missed_last: float = 0.02
    dropped_last: float = 0.01
    breaks_at: float | None = None

    def missed(self, progress: float) -> float:
        """The chance that a contribution is missed, at `progress` in [0, 1]."""
        return self.missed_first + (self.missed_last - self.missed_first) * progress


class Plan(NamedTuple):
    """What the members agreed on. `amount_minor` is each one's contribution per round."""

    members: tuple[Person, ...]
    amount_minor: int
    frequency: str

    @property
    def period_ms(self) -> int:
        """The time between two rounds."""
        return _PERIOD_DAYS[self.frequency] * DAY_MS


def agree(world: World, rng: Random, organizer: Person, size: int, frequency: str) -> Plan:
    """Return a plan of the organiser and others of the same currency; the organiser comes first."""
    others = [p for p in world.people if p.home.currency == organizer.home.currency and p is not organizer]
    chosen = rng.sample(others, min(size - 1, len(others)))
    amount = organizer.minor(float(rng.choice((25, 50, 50, 100, 100, 150, 200))))
    return Plan((organizer, *chosen), amount, frequency)


def keep_circles(world: World, number: int) -> Process:
    """One circle after the other in the same neighbourhood, the first during the history."""
    rng = world.rng(f"circle/{number}")
    history = world.options.history_days * DAY_MS
    at = world.start - history + int((0.4 + 0.6 * rng.random()) * history)
    turn, first = number, number < 2
    if first:
        # Two small ones run their course within the history, so that a short run shows every kind of event.
        at = world.start - history * 3 // 5
    while True:
        yield at
        organizer = rng.choice(world.people)
        frequency = "weekly" if rng.random() < 0.7 else "biweekly"
        size = rng.randrange(4, 9)
        course = Course(0.05, 0.5, 0.2, breaks_at=0.5) if turn % _DISSOLVED_EVERY == 1 else Course()
        if first:
            frequency, size, first = "weekly", 4, False
        at = yield from run_circle(world, rng, at, agree(world, rng, organizer, size, frequency), course)
        at += int((7 + rng.random() * 14) * DAY_MS)
        turn += 1


def run_circle(
    world: World, rng: Random, at: int, plan: Plan, course: Course, episode: Episode | None = None
) -> Generator[int, None, int]:
    """Tell one circle from its founding to its end; return when that was (ms UTC)."""
    tell, circle_id = world.trebanx.tell, world.trebanx.new_id()
    if episode is not None:
        episode.circle_id = circle_id
    members, (organizer, currency) = list(plan.members), (plan.members[0], plan.members[0].home.currency)
    rounds = len(members)
    created = {
        "circle_id": circle_id,
        "organizer_id": organizer.user_id,
        "name": f"Sòl {organizer.home.name}",
        "contribution_amount": plan.amount_minor / 100,
        "currency": currency,
        "frequency": plan.frequency,
        "members": rounds,
        "rounds": rounds,
    }
    tell(at, "circle-created", circle_id, created, episode)
    for position, member in enumerate(members, 1):
        joined = {"circle_id": circle_id, "user_id": member.user_id, "position": position}
        tell(at + position * 3 * HOUR_MS, "circle-member-joined", circle_id, joined, episode)
    due = at + 5 * DAY_MS
    last_round = rounds if course.breaks_at is None else max(1, round(rounds * course.breaks_at))
    for number in range(1, last_round + 1):
        yield due - 2 * DAY_MS
        progress = (number - 1) / max(1, rounds - 1)
        paid = sum(
            _contribute(world, rng, circle_id, plan, member, number, due, course.missed(progress), episode)
            for member in members
        )
        if paid:
            _pay_out(world, circle_id, plan, members[(number - 1) % len(members)], number, paid, due, episode)
        for member in members[1:]:
            if len(members) > 2 and rng.random() < course.dropped_last * progress:
                members.remove(member)
                dropped = {"circle_id": circle_id, "user_id": member.user_id, "reason": "left"}
                tell(due + 3 * DAY_MS, "circle-member-dropped", circle_id, dropped, episode)
        due += plan.period_ms
    ended = due - plan.period_ms + 4 * DAY_MS
    yield ended
    if course.breaks_at is None:
        tell(ended, "circle-completed", circle_id, {"circle_id": circle_id, "rounds_completed": rounds}, episode)
    else:
        reason = "contributions_missing" if episode is not None else "dissolved_by_members"
        tell(ended, "circle-failed", circle_id, {"circle_id": circle_id, "reason": reason}, episode)
    return ended


def _contribute(
    world: World,
    rng: Random,
    circle_id: str,
    plan: Plan,
    member: Person,
    number: int,
    due: int,
    missed: float,
    episode: Episode | None,
) -> bool:
    """Tell one member's contribution, in time, late or not at all; return whether it was paid."""
    currency = member.home.currency
    told = {
        "circle_id": circle_id,
        "user_id": member.user_id,
        "round": number,
        "amount": plan.amount_minor / 100,
        "currency": currency,
        "due_at": world.trebanx.text_of(due),
    }
    at = due - 2 * DAY_MS + int(rng.random() * 2 * DAY_MS)
    if rng.random() < missed:
        world.trebanx.tell(due + HOUR_MS, "circle-contribution-missed", circle_id, dict(told), episode)
        if rng.random() < 0.5:
            return False
        at = due + HOUR_MS + int(rng.random() * DAY_MS)
    paid_at = transact(
        world.trebanx,
        rng,
        at,
        member.user_id,
        plan.amount_minor,
        currency,
        access=None,
        recipient_id=circle_id,
        type="circle_contribution",
        declined=0.0,
        episode=episode,
    )
    received = {**told, "account_id": f"wallet-{member.user_id}"}
    world.trebanx.tell(paid_at + SECOND_MS, "circle-contribution-received", circle_id, received, episode)
    return True


def _pay_out(
    world: World, circle_id: str, plan: Plan, member: Person, number: int, paid: int, due: int, episode: Episode | None
) -> None:
    payout = {
        "circle_id": circle_id,
        "recipient_id": member.user_id,
        "round": number,
        "amount": paid * plan.amount_minor / 100,
        "currency": member.home.currency,
        "account_id": f"wallet-{member.user_id}",
    }
    world.trebanx.tell(due + 2 * DAY_MS + 5 * MINUTE_MS, "circle-payout-executed", circle_id, payout, episode)
