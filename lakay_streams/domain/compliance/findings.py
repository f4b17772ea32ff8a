"""Findings as the rules make them: what all have in common is made here, and each rule says what is its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from lakay_streams.domain.business_day import iso_day
from lakay_streams.domain.compliance.alert import ComplianceFinding, Pair, Signal, Totals
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.movement import ASSUMED, IN, STATED, Movement

MIXED = "mixed"
EVIDENCE_KEPT = 64
"""An alert names at most so many movements, the newest; its totals have all of them."""

_NO_VALUES: Mapping[str, object] = MappingProxyType({})


def found(
    facts: Facts,
    *,
    rule: str,
    regulation: str,
    confidence: float,
    recommendation: str,
    reason: str,
    movements: Sequence[Movement] = (),
    missing: bool = False,
    window: str = "",
    span: tuple[int, int] | None = None,
    totals: Totals | None = None,
    basis: str = "",
    pairs: tuple[Pair, ...] = (),
    signals: tuple[Signal, ...] = (),
    values: Mapping[str, object] = _NO_VALUES,
) -> ComplianceFinding:
    """Return a rule's finding about `movements`, of which evidence names the last.

    `missing` when more belong to it than these. Unless told otherwise its window is the business day of the facts, its
    `span` from the first to the last of the movements (of none: where the facts look from), and its totals are theirs.
    """
    times = [each.at for each in movements] or [facts.at]
    since, until = span or (min(times), max(times))
    return ComplianceFinding(
        rule=rule,
        regulation=regulation,
        window=window or iso_day(facts.day),
        confidence=confidence,
        recommendation=recommendation,
        reason=reason,
        movements=tuple(movements[-EVIDENCE_KEPT:]),
        totals=totals_of(movements) if totals is None else totals,
        since=since,
        until=until,
        basis=basis,
        truncated=missing or len(movements) > EVIDENCE_KEPT,
        pairs=pairs,
        signals=signals,
        values=values,
    )


def confidence_of(signals: Iterable[Signal]) -> float:
    """Return the sum of the signals, each as strongly as it shows, at most 1, to four digits."""
    return round(min(1.0, sum([signal.value * signal.weight for signal in signals])), 4)


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
