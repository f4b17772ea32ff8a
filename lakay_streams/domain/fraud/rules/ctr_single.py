"""Currency transaction report ahead, single: one transaction close to the reporting threshold.

Source: 31 CFR 1010.311 (a report above 10,000 USD in currency); runbook section 2.3, FRAUD_CTR_SINGLE_THRESHOLD, a
warning before it. Input: the amount (US dollars), however it is paid: whether it was currency is known when it is
completed, and compliance decides that. Result: a finding at or above the threshold; the score never falls as the amount
grows. A warning to prepare paperwork, no sign of fraud: alone it never makes an event high risk.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.grading import graded
from lakay_streams.domain.fraud.limits import FraudLimits
from lakay_streams.domain.money import usd

NAME = "ctr_single"
CTR_MINOR = 10_000_00


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when the transaction comes close to a report, or reaches it."""
    amount, limit = facts.whole_amount, limits.ctr_single_threshold_minor
    if amount < limit:
        return None
    return Finding(
        NAME,
        graded(amount, limit, CTR_MINOR),
        f"A single transaction asks for {usd(amount)}; above {usd(CTR_MINOR)} in currency a report is due",
        {"amount": usd(amount), "threshold": usd(limit), "margin": usd(amount - limit)},
        (facts.event.event_id,),
        f"{usd(amount - limit + 1)} less, no finding",
    )
