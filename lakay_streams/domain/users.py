"""The decision on one event of a user: fraud and takeover, judged by one state, which then learns from it.

The order is: sessions that are over by now shape the habits; then both domains judge the event by what is known before
it; then it is remembered. The caller drops duplicates (`dedup.remember`) and passes the new ring as `seen`.
"""

from __future__ import annotations

from lakay_streams.domain.behavior.decide import Takeover
from lakay_streams.domain.behavior.decide import decide as decide_takeover
from lakay_streams.domain.behavior.learning import settle
from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.decision import Decision
from lakay_streams.domain.events import TransactionInitiated, TransactionUpdated, UserEvent
from lakay_streams.domain.fraud.decide import decide as decide_fraud
from lakay_streams.domain.fraud.limits import FraudLimits
from lakay_streams.domain.frozen import Frozen
from lakay_streams.domain.money import Rates, to_usd
from lakay_streams.domain.user_state import UserState


class UserLimits(Frozen):
    """The limits of everything that is decided about a user."""

    fraud: FraudLimits = FraudLimits()
    behavior: BehaviorLimits = BehaviorLimits()


DEFAULT_LIMITS = UserLimits()
"""The runbook's defaults."""


class UserDecision(Frozen):
    """The user's next state, the fraud decision, and the takeover judgement on events in which one could show."""

    state: UserState
    fraud: Decision[UserState]
    takeover: Takeover | None = None


def decide(
    state: UserState,
    event: TransactionInitiated | TransactionUpdated | UserEvent,
    limits: UserLimits,
    rates: Rates,
    seen: bytes | None = None,
) -> UserDecision:
    """Return the user's next state and what was found; without `seen` the ring of event ids stays as it is."""
    if isinstance(event, TransactionUpdated):
        decision = decide_fraud(state, event, limits.fraud, None, seen)
        return UserDecision(decision.state, decision)
    worth = None
    if isinstance(event, TransactionInitiated):
        worth = to_usd(event.amount_minor, event.currency, rates, event.occurred_at)
    state = settle(state, event.occurred_at, limits.behavior)
    decision = decide_fraud(state, event, limits.fraud, worth, seen)
    jump = decision.state.jump
    learned, takeover = decide_takeover(
        decision.state,
        event,
        limits.behavior,
        amount_minor=None if worth is None else worth.cents,
        impossible=jump is not None and jump is not state.jump,
    )
    return UserDecision(learned, decision, takeover)
