"""A user's life in visits: logins, sessions, actions and payments, and what is thought of each."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any, Self

from lakay_streams.domain.behavior.decide import TIERS, Takeover
from lakay_streams.domain.behavior.disposition import dispose
from lakay_streams.domain.behavior.limits import DEFAULT_LIMITS
from lakay_streams.domain.behavior.profile import Habits
from lakay_streams.domain.events import Place, ProfileDisposition
from tests.domain.story import BOSTON, DAY, HOUR, NOON, Story

HOME_NETWORK, HOTEL_NETWORK = "203.0.113.7", "198.51.100.9"
EVENING = NOON + 12 * HOUR
"""Eight in the evening in Boston, on Tuesday 2026-03-10 (daylight saving time)."""

LAGOS_NETWORK = "102.89.1.1"


class Life(Story):
    """A story whose user comes by at a usual hour, and stays for some minutes."""

    def __init__(self, hour: float = 20.0, **limits: Any) -> None:
        """Somebody in Boston who opens Trebanx around that hour of the day."""
        super().__init__()
        self.behavior = replace(DEFAULT_LIMITS, **limits)
        self.at = EVENING + round((hour - 20.0) * HOUR)
        self.address: str | None = HOME_NETWORK
        self.sessions = 0

    def enrols(self) -> Self:
        """Register, with the first device, and be verified."""
        self.does("user-registered", session_id=None, place=None)
        self.waits(ms=20_000).does("device-registered", session_id=None)
        self.waits(minutes=10).does("user-verified", session_id=None, device_id=None, ip_address=None, place=None)
        return self

    def logs_in_well(self) -> Self:
        self.does("login-attempt", session_id=None)
        self.waits(ms=900).does("login-success", session_id=None)
        return self

    def mistypes(self, times: int = 1) -> Self:
        for _ in range(times):
            self.does("login-attempt", session_id=None)
            self.waits(ms=900).does("login-failed", session_id=None, reason="wrong_password")
            self.waits(ms=12_000)
        return self

    def visits(self, usd: float | None = None, actions: int = 3, change: tuple[str, ...] = ()) -> list[Takeover]:
        """Log in, look around, perhaps pay, and leave; return what was thought of it."""
        before = len(self.takeovers)
        self.sessions += 1
        session_id = f"session-{self.sessions}"
        self.logs_in_well()
        self.waits(ms=200).does("session-started", session_id=session_id)
        began = self.at
        for _ in range(actions):
            self.waits(ms=40_000).does("user-action-performed", session_id=session_id, place=None, action="view")
        if change:
            self.waits(minutes=1).does("user-profile-updated", session_id=None, changed_fields=change)
        if usd is not None:
            self.waits(minutes=1).pays(usd)
        self.waits(minutes=1)
        seconds = (self.at - began) // 1000
        told = {"duration_seconds": seconds, "actions_count": actions}
        self.does("session-ended", session_id=session_id, device_id=None, ip_address=None, place=None, **told)
        return self.takeovers[before:]

    def lives(self, days: int = 40, seed: int = 1, usd: float = 120.0) -> Self:
        """Come by on most days, at about the same hour, and pay now and then about `usd`."""
        random = Random(seed)
        for _ in range(days):
            day = self.at
            self.at += round(random.gauss(0, 0.7) * HOUR)
            if random.random() < 0.8:
                self.visits(
                    usd * random.lognormvariate(0, 0.3) if random.random() < 0.5 else None, random.randint(1, 5)
                )
            self.at = day + DAY
        return self

    def is_disposed(self, disposition: str) -> Self:
        """Have an operator decide about the profile."""
        event = ProfileDisposition(self._id(), "profile-disposition", self.at, "user", disposition)
        self.state = dispose(self.state, event, self.behavior)
        return self

    def moves_to(self, place: Place, address: str, device: str | None = None) -> Self:
        """Act from another place and network from now on, with another device if one is given."""
        self.place, self.address = place, address
        self.device = device or self.device
        return self

    def comes_home(self) -> Self:
        """Act from home with the usual telephone again."""
        return self.moves_to(BOSTON, HOME_NETWORK, "telephone")

    @property
    def habits(self) -> Habits:
        """What was learned so far."""
        return self.state.behavior.habits

    def _address(self) -> str | None:
        return self.address


def highest(*judged: Takeover) -> str:
    """The highest tier among judgements; low without any."""
    return TIERS[max((each.severity for each in judged), default=0)]


def copied(life: Life) -> Life:
    """Another life that has come to the same point, for a twin to go on differently."""
    twin = Life()
    twin.__dict__.update(life.__dict__)
    twin.takeovers = list(life.takeovers)
    return twin


SETTLED = Life().enrols().lives()
"""Somebody known for 40 days; copy before use."""

NIGHT_WORKER = Life(hour=3.0).enrols().lives()
"""The same life at three in the morning."""


def settled() -> Life:
    """A user known for 40 days, in the evening."""
    return copied(SETTLED)


def night_worker() -> Life:
    """A user known for 40 days who is up at night."""
    return copied(NIGHT_WORKER)
