"""Transactions: score each transfer against what its user usually does.

in    trebanx.transaction.events (and lakay.internal.transaction.events), keyed by user_id
hold  tables.users                 one UserState per user, shared with the users agent
      tables.compliance            one ComplianceState per user, shared with the remittances and movements agents
out   lakay.fraud.alerts           keyed by user_id; HIGH and CRITICAL decisions
      lakay.behavior.ato-alerts    keyed by user_id; HIGH and CRITICAL takeovers
      and what agents.compliance tells of money
"""

from __future__ import annotations

from agents.alerts import FraudAlertPublisher, TakeoverAlertPublisher
from agents.compliance import ComplianceMonitor
from agents.intake import Intake
from lakay_streams.contracts.topics import REKEYED, TRANSACTIONS
from lakay_streams.domain.events import TransactionInitiated, TransactionUpdated
from lakay_streams.domain.money import Rates
from lakay_streams.domain.user_state import UserState
from lakay_streams.domain.users import UserLimits, decide
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.state.reference import GlobalTable
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.context import BatchContext


def declare(
    app: StreamApp,
    *,
    intake: Intake[TransactionInitiated | TransactionUpdated],
    users: StateTable[UserState],
    rates: GlobalTable[Rates],
    limits: UserLimits,
    fraud: FraudAlertPublisher,
    takeovers: TakeoverAlertPublisher,
    monitor: ComplianceMonitor,
) -> None:
    """Put the agent on `app`."""

    @app.process(TRANSACTIONS, REKEYED[TRANSACTIONS], name="transactions")
    def score_transactions(work: BatchContext) -> None:
        states = work.states(users)
        for record, event in intake.events(work):
            admitted = intake.admit(work, states, record, event)
            if admitted is not None:
                decision = decide(admitted[0], event, limits, work.reference(rates), admitted[1])
                states.set(event.user_id, decision.state)
                if isinstance(event, TransactionInitiated):
                    fraud.scored(work, decision.fraud, event)
                takeovers.judged(work, decision.takeover)
            if admitted is not None or states.owns(event.user_id):
                # Also under an event id that was another's: the monitor knows itself what it was told.
                monitor.enter(work, event)
