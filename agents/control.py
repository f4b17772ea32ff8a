"""Control: what operators decided about users, carried out between two of the user's events.

in    lakay.internal.control       keyed by user_id; written by the operators' console and `lakay profile` alone
hold  tables.users                 one UserState per user, shared with the transactions and users agents
out   nothing

It is a source like any other: the journal says between which events a decision fell, so that a replay comes to the same
state. Who may write the topic is Kafka's to enforce (an ACL for the console's principal).
"""

from __future__ import annotations

from faust import StreamT

from agents.intake import Intake
from lakay_streams.contracts.topics import CONTROL
from lakay_streams.domain.behavior.disposition import dispose
from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.events import ProfileDisposition
from lakay_streams.domain.user_state import UserState
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.batch import RecordBatch
from lakay_streams.engine.table import StateTable
from lakay_streams.telemetry import get_logger

log = get_logger()


def attach(app: StreamApp, *, intake: Intake, users: StateTable[UserState], limits: BehaviorLimits) -> None:
    """Put the agent on `app`."""

    @app.agent(app.batches(CONTROL), name="control")
    async def carry_out(batches: StreamT[RecordBatch]) -> None:
        async for batch in batches:
            async with app.ownership.process(batch) as work:
                event: ProfileDisposition
                for event, state, seen in intake.fresh(work, users):
                    work.states(users).set(event.user_id, dispose(state, event, limits, seen))
                    log.warning("profile_disposed", user_id=event.user_id, disposition=event.disposition)
