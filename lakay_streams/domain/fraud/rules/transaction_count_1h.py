"""Transaction count: more transactions within an hour than a person asks for.

Source: runbook section 2.3, FRAUD_TXN_COUNT_1H_MAX. Detects scripted use of an account. Input: the transactions asked
for in the hour that ends with this one (event time, this one included), each once; those that were declined count, as a
script goes on after them. Result: a finding when the count exceeds the limit; the score never falls as the count grows.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.limits import HOUR_MS, FraudLimits
from lakay_streams.domain.sliding_log import ids_within

NAME = "transaction_count_1h"
AT_LIMIT = 0.5
"""A busy vendor is just above the limit; a script is at twice the limit, where the score is 1."""


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when this transaction is one too many within the hour."""
    count, limit = facts.count_1h, limits.txn_count_1h_max
    if count <= limit:
        return None
    at = facts.event.occurred_at
    ids, truncated = ids_within(facts.state.transactions, at - HOUR_MS, at)
    over = count - limit
    return Finding(
        NAME,
        min(1.0, AT_LIMIT + (1.0 - AT_LIMIT) * over / limit),
        f"{count} transactions asked for within one hour, where {limit} are usual at most",
        {"transactions": count, "threshold": limit, "margin": over, "evidence_truncated": truncated},
        (*ids, facts.event.event_id),
        f"{over} fewer transaction{'s' if over > 1 else ''} within the hour, no finding",
    )
