"""Exchange rates: kept by pair, told to every worker, and held where they differ too much from the last.

A held rate is told three ways: as the error `exchange_rate_held`, which says what to do, in the counter
`lakay_exchange_rates_held`, and in the pair's state at `/tables/rates/BASE/QUOTE`.
"""

from __future__ import annotations

from decimal import Decimal

from agents.intake import Intake
from lakay_streams.contracts import rates as rate_records
from lakay_streams.contracts.timestamps import to_text as time_text
from lakay_streams.contracts.topics import RATES
from lakay_streams.domain.events import Event, ExchangeRateUpdated
from lakay_streams.domain.exchange import by_default
from lakay_streams.domain.money import DEFAULT_RATES
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.telemetry.logs import get_logger
from lakay_streams.telemetry.metrics import RATES_HELD
from tables.rates import RateState, observed

log = get_logger()

CONFIRMED = "exchange-rate-confirmed"


class RateKeeper:
    """Keeps what Trebanx and operators tell of exchange rates; one for all agents of a worker."""

    def __init__(self, pairs: StateTable[RateState], factor_max: Decimal) -> None:
        """Keep the states in `pairs`; hold what differs by more than `factor_max`."""
        self._pairs = pairs
        self._factor_max = factor_max

    def told(self, work: BatchContext, intake: Intake[Event], record: Record, event: ExchangeRateUpdated) -> None:
        """Take in a rate of a pair that this partition owns, or hold it."""
        states = work.states(self._pairs)
        admitted = intake.admit(work, states, record, event)
        if admitted is None:
            return
        state, seen = admitted
        after = observed(
            state,
            str(event.rate),
            event.occurred_at,
            seen,
            by_default=by_default(DEFAULT_RATES, event.base_currency, event.quote_currency),
            factor_max=self._factor_max,
            confirmed=event.event_type == CONFIRMED,
        )
        states.set(event.entity_id, after)
        if after.history == state.history and event.event_type == CONFIRMED:
            log.warning("exchange_rate_confirmation_ignored", pair=event.entity_id, because="nothing changes by it")
        if after.history != state.history:
            work.emit(RATES, event.entity_id.encode(), rate_records.encode(event, after.history), partition=0)
            log.info(event.event_type.replace("-", "_"), pair=event.entity_id, rate=str(event.rate))
        for at, rate in sorted(set(after.held) - set(state.held)):
            RATES_HELD.inc()
            log.error(
                "exchange_rate_held",
                pair=event.entity_id,
                rate=rate,
                effective_at=time_text(at),
                last_rate=after.rate or after.before,
                factor_max=str(self._factor_max),
                todo=f"not used until `lakay rates confirm {event.entity_id} RATE` says what is right",
            )
