"""Remittances: running totals of each sender, and the exchange rates that every worker converts with.

in    trebanx.remittance.events (and lakay.internal.remittance.events), keyed by sender_id or BASE/QUOTE
hold  tables.remittances           one RemittanceState per sender
      tables.compliance            one ComplianceState per user, shared with the transactions and movements agents
      tables.rates                 the newest rate of each pair
out   lakay.internal.rates         keyed by BASE/QUOTE, one partition
      and what agents.movements tells of money
"""

from __future__ import annotations

from typing import cast

from faust import StreamT

from agents.intake import Intake
from agents.movements import Ledger
from lakay_streams.contracts import rates as rate_records
from lakay_streams.contracts.topics import RATES, REKEYED, REMITTANCES
from lakay_streams.domain.compliance.remittances import RemittanceState, observe
from lakay_streams.domain.events import ExchangeRateUpdated, RemittanceEvent
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.batch import Record, RecordBatch
from lakay_streams.engine.table import StateTable
from lakay_streams.engine.work import Work
from lakay_streams.telemetry import get_logger
from tables.rates import RateState, observed

log = get_logger()


def attach(
    app: StreamApp,
    *,
    intake: Intake,
    remittances: StateTable[RemittanceState],
    rates: StateTable[RateState],
    ledger: Ledger,
) -> None:
    """Put the agent on `app`."""

    def observe_rate(work: Work, record: Record, event: ExchangeRateUpdated) -> None:
        states = work.states(rates)
        admitted = intake.admit(work, states, record, event)
        if admitted is None:
            return
        state, seen = admitted
        after = observed(state, str(event.rate), event.occurred_at, seen)
        states.set(event.entity_id, after)
        work.emit(RATES, event.entity_id.encode(), rate_records.encode(event, after.history), partition=0)
        log.info("exchange_rate_updated", pair=event.entity_id, rate=str(event.rate))

    def observe_remittance(work: Work, record: Record, event: RemittanceEvent) -> None:
        states = work.states(remittances)
        admitted = intake.admit(work, states, record, event)
        if admitted is None:
            return
        state, seen = admitted
        states.set(event.sender_id, observe(state, event, seen))
        ledger.enter(work, event)
        if intake.sampling.wants("low"):
            log.info("remittance_event_received", user_id=event.sender_id, event_type=event.event_type)

    @app.agent(app.batches(REMITTANCES, REKEYED[REMITTANCES]), name="remittances")
    async def follow_remittances(batches: StreamT[RecordBatch]) -> None:
        async for batch in batches:
            async with app.ownership.process(batch) as work:
                for record, event in intake.events(work):
                    if isinstance(event, ExchangeRateUpdated):
                        observe_rate(work, record, event)
                    else:
                        observe_remittance(work, record, cast(RemittanceEvent, event))
