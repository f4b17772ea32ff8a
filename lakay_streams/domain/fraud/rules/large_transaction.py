"""Large transaction: one request of a size that deserves a look.

Source: runbook section 2.3, FRAUD_LARGE_TXN_MIN. Input: the amount (US dollars). Result: a finding at or above the
limit; the score never falls as the amount grows. Large is legal: alone it never makes an event high risk.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.grading import graded
from lakay_streams.domain.fraud.limits import FraudLimits
from lakay_streams.domain.money import usd

NAME = "large_transaction"


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when the amount is large."""
    amount, limit = facts.whole_amount, limits.large_txn_min_minor
    if amount < limit:
        return None
    return Finding(
        NAME,
        graded(amount, limit, 3 * limit),
        f"A single transaction asks for {usd(amount)}; {usd(limit)} and more counts as large",
        {"amount": usd(amount), "threshold": usd(limit), "margin": usd(amount - limit)},
        (facts.event.event_id,),
        f"{usd(amount - limit + 1)} less, no finding",
    )
