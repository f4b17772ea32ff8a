"""Everything kept about one user, keyed by user id: one record, made of slices (domain/user_state.py).

Fed by the transaction and user topics and by what operators decide, which share key and partition count, so that one
worker owns a user's partition of all of them.
"""

from __future__ import annotations

from lakay_streams.domain.user_state import UserState
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.table import StateTable


def declare(app: StreamApp) -> StateTable[UserState]:
    """Declare the table on `app`."""
    return StateTable(app, name="users", key="user_id", state_type=UserState, new=UserState)
