"""Could not be counted: money was moved that stands in no total, because the time in which it could be is over.

Source: 31 CFR 1010.311 (each transaction in currency) and 1022.320, which know no amount that is left out in silence.
Input: a completed movement of which no details came within COMPLIANCE_MOVEMENT_RETENTION_DAYS, or one that was told of
after that. Result: a finding for each, with its id, and the amount where anybody told it; it recommends a review.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.alert import REVIEW, ComplianceFinding
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import found

NAME = "could_not_be_counted"
REGULATION = "31 CFR 1010.311, 1022.210"


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return the finding about what could not be counted."""
    lost = facts.lost
    if lost is None:
        return None
    return found(
        facts,
        rule=NAME,
        regulation=REGULATION,
        confidence=1.0,
        recommendation=REVIEW,
        reason=f"A movement is in no total: {lost.why}",
        window=lost.id,
        missing=True,
        values={"movement_id": lost.id, "why": lost.why, "amount_minor": lost.amount_minor, "currency": lost.currency},
    )
