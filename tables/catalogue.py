"""Every state table: its name, key, value and bound.

    users         user_id       UserState          under 18 KiB (domain/user_state.py)
    circles       circle_id     CircleState        under 512 KiB, 32 of 100 members (domain/circles/observing.py)
    members       user_id       MemberState        under 4 KiB (domain/circles/reliability.py)
    remittances   sender_id     RemittanceState    counts and totals of what one user sends
    compliance    user_id       ComplianceState    under 64 KiB (domain/compliance/state.py)
    movements     user_id␟id    Entry              all that is known of one movement, for the retention
    movement_days user_id␟day   Page               one customer's business day, for the retention
    corridors     USD>HT        CorridorState      what remittances of one corridor usually are
    rates         BASE/QUOTE    RateState          the newest exchange rates of one pair

Tables are named explicitly: renaming a field here keeps its state. All share one partition count, so that one worker
owns a user's partition of all of them. `compliance` stands apart from `users` since its history is longer. Only the
owner of a partition sees the states of a corridor or a pair in it; every worker reads what follows from all of them
from `lakay.internal.corridors` and `lakay.internal.rates`.
"""

from __future__ import annotations

from typing import NamedTuple

from lakay_streams.domain.circles.reliability import MemberState
from lakay_streams.domain.circles.state import CircleState
from lakay_streams.domain.compliance.corridors import CorridorState
from lakay_streams.domain.compliance.entry import Entry
from lakay_streams.domain.compliance.ledger import Page
from lakay_streams.domain.compliance.remittances import RemittanceState
from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.domain.compliance.totals import Day
from lakay_streams.domain.user_state import UserState
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.state.table import StateTable
from tables.rates import RateState


class Tables(NamedTuple):
    """A worker's tables, declared on its app."""

    users: StateTable[UserState]
    circles: StateTable[CircleState]
    members: StateTable[MemberState]
    remittances: StateTable[RemittanceState]
    compliance: StateTable[ComplianceState]
    movements: StateTable[Entry]
    movement_days: StateTable[Page]
    corridors: StateTable[CorridorState]
    rates: StateTable[RateState]


def declare(app: StreamApp) -> Tables:
    """Declare every table on `app`."""
    return Tables(
        users=StateTable(app, name="users", key="user_id", state_type=UserState, new=UserState),
        circles=StateTable(app, name="circles", key="circle_id", state_type=CircleState, new=CircleState),
        members=StateTable(app, name="members", key="user_id", state_type=MemberState, new=MemberState),
        remittances=StateTable(
            app, name="remittances", key="sender_id", state_type=RemittanceState, new=RemittanceState
        ),
        compliance=StateTable(app, name="compliance", key="user_id", state_type=ComplianceState, new=ComplianceState),
        movements=StateTable(
            app, name="movements", key="user_id movement_id", state_type=Entry, new=lambda: Entry(""), seldom=True
        ),
        movement_days=StateTable(
            app, name="movement_days", key="user_id day", state_type=Page, new=lambda: Page(Day(0)), seldom=True
        ),
        corridors=StateTable(app, name="corridors", key="corridor", state_type=CorridorState, new=CorridorState),
        rates=StateTable(app, name="rates", key="BASE/QUOTE", state_type=RateState, new=RateState),
    )
