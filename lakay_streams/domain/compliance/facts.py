"""What the rules look at: a customer's movements, from where a new one stands or where one was taken away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lakay_streams.domain.compliance.alert import Totals
from lakay_streams.domain.compliance.change import Lost
from lakay_streams.domain.compliance.corridors import Peers
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.movement import ASSUMED, IN, STATED, Movement
from lakay_streams.domain.compliance.state import ComplianceState, within
from lakay_streams.domain.frozen import Frozen

MIXED = "mixed"
EVIDENCE_KEPT = 64
"""An alert names at most so many movements, the newest; its totals have all of them."""


class Facts(Frozen):
    """The state with everything counted, and where to look: at `at` on business day `day`.

    `movement` is the new one, a receipt or an attempt too, for the rules about cash; None when a rule is asked again
    because a movement was taken back. `peers` are those of its corridor, None where too little is known of them.
    `running` are the rules with an alert that goes on here, and since when it goes on. `lost` is money that could not
    be counted.
    """

    state: ComplianceState
    limits: ComplianceLimits
    at: int
    day: int
    movement: Movement | None = None
    peers: Peers | None = None
    running: tuple[tuple[str, int], ...] = ()
    lost: Lost | None = None

    def end(self, window_ms: int) -> int:
        """Return the time of the newest movement within `window_ms` after `at`: a late one is seen in its context."""
        movements = self.state.movements
        if not movements or movements[-1].at <= self.at:
            return self.at
        later = within(self.state, self.at, self.at + window_ms)
        return later[-1].at if later else self.at

    def since(self, rule: str, otherwise: int) -> int:
        """Return since when the rule's alert goes on, at most `otherwise`."""
        return min([otherwise, *[since for each, since in self.running if each == rule]])

    def is_truncated(self, since: int) -> bool:
        """Whether details since then were dropped."""
        return max(self.state.dropped_until, self.state.receipts_dropped_until) >= since


def basis_of(movements: Iterable[Movement]) -> str:
    """Return how it is known that these were cash: stated, assumed or mixed."""
    found = {movement.basis for movement in movements}
    return MIXED if len(found) > 1 else next(iter(found), STATED)


def totals_of(movements: Sequence[Movement]) -> Totals:
    """Add up movements."""
    came_in = left = cash_in = cash_out = 0
    for movement in movements:
        usd = movement.dollars
        if movement.direction == IN:
            came_in += usd
        elif movement.direction:
            left += usd
        if movement.cash == IN:
            cash_in += usd
        elif movement.cash:
            cash_out += usd
    return Totals(len(movements), came_in, left, cash_in, cash_out)


def named(movements: Sequence[Movement], truncated: bool) -> tuple[tuple[Movement, ...], bool]:
    """Return the movements that evidence names, and whether some are missing."""
    return tuple(movements[-EVIDENCE_KEPT:]), truncated or len(movements) > EVIDENCE_KEPT


def basis_text(basis: str) -> str:
    """Return what a reason adds where cash is assumed; empty where it was stated."""
    if basis == STATED:
        return ""
    return ", assumed to be cash" if basis == ASSUMED else ", some of it assumed to be cash"


def rates_text(movements: Iterable[Movement]) -> str:
    """Return what a reason adds where an amount was converted at a rate of an earlier day than its own; else empty."""
    old = sorted({(each.currency, each.rate_at) for each in movements if each.rate_is_old})
    if not old:
        return ""
    told = ", ".join(f"{currency} of {since[:10]}" for currency, since in old)
    return f". Converted at rates older than the day: {told}"
