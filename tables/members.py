"""How reliable one user is as a member, across all savings circles, keyed by user id.

Fed by what the circles' events change in each member's standing, which travels through `lakay.internal.member.events`.
"""

from __future__ import annotations

from lakay_streams.domain.circles.reliability import MemberState
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.table import StateTable


def declare(app: StreamApp) -> StateTable[MemberState]:
    """Declare the table on `app`."""
    return StateTable(app, name="members", key="user_id", state_type=MemberState, new=MemberState)
