"""Everything kept about one savings circle, keyed by circle id: its facts, and the tier that was told last."""

from __future__ import annotations

from lakay_streams.domain.circles.state import CircleState
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.table import StateTable


def declare(app: StreamApp) -> StateTable[CircleState]:
    """Declare the table on `app`."""
    return StateTable(app, name="circles", key="circle_id", state_type=CircleState, new=CircleState)
