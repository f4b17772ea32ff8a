"""A user's story in a few lines: what happens, hour by hour, and what is decided about it."""

from __future__ import annotations

from typing import Any, Self

from lakay_streams.domain.behavior.decide import Takeover
from lakay_streams.domain.behavior.limits import DEFAULT_LIMITS as DEFAULT_BEHAVIOR_LIMITS
from lakay_streams.domain.decision import Decision
from lakay_streams.domain.dedup import remember
from lakay_streams.domain.events import Place, TransactionInitiated, TransactionUpdated, UserEvent
from lakay_streams.domain.fraud.limits import DEFAULT_LIMITS, FraudLimits
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.money import DEFAULT_RATES
from lakay_streams.domain.user_state import NEW_USER, UserState
from lakay_streams.domain.users import UserLimits, decide

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = 1_773_144_000_000
"""A Tuesday, 2026-03-10 12:00 UTC."""

BOSTON = Place(42.3601, -71.0589, "US", "Boston")
MIAMI = Place(25.7617, -80.1918, "US", "Miami")
MONTREAL = Place(45.5019, -73.5674, "CA", "Montréal")
PORT_AU_PRINCE = Place(18.5944, -72.3074, "HT", "Port-au-Prince")
LAGOS = Place(6.5244, 3.3792, "NG", "Lagos")

ADDRESSES = {"Boston": "203.0.113.7", "Miami": "198.51.100.4", "Montréal": "192.0.2.9", "Lagos": "102.89.1.1"}


class Story:
    """One user with a telephone in Boston; each verb is an event at `self.at`, decided and learned at once."""

    def __init__(self, limits: FraudLimits = DEFAULT_LIMITS) -> None:
        """Begin with a user nothing is known of."""
        self.limits = limits
        self.behavior = DEFAULT_BEHAVIOR_LIMITS
        self.state: UserState = NEW_USER
        self.at = NOON
        self.device = "telephone"
        self.place: Place | None = BOSTON
        self.events = 0
        self.takeovers: list[Takeover] = []

    def waits(self, *, days: float = 0, hours: float = 0, minutes: float = 0, ms: int = 0) -> Self:
        self.at += round(days * DAY + hours * HOUR + minutes * MINUTE) + ms
        return self

    def settles_in(self, payments: int = 20, usd: float = 150.0) -> Self:
        """Weeks of ordinary life: a login and a payment every two days, amounts a quarter around `usd`."""
        for number in range(payments):
            self.waits(days=2)
            self.logs_in()
            self.waits(minutes=3)
            self.pays(usd * (0.75 + 0.25 * (number % 3)))
        self.waits(days=2)
        return self

    def pays(self, usd: float, **changes: Any) -> Decision[UserState]:
        payment = replace(
            TransactionInitiated(
                self._id(),
                "transaction-initiated",
                self.at,
                "user",
                f"transaction-{self.events}",
                round(usd * 100),
                "USD",
                "transfer",
                "recipient",
                self.device,
                self._address(),
                self.place,
                "wallet",
            ),
            **changes,
        )
        return self._decided(payment)

    def logs_in(self, outcome: str = "login-success") -> Decision[UserState]:
        return self.does(outcome)

    def does(self, event_type: str, **changes: Any) -> Decision[UserState]:
        event = UserEvent(self._id(), event_type, self.at, "user", "session", self.device, self._address(), self.place)
        return self._decided(replace(event, **changes))

    def is_declined(self) -> Decision[UserState]:
        return self._decided(
            TransactionUpdated(self._id(), "transaction-failed", self.at, "user", f"transaction-{self.events}")
        )

    def is_completed(self) -> Decision[UserState]:
        return self._decided(
            TransactionUpdated(self._id(), "transaction-completed", self.at, "user", f"transaction-{self.events}")
        )

    def _address(self) -> str | None:
        return ADDRESSES.get((self.place.city if self.place else None) or "", "190.115.1.1")

    def _id(self) -> str:
        self.events += 1
        return self.id_of(self.events)

    @staticmethod
    def id_of(number: int) -> str:
        """The id of the story's event of that number, from 1."""
        return f"00000000-0000-4000-8000-{number:012d}"

    def _decided(self, event: TransactionInitiated | TransactionUpdated | UserEvent) -> Decision[UserState]:
        seen = remember(self.state.seen, event.event_id)
        assert seen is not None, "a story tells each event once"
        decision = decide(self.state, event, UserLimits(self.limits, self.behavior), DEFAULT_RATES, seen)
        self.state = decision.state
        if decision.takeover is not None:
            self.takeovers.append(decision.takeover)
        return decision.fraud


def rules(decision: Decision[UserState]) -> set[str]:
    """The names of the rules that found something."""
    return {finding.rule for finding in decision.findings}
