"""Control: what operators and officers decided, carried out between two events of what they decided about.

in    lakay.internal.control       keyed by user_id or BASE/QUOTE; written by the operators' console and `lakay` alone
hold  tables.users                 one UserState per user, shared with the transactions and users agents
      tables.compliance            one ComplianceState per user, shared with the agents of money
      tables.rates                 one RateState per pair, shared with the remittances agent
out   lakay.compliance.alerts      keyed by user_id; an alert's next revision, when an officer cleared it
      and what agents.exchange tells of rates

It is a source like any other: the journal says between which events a decision fell, so that a replay comes to the same
state. Who may write the topic is Kafka's to enforce (an ACL for the console's principal).
"""

from __future__ import annotations

from agents.compliance import ComplianceMonitor
from agents.exchange import RateKeeper
from agents.intake import Intake
from lakay_streams.contracts.topics import CONTROL
from lakay_streams.domain.behavior.disposition import dispose
from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.events import AlertDisposition, ExchangeRateUpdated, ProfileDisposition
from lakay_streams.domain.user_state import UserState
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.telemetry.logs import get_logger

log = get_logger()


def declare(
    app: StreamApp,
    *,
    intake: Intake[ProfileDisposition | AlertDisposition | ExchangeRateUpdated],
    users: StateTable[UserState],
    limits: BehaviorLimits,
    rates: RateKeeper,
    monitor: ComplianceMonitor,
) -> None:
    """Put the agent on `app`."""

    def dispose_profile(work: BatchContext, record: Record, event: ProfileDisposition) -> None:
        states = work.states(users)
        admitted = intake.admit(work, states, record, event)
        if admitted is not None:
            state, seen = admitted
            states.set(event.user_id, dispose(state, event, limits, seen))
            log.warning("profile_disposed", user_id=event.user_id, disposition=event.disposition)

    @app.process(CONTROL, name="control")
    def carry_out(work: BatchContext) -> None:
        for record, event in intake.events(work):
            if isinstance(event, AlertDisposition):
                monitor.disposed(work, intake, record, event)
            elif isinstance(event, ExchangeRateUpdated):
                rates.told(work, intake, record, event)
            else:
                dispose_profile(work, record, event)
