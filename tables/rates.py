"""The newest exchange rates of each currency pair, keyed by `BASE/QUOTE`.

Only the owner of a pair's partition sees its updates here; every worker reads all pairs whole from
`lakay.internal.rates`, which this table's agents write.
"""

from __future__ import annotations

from decimal import Decimal

from lakay_streams.domain.exchange import Sifted, Told, add
from lakay_streams.domain.frozen import Frozen

FACTOR_MAX = Decimal(2)
"""COMPLIANCE_RATE_FACTOR_MAX unless set."""


class RateState(Frozen):
    """`rate` units of the quote currency for one of the base, since `effective_at` (ms UTC): the newest that is taken.

    `history` has it and those before it, ascending in time, at most `QUOTES_KEPT`; one that comes late takes its place.
    `held`, `confirmed` and `before` are those of `domain.exchange.Sifted`.
    """

    seen: bytes = b""
    rate: str = ""
    effective_at: int = 0
    history: tuple[Told, ...] = ()
    held: tuple[Told, ...] = ()
    confirmed: tuple[int, ...] = ()
    before: str = ""


def observed(
    state: RateState,
    rate: str,
    effective_at: int,
    seen: bytes,
    *,
    by_default: str = "",
    factor_max: Decimal = FACTOR_MAX,
    confirmed: bool = False,
) -> RateState:
    """Return the state after one more rate; `by_default` is what the first one told is compared with."""
    known = state.history or (((state.effective_at, state.rate),) if state.rate else ())
    before = state.before or ("" if known else by_default)
    pair = Sifted(known, state.held, state.confirmed, before)
    after = add(pair, effective_at, rate, factor_max, confirmed=confirmed)
    newest_at, newest = after.taken[-1] if after.taken else (0, "")
    return RateState(seen, newest, newest_at, after.taken, after.held, after.confirmed, after.before)
