"""The worker's decisions without a worker: contracts and domain over records in memory, state in a dict."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lakay_streams.contracts import Contracts
from lakay_streams.contracts.timestamps import to_text
from lakay_streams.domain.dedup import remember
from lakay_streams.domain.events import ExchangeRateUpdated, TransactionInitiated, TransactionUpdated, UserEvent
from lakay_streams.domain.money import DEFAULT_RATES, Rates
from lakay_streams.domain.user_state import NEW_USER, UserState
from lakay_streams.domain.users import DEFAULT_LIMITS, UserLimits, decide

ALERTING = frozenset({"high", "critical"})


class Alert(NamedTuple):
    """What evaluation needs of an alert. `occurred_at` is the event's time in ms UTC; `risk_tier` in lower case."""

    user_id: str
    event_id: str
    risk_tier: str
    occurred_at: int


class Scored(NamedTuple):
    """What a worker made of one record.

    `fraud` and `takeover` are the alerts it would send. `takeover_score` is how much the event looks like a takeover,
    in [0, 1]; 0 where nobody else than the user may be behind it.
    """

    fraud: Alert | None = None
    takeover: Alert | None = None
    takeover_score: float = 0.0


NOTHING = Scored()


class UserScorer:
    """Call it with each record's topic and value; it returns what a worker would have made of it."""

    def __init__(self, limits: UserLimits = DEFAULT_LIMITS, contracts_path: Path | None = None) -> None:
        """Score by `limits` and the contracts in `contracts_path` (None: the packaged ones)."""
        self._contracts = Contracts.load(contracts_path)
        self._limits = limits
        self._rates: Rates = DEFAULT_RATES
        self._users: dict[str, UserState] = {}

    def __call__(self, topic: str, value: bytes) -> Scored:
        """Decide one record and learn from it."""
        event = self._contracts.decode(value, topic)
        if isinstance(event, ExchangeRateUpdated):
            since = to_text(event.occurred_at)
            self._rates = self._rates.updated(event.base_currency, event.quote_currency, {since: event.rate})
            return NOTHING
        if not isinstance(event, TransactionInitiated | TransactionUpdated | UserEvent):
            return NOTHING
        state = self._users.get(event.user_id, NEW_USER)
        seen = remember(state.seen, event.event_id)
        if seen is None:
            return NOTHING
        decision = decide(state, event, self._limits, self._rates, seen)
        self._users[event.user_id] = decision.state
        tier, takeover = decision.fraud.risk_tier, decision.takeover
        return Scored(
            Alert(event.user_id, event.event_id, tier, event.occurred_at) if tier in ALERTING else None,
            Alert(event.user_id, event.event_id, takeover.risk_tier, event.occurred_at)
            if takeover is not None and takeover.alerted
            else None,
            0.0 if takeover is None else takeover.score,
        )
