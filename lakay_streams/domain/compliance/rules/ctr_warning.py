"""Currency transaction report ahead: the cash of one business day comes close to the threshold.

Source: runbook section 6.3 (CTR thresholds); COMPLIANCE_CTR_WARNING_THRESHOLD. No regulation asks for it, and
FinCEN's answers of October 2025 say that a transaction near 10,000 dollars alone calls for no suspicious activity
report, so it only recommends to have an eye on the day. Input: as `ctr`. Result: a finding from the warning threshold
up to and including the reporting threshold, each way apart: that a report is due one way says nothing of the other.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.alert import MONITOR, ComplianceFinding
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.rules.ctr import cash_finding, ways
from lakay_streams.domain.compliance.state import on_day

NAME = "ctr_warning"
REGULATION = "31 CFR 1010.311"


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return a finding when the day's cash is close to a report one way, and none is due for that way yet."""
    limits = facts.limits
    # Asked again after a failure, it answers even when switched off: what is still due must not be withdrawn.
    if facts.movement is not None and not (limits.ctr_enabled and facts.movement.cash):
        return None
    day = on_day(facts.state, facts.day)
    near = [
        way
        for way in ways(day)
        if way[1].rounded_down >= limits.ctr_warning_minor and way[1].rounded_up <= limits.ctr_threshold_minor
    ]
    return cash_finding(facts, day, NAME, REGULATION, MONITOR, near, limits.ctr_warning_minor) if near else None
