"""The worker's decision without a worker: contracts and domain over records in memory, state in a dict."""

from __future__ import annotations

from pathlib import Path

from lakay_streams.contracts import Contracts
from lakay_streams.contracts.timestamps import to_text
from lakay_streams.domain.dedup import remember
from lakay_streams.domain.events import ExchangeRateUpdated, TransactionInitiated, TransactionUpdated, UserEvent
from lakay_streams.domain.fraud.decide import decide
from lakay_streams.domain.fraud.limits import DEFAULT_LIMITS, FraudLimits
from lakay_streams.domain.money import DEFAULT_RATES, Rates
from lakay_streams.domain.user_state import NEW_USER, UserState
from lakay_streams.simulator.evaluate import ALERTING, Alert


class FraudScorer:
    """Call it with each record's topic and value; it returns the alert that a worker would send, or None."""

    def __init__(self, limits: FraudLimits = DEFAULT_LIMITS, contracts_path: Path | None = None) -> None:
        """Score by `limits` and the contracts in `contracts_path` (None: the packaged ones)."""
        self._contracts = Contracts.load(contracts_path)
        self._limits = limits
        self._rates: Rates = DEFAULT_RATES
        self._users: dict[str, UserState] = {}

    def __call__(self, topic: str, value: bytes) -> Alert | None:
        """Decide one record and learn from it."""
        event = self._contracts.decode(value, topic)
        if isinstance(event, ExchangeRateUpdated):
            day = to_text(event.occurred_at)[:10]
            self._rates = self._rates.updated(event.base_currency, event.quote_currency, event.rate, day)
            return None
        if not isinstance(event, TransactionInitiated | TransactionUpdated | UserEvent):
            return None
        state = self._users.get(event.user_id, NEW_USER)
        seen = remember(state.seen, event.event_id)
        if seen is None:
            return None
        decision = decide(state, event, self._limits, self._rates, seen)
        self._users[event.user_id] = decision.state
        if decision.risk_tier not in ALERTING:
            return None
        return Alert(event.user_id, event.event_id, decision.risk_tier, event.occurred_at)
