"""What remittances of one corridor usually are, keyed by corridor such as `USD>HT` (domain/compliance/corridors.py).

Only the owner of a corridor's partition sees its remittances here; every worker reads what is usual in all of them from
`lakay.internal.corridors`, which this table's agent writes.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.corridors import CorridorState
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.table import StateTable


def declare(app: StreamApp) -> StateTable[CorridorState]:
    """Declare the table on `app`."""
    return StateTable(app, name="corridors", key="corridor", state_type=CorridorState, new=CorridorState)
