"""What one user sends abroad, keyed by the sender's user id: counts and sums by currency."""

from __future__ import annotations

from lakay_streams.domain.compliance.remittances import RemittanceState
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.table import StateTable


def declare(app: StreamApp) -> StateTable[RemittanceState]:
    """Declare the table on `app`."""
    return StateTable(app, name="remittances", key="sender_id", state_type=RemittanceState, new=RemittanceState)
