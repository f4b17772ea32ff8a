"""Circles: running totals of each savings circle.

in    trebanx.circle.events (and lakay.internal.circle.events), keyed by circle_id
hold  tables.circles               one CircleState per circle
out   lakay.internal.movements     keyed by user_id; contributions and payouts, for compliance
"""

from __future__ import annotations

from faust import StreamT

from agents.intake import Intake
from agents.movements import Ledger
from lakay_streams.contracts.topics import CIRCLES, REKEYED
from lakay_streams.domain.circles.state import CircleState, observe
from lakay_streams.domain.events import CircleEvent
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.batch import RecordBatch
from lakay_streams.engine.table import StateTable
from lakay_streams.telemetry import get_logger

log = get_logger()


def attach(app: StreamApp, *, intake: Intake, circles: StateTable[CircleState], ledger: Ledger) -> None:
    """Put the agent on `app`."""

    @app.agent(app.batches(CIRCLES, REKEYED[CIRCLES]), name="circles")
    async def follow_circles(batches: StreamT[RecordBatch]) -> None:
        async for batch in batches:
            async with app.ownership.process(batch) as work:
                event: CircleEvent
                for event, state, seen in intake.fresh(work, circles):
                    work.states(circles).set(event.circle_id, observe(state, event, seen))
                    ledger.circle_moved(work, event)
                    if intake.sampling.wants("low"):
                        log.info("circle_event_received", circle_id=event.circle_id, event_type=event.event_type)
