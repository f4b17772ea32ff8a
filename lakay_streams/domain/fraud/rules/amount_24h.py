"""Amount in 24 hours: an account is emptied in pieces.

Source: runbook section 2.3, FRAUD_TXN_AMOUNT_24H_MAX. Input: the sum of the amounts (US dollars) of the transactions
asked for in the 24 hours that end with this one, itself included, each once and without those that were declined.
Result: a finding when the sum exceeds the limit; the score never falls as the sum grows.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.grading import graded
from lakay_streams.domain.fraud.limits import DAY_MS, FraudLimits
from lakay_streams.domain.money import usd
from lakay_streams.domain.sliding_log import ids_within

NAME = "amount_24h"


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when this transaction takes the sum of 24 hours beyond the limit."""
    total, limit = facts.amount_24h, limits.txn_amount_24h_max_minor
    if total <= limit:
        return None
    at = facts.event.occurred_at
    ids, truncated = ids_within(facts.state.transactions, at - DAY_MS, at, declined=False)
    over = usd(total - limit)
    return Finding(
        NAME,
        graded(total, limit, 3 * limit),
        f"{usd(total)} asked for within 24 hours and not declined, where {usd(limit)} is usual at most",
        {
            "amount": usd(facts.amount),
            "amount_24h": usd(total),
            "threshold": usd(limit),
            "margin": over,
            "evidence_truncated": truncated,
        },
        (*ids, facts.event.event_id),
        f"{over} less within 24 hours, no finding",
    )
