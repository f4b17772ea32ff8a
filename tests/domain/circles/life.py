"""A circle's life in a few lines: who pays, who does not, who leaves, and what is decided about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from lakay_streams.domain.circles.decide import CircleDecision, TierChange, decide
from lakay_streams.domain.circles.limits import DEFAULT_LIMITS
from lakay_streams.domain.circles.state import NEW_CIRCLE, CircleState
from lakay_streams.domain.events import CircleEvent

HOUR = 3_600_000
DAY = 24 * HOUR
WEEK = 7 * DAY
START = 1_773_144_000_000
"""2026-03-10 12:00 UTC."""
AMOUNT = 100_00


class Life:
    """One circle of members m0, m1, ... who pay 100 USD a week; each verb tells events and decides them at once.

    `told` are the tier changes, as (round, tier).
    """

    def __init__(self, members: int = 10) -> None:
        """Found it, and let everybody join."""
        self.state: CircleState = NEW_CIRCLE
        self.at = START
        self.members = [f"m{number}" for number in range(members)]
        self.unpaid = list(self.members)
        self.round = 0
        self.events: list[CircleEvent] = []
        self.changes: list[TierChange] = []
        self.told: list[tuple[int, str]] = []
        self.scores: list[float] = []
        self.tells(
            "circle-created",
            "m0",
            amount_minor=AMOUNT,
            currency="USD",
            members=members,
            rounds=members,
            frequency="weekly",
        )
        for user in self.members:
            self.at += HOUR
            self.tells("circle-member-joined", user)

    @property
    def due_at(self) -> int:
        return START + self.round * WEEK

    def tells(self, event_type: str, user: str | None = None, **more: Any) -> CircleDecision:
        number = len(self.events)
        event = CircleEvent(f"e{number}", event_type, self.at, "sol", user, **more)
        self.events.append(event)
        decision = decide(self.state, event, DEFAULT_LIMITS)
        self.state = decision.state
        if decision.change is not None:
            self.changes.append(decision.change)
            self.told.append((self.round, decision.change.new_tier))
        return decision

    def pays(self, user: str, days_late: float = -1, **more: Any) -> None:
        self.at = self.due_at + round(days_late * DAY)
        money = {"amount_minor": AMOUNT, "currency": "USD", "due_at": self.due_at, "account_id": f"wallet-{user}"}
        self.tells("circle-contribution-received", user, round=self.round, **{**money, **more})

    def misses(self, user: str) -> None:
        self.at = self.due_at + HOUR
        self.tells("circle-contribution-missed", user, round=self.round, due_at=self.due_at)

    def gives_pot(self, user: str, amount_minor: int, **more: Any) -> None:
        self.at = self.due_at + 3 * DAY
        told = {"round": self.round, "amount_minor": amount_minor, "currency": "USD", "account_id": f"wallet-{user}"}
        self.tells("circle-payout-executed", user, **{**told, **more})

    def leaves(self, user: str) -> None:
        self.at = self.due_at + 4 * DAY
        self.tells("circle-member-dropped", user)
        self.members.remove(user)

    def joins(self, user: str) -> None:
        self.at = self.due_at + 4 * DAY
        self.tells("circle-member-joined", user)
        self.members.append(user)
        self.unpaid.append(user)

    def goes_round(self, *, late: Iterable[str] = (), missed: Iterable[str] = ()) -> Self:
        """One round: everybody pays the day before it is due, but those who pay two days late or not at all."""
        self.round += 1
        late, missed = set(late), set(missed)
        for user in self.members:
            if user not in late | missed:
                self.pays(user)
        for user in sorted(late | missed):
            self.misses(user)
        for user in sorted(late):
            self.pays(user, days_late=2)
        pot = AMOUNT * (len(self.members) - len(missed))
        if pot:
            waiting = [user for user in self.unpaid if user in self.members] or list(self.members)
            self.gives_pot(waiting[0], pot)
            self.unpaid = waiting[1:]
        self.scores.append(self.state.standing.score)
        return self

    def goes_on(self, rounds: int) -> Self:
        for _ in range(rounds):
            self.goes_round()
        return self

    def ends(self, event_type: str = "circle-completed") -> Self:
        self.at = self.due_at + 5 * DAY
        self.tells(event_type)
        self.scores.append(self.state.standing.score)
        return self
