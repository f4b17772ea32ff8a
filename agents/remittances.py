"""Remittances: running totals of each sender, and the exchange rates that every worker converts with.

in    trebanx.remittance.events (and lakay.internal.remittance.events), keyed by sender_id or BASE/QUOTE
hold  tables.remittances           one RemittanceState per sender
      tables.compliance            one ComplianceState per user, shared with the transactions and movements agents
      tables.rates                 the newest rates of each pair, shared with the control agent
out   what agents.exchange tells of rates
      and what agents.compliance tells of money
"""

from __future__ import annotations

from agents.compliance import ComplianceMonitor
from agents.exchange import RateKeeper
from agents.intake import Intake
from lakay_streams.contracts.topics import REKEYED, REMITTANCES
from lakay_streams.domain.compliance.remittances import RemittanceState, observe
from lakay_streams.domain.events import ExchangeRateUpdated, RemittanceEvent
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.telemetry.logs import get_logger

log = get_logger()


def declare(
    app: StreamApp,
    *,
    intake: Intake[RemittanceEvent | ExchangeRateUpdated],
    remittances: StateTable[RemittanceState],
    rates: RateKeeper,
    monitor: ComplianceMonitor,
) -> None:
    """Put the agent on `app`."""

    def observe_remittance(work: BatchContext, record: Record, event: RemittanceEvent) -> None:
        states = work.states(remittances)
        admitted = intake.admit(work, states, record, event)
        if admitted is None:
            if states.owns(event.sender_id):
                # Also under an event id that was another's: the monitor knows itself what it was told.
                monitor.enter(work, event)
            return
        state, seen = admitted
        is_new = monitor.enter(work, event)
        states.set(event.sender_id, observe(state, event, seen, is_new=is_new))
        if intake.sampling.wants("low"):
            log.info("remittance_event_received", user_id=event.sender_id, event_type=event.event_type)

    @app.process(REMITTANCES, REKEYED[REMITTANCES], name="remittances")
    def follow_remittances(work: BatchContext) -> None:
        for record, event in intake.events(work):
            if isinstance(event, ExchangeRateUpdated):
                rates.told(work, intake, record, event)
            else:
                observe_remittance(work, record, event)
