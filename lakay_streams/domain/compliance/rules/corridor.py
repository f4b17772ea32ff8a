"""Corridor: a remittance that stands out among those of its own corridor.

Source: 31 CFR 1022.320; FATF, guidance for a risk-based approach to money or value transfer services (2016). Haiti is
on FATF's monitoring list, so a flat rule by country would flag every customer here; what is judged is how a remittance
differs from its peers, of which fifty must be known. Input, for remittances from 1,000 US dollars on: the amount
against the corridor's, a payee not paid in the month before, how many payees and senders within a week, and a circle's
payout within a day before. Result: a finding from 0.7 on, the sum of these signals, each at most its weight:

    amount    0.45  two (nothing) to four spreads of log amounts above the corridor's mean
    payee     0.20  not paid in the month before, as far as its movements are kept
    fan-out   0.20  two (nothing) to six payees within a week
    fan-in    0.15  two (nothing) to six users who sent to this customer within the week before
    payout    0.15  a circle's payout came in within the day before, and this takes half of it or more
"""

from __future__ import annotations

from math import log

from lakay_streams.domain.compliance.alert import REVIEW, ComplianceFinding, Signal
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import confidence_of, found
from lakay_streams.domain.compliance.limits import DAY_MS
from lakay_streams.domain.compliance.movement import COUNTERPART, PAYOUT, REMITTANCE
from lakay_streams.domain.compliance.state import within
from lakay_streams.domain.money import usd

NAME = "corridor"
REGULATION = "31 CFR 1022.320"

WEEK_MS = 7 * DAY_MS


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return a finding when a remittance stands out among its peers."""
    movement, limits, peers = facts.movement, facts.limits, facts.peers
    if movement is None or peers is None or peers.history < limits.corridor_history_min:
        return None
    if movement.channel != REMITTANCE or movement.source == COUNTERPART:
        return None
    if movement.worth.rounded_down < limits.corridor_floor_minor:
        return None
    spreads = (log(movement.dollars) - peers.mean) / peers.spread
    before = within(facts.state, 0, movement.at)
    paid = [
        each for each in before if each.channel == REMITTANCE and each.source != COUNTERPART and each is not movement
    ]
    new_payee = all(each.counterparty != movement.counterparty for each in paid)
    payees = {movement.counterparty, *(each.counterparty for each in paid if each.at >= movement.at - WEEK_MS)}
    senders = {each.counterparty for each in before if each.source == COUNTERPART and each.at >= movement.at - WEEK_MS}
    payout = sum(each.dollars for each in before if each.channel == PAYOUT and each.at >= movement.at - DAY_MS)
    signals = (
        Signal(
            "amount", round(max(0.0, min(1.0, (spreads - 2) / 2)), 4), 0.45, f"{spreads:.1f} spreads above the mean"
        ),
        Signal("payee", float(new_payee), 0.2, "not paid in the month before" if new_payee else "paid before"),
        Signal("fan_out", max(0.0, min(1.0, (len(payees) - 2) / 4)), 0.2, f"{len(payees)} payees within a week"),
        Signal("fan_in", max(0.0, min(1.0, (len(senders) - 2) / 4)), 0.15, f"{len(senders)} senders within a week"),
        Signal("payout", float(payout > 0 and 2 * movement.dollars >= payout), 0.15, "a circle's payout is sent on"),
    )
    confidence = confidence_of(signals)
    if confidence < limits.corridor_confidence_min:
        return None
    return found(
        facts,
        rule=NAME,
        regulation=REGULATION,
        confidence=confidence,
        recommendation=REVIEW,
        reason=f"A remittance of {usd(movement.dollars)} to {movement.country} stands out among its corridor's",
        movements=(movement,),
        window=movement.id,
        signals=signals,
        values={"country": movement.country, "peers": peers.history, "spreads": round(spreads, 2)},
    )
