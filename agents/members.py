"""Members: how reliable each user is, across all savings circles.

in    lakay.internal.member.events   keyed by user_id
hold  tables.members                 one MemberState per user
out   nothing
"""

from __future__ import annotations

from agents.intake import Intake
from lakay_streams.contracts.topics import MEMBERS
from lakay_streams.domain.circles.reliability import MemberState, observe
from lakay_streams.domain.events import MemberChanged
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.context import BatchContext


def declare(app: StreamApp, *, intake: Intake[MemberChanged], members: StateTable[MemberState]) -> None:
    """Put the agent on `app`."""

    @app.process(MEMBERS, name="members")
    def follow_members(work: BatchContext) -> None:
        for event, state, seen in intake.fresh(work, members):
            work.states(members).set(event.user_id, observe(state, event, seen))
