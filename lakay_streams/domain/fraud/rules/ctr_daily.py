"""Currency transaction report ahead, daily: what is asked for on one business day comes close to the threshold.

Source: 31 CFR 1010.313 (several transactions of one business day count as one, cash in and cash out apart); runbook
section 2.3, FRAUD_CTR_DAILY_THRESHOLD. Input: the sum (US dollars) of what was asked for and not declined on the day in
New York and goes this transaction's way, to the customer or from them; each once, this one included. Result: a finding
at or above the threshold; the score never falls as the sum grows. Like `ctr_single`, alone never high risk.
"""

from __future__ import annotations

from lakay_streams.domain.business_day import day_start, iso_day
from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.grading import graded
from lakay_streams.domain.fraud.limits import FraudLimits
from lakay_streams.domain.fraud.rules.ctr_single import CTR_MINOR
from lakay_streams.domain.money import usd
from lakay_streams.domain.sliding_log import ids_of_way

NAME = "ctr_daily"


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when the day's sum comes close to a report, or reaches it."""
    total, limit = facts.whole_way, limits.ctr_daily_threshold_minor
    if total < limit:
        return None
    first, last = day_start(facts.day), day_start(facts.day + 1) - 1
    ids = ids_of_way(facts.state.transactions, first - 1, last, out=facts.is_out)
    way = "handed out" if facts.is_out else "handed over"
    return Finding(
        NAME,
        graded(total, limit, CTR_MINOR),
        f"{usd(total)} asked for on {iso_day(facts.day)}, to be {way}, and not declined; "
        f"above {usd(CTR_MINOR)} in currency a report is due",
        {
            "amount": usd(facts.amount),
            "amount_day": usd(total),
            "way": "out" if facts.is_out else "in",
            "business_day": iso_day(facts.day),
            "threshold": usd(limit),
            "margin": usd(total - limit),
            "evidence_truncated": len(ids) < facts.counted_way,
        },
        (*ids, facts.event.event_id),
        f"{usd(total - limit + 1)} less on that day, no finding",
    )
