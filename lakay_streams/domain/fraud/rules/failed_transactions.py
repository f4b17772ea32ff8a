"""Failed transactions: several were declined within the hour before this one.

Source: this project's. Detects stolen cards tried one after another. Input: the transaction-failed events of the user
in the hour before (event time). Result: a finding from `failed_txn_min` on; the score never falls as the count grows.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.limits import HOUR_MS, FraudLimits
from lakay_streams.domain.recent import TIMES_KEPT, ids_within

NAME = "failed_transactions"
AT_LIMIT = 0.65
PER_FAILURE = 0.1


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when too many transactions failed just before."""
    failed, limit = facts.failed_1h, limits.failed_txn_min
    if failed < limit:
        return None
    at = facts.event.occurred_at
    ids, truncated = ids_within(facts.state.failures, at - HOUR_MS, at)
    over = failed - limit + 1
    return Finding(
        NAME,
        min(1.0, AT_LIMIT + PER_FAILURE * (failed - limit)),
        f"{failed} transactions failed within the hour before; {limit} and more is unusual",
        {
            "failed": failed,
            "threshold": limit,
            "margin": failed - limit,
            "evidence_truncated": truncated or failed >= TIMES_KEPT,
        },
        (*ids, facts.event.event_id),
        f"{over} failure{'s' if over > 1 else ''} less within the hour, no finding",
    )
