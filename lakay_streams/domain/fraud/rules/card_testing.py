"""Card testing: several tiny transactions in a row, to learn which stolen card works.

Source: this project's. Input: what was asked for in the last `small_txn_window_ms` (event time, this one included), in
amounts of at most `small_txn_max_minor` (US dollars), each transaction once; those that were declined count, since that
is what a card that does not work does. Result: a finding from `small_txn_count_min` on; the larger transaction that
spends what was learned is found too. The score never falls as the count grows.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.limits import HOUR_MS, FraudLimits
from lakay_streams.domain.money import usd
from lakay_streams.domain.sliding_log import EXACT_ENTRIES, count_at_most, ids_at_most

NAME = "card_testing"
AT_LIMIT = 0.7
PER_TRANSACTION = 0.1


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when there were too many tiny transactions."""
    log, at = facts.state.transactions, facts.event.occurred_at
    limit = limits.small_txn_count_min
    if len(log.times) + 1 < limit:
        return None
    since, most = at - limits.small_txn_window_ms, limits.small_txn_max_minor
    small = count_at_most(log, since, at, most) + (facts.amount_known and facts.amount <= most)
    if small < limit:
        return None
    ids = ids_at_most(log, since, at, most)
    hours = limits.small_txn_window_ms / HOUR_MS
    over = small - limit + 1
    return Finding(
        NAME,
        min(1.0, AT_LIMIT + PER_TRANSACTION * (small - limit)),
        f"{small} transactions of at most {usd(most)} asked for within {hours:g} hours, as when cards are tried out",
        {
            "small_transactions": small,
            "small_means_at_most": usd(most),
            "threshold": limit,
            "margin": small - limit,
            "window_hours": hours,
            "evidence_truncated": len(ids) + 1 < small or len(log.times) >= EXACT_ENTRIES,
        },
        (*ids, facts.event.event_id),
        f"{over} tiny transaction{'s' if over > 1 else ''} fewer, no finding",
    )
