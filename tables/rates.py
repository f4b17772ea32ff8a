"""The newest exchange rate of each currency pair, keyed by `BASE/QUOTE`.

Only the owner of a pair's partition sees its updates here; every worker reads all pairs whole from
`lakay.internal.rates`, which this table's agent writes.
"""

from __future__ import annotations

from typing import NamedTuple

from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.table import StateTable


class RateState(NamedTuple):
    """`rate` units of the quote currency for one of the base, since `effective_at` (ms UTC)."""

    seen: bytes = b""
    rate: str = ""
    effective_at: int = 0


def declare(app: StreamApp) -> StateTable[RateState]:
    """Declare the table on `app`."""
    return StateTable(app, name="rates", key="BASE/QUOTE", state_type=RateState, new=RateState)
