"""The newest exchange rates of each currency pair, keyed by `BASE/QUOTE`.

Only the owner of a pair's partition sees its updates here; every worker reads all pairs whole from
`lakay.internal.rates`, which this table's agent writes.
"""

from __future__ import annotations

from lakay_streams.domain.frozen import Frozen
from lakay_streams.domain.money import QUOTES_KEPT
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.table import StateTable


class RateState(Frozen):
    """`rate` units of the quote currency for one of the base, since `effective_at` (ms UTC): the newest.

    `history` has it and those before it, ascending in time, at most `QUOTES_KEPT`; one that comes late takes its place.
    """

    seen: bytes = b""
    rate: str = ""
    effective_at: int = 0
    history: tuple[tuple[int, str], ...] = ()


def observed(state: RateState, rate: str, effective_at: int, seen: bytes) -> RateState:
    """Return the state after one more rate."""
    known = state.history or (((state.effective_at, state.rate),) if state.rate else ())
    others = [each for each in known if each[0] != effective_at]
    history = tuple(sorted([*others, (effective_at, rate)])[-QUOTES_KEPT:])
    return RateState(seen, history[-1][1], history[-1][0], history)


def declare(app: StreamApp) -> StateTable[RateState]:
    """Declare the table on `app`."""
    return StateTable(app, name="rates", key="BASE/QUOTE", state_type=RateState, new=RateState)
