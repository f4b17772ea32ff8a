"""Everything kept about one customer's money, keyed by user id (domain/compliance/state.py): movements, totals by day.

Apart from `users`, since its history is longer. Fed by the transaction and remittance topics, and by
`lakay.internal.movements` for what topics with other keys tell; all share key and partition count, so that one worker
owns a user's partition of all of them.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.table import StateTable


def declare(app: StreamApp) -> StateTable[ComplianceState]:
    """Declare the table on `app`."""
    return StateTable(app, name="compliance", key="user_id", state_type=ComplianceState, new=ComplianceState)
