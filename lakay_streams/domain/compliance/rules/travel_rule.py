"""Travel rule: a remittance of 3,000 US dollars or more must carry who sends, who receives, and how much.

Source: 31 CFR 1010.410(e) (records of transmittals of 3,000 dollars or more) and (f) (what travels on with the order).
Input: a completed remittance; of what must be on record, what the events can tell: the recipient, the destination and
how it was paid. Result: a finding that lists what is missing; none when nothing is. An amount that cannot be converted
is `unknown_currency`'s to find.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.alert import COMPLETE, ComplianceFinding
from lakay_streams.domain.compliance.facts import Facts, totals_of
from lakay_streams.domain.compliance.movement import COUNTERPART, REMITTANCE
from lakay_streams.domain.money import usd

NAME = "travel_rule"
REGULATION = "31 CFR 1010.410(e), (f)"


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return a finding when a large remittance is incomplete."""
    movement, limits = facts.movement, facts.limits
    if movement is None or movement.channel != REMITTANCE or movement.source == COUNTERPART:
        return None
    if movement.dollars < limits.recordkeeping_minor:
        return None
    missing = [
        name
        for name, value in (
            ("recipient_id", movement.counterparty),
            ("destination_country", movement.country),
            ("payment_method", movement.payment_method),
        )
        if not value
    ]
    if not missing:
        return None
    return ComplianceFinding(
        NAME,
        REGULATION,
        movement.id,
        1.0,
        COMPLETE,
        f"A remittance of {usd(movement.dollars)} is without {', '.join(missing)}; "
        f"records are required from {usd(limits.recordkeeping_minor)}",
        (movement,),
        totals_of((movement,)),
        movement.at,
        movement.at,
        values={"threshold_minor": limits.recordkeeping_minor, "missing": missing},
    )
