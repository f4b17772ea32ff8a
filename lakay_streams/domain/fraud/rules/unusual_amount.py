"""Unusual amount: far above what this user usually sends.

Source: this project's; the runbook's gold layer names amount z-scores (section 7.2). Input: the amount (US dollars)
and the user's profile of log amounts before it. Result: after `amount_warm_up` transactions, a finding when the
amount lies `amount_spreads` standard deviations or more above the mean and at or above `unusual_amount_floor_minor`.
The score never falls as the amount grows. A smaller amount than usual is never a finding.
"""

from __future__ import annotations

from math import ceil, expm1, sqrt

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.grading import graded
from lakay_streams.domain.fraud.limits import FraudLimits
from lakay_streams.domain.money import usd
from lakay_streams.domain.usual import usual_quantity

NAME = "unusual_amount"


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when the amount is far above the user's own."""
    spreads = facts.spreads
    if spreads is None or spreads < limits.amount_spreads or facts.whole_amount < limits.unusual_amount_floor_minor:
        return None
    amounts = facts.state.amounts
    reach = limits.amount_spreads * max(sqrt(amounts.variance), limits.amount_min_spread)
    # Up to the next cent, and not over one for the float's last digits.
    threshold = max(ceil(round(expm1(amounts.mean + reach), 6)), limits.unusual_amount_floor_minor)
    margin = max(0, facts.amount - threshold)
    return Finding(
        NAME,
        graded(spreads, limits.amount_spreads, 2 * limits.amount_spreads),
        f"{usd(facts.amount)} is far above the {usd(usual_quantity(amounts))} this user usually sends",
        {
            "amount": usd(facts.amount),
            "usual": usd(usual_quantity(amounts)),
            "spreads_above": round(spreads, 3),
            "threshold_spreads": limits.amount_spreads,
            "threshold": usd(threshold),
            "margin": usd(margin),
            "history": amounts.history,
        },
        (facts.event.event_id,),
        f"{usd(margin + 1)} less, no finding",
    )
