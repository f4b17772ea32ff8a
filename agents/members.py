"""Members: how reliable each user is, across all savings circles.

in    lakay.internal.member.events   keyed by user_id
hold  tables.members                 one MemberState per user
out   nothing
"""

from __future__ import annotations

from faust import StreamT

from agents.intake import Intake
from lakay_streams.contracts.topics import MEMBERS
from lakay_streams.domain.circles.reliability import MemberState, observe
from lakay_streams.domain.events import MemberChanged
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import RecordBatch
from lakay_streams.engine.state.table import StateTable


def attach(app: StreamApp, *, intake: Intake[MemberChanged], members: StateTable[MemberState]) -> None:
    """Put the agent on `app`."""

    @app.agent(app.batches(MEMBERS), name="members")
    async def follow_members(batches: StreamT[RecordBatch]) -> None:
        async for batch in batches:
            async with app.ownership.process(batch) as work:
                for event, state, seen in intake.fresh(work, members):
                    work.states(members).set(event.user_id, observe(state, event, seen))
