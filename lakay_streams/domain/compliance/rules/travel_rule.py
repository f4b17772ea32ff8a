"""Travel rule: a transmittal of 3,000 US dollars or more must carry who sends, who receives, and how much.

Source: 31 CFR 1010.410(e)(1)(i): of each transmittal order of 3,000 dollars or more, at home or abroad, are kept the
transmittor's name and address, the amount, the day, any payment instructions, which institution the recipient has, and
the recipient's name, address, account or other identifier as far as they were received; (f)(1): the same travels on
with the order. How it was paid is not among them. A transmittal is made to pay a recipient (1010.100(ddd)): a
transfer, a remittance, a payment, a circle's contribution; a withdrawal is none.

Input: a completed transmittal; of what must be on record, what the events can tell: the recipient, and of a remittance
the destination, which is all that is told of the recipient's institution. Result: a finding that lists what is missing;
none when nothing is. An amount that cannot be converted is `unknown_currency`'s to find.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.alert import COMPLETE, ComplianceFinding
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import found, rates_text
from lakay_streams.domain.compliance.movement import CONTRIBUTION, COUNTERPART, IN, PAYMENT, REMITTANCE, TRANSFER
from lakay_streams.domain.money import usd

NAME = "travel_rule"
REGULATION = "31 CFR 1010.410(e), (f)"

TRANSMITTALS = frozenset({TRANSFER, REMITTANCE, PAYMENT, CONTRIBUTION})
"""Channels in which a customer pays somebody else."""


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return a finding when a large transmittal is incomplete."""
    movement, limits = facts.movement, facts.limits
    if movement is None or movement.channel not in TRANSMITTALS or movement.source == COUNTERPART:
        return None
    if movement.direction == IN or movement.worth.rounded_down < limits.recordkeeping_minor:
        return None
    asked = {"recipient_id": movement.counterparty}
    if movement.channel == REMITTANCE:
        asked["destination_country"] = movement.country
    missing = [name for name, value in asked.items() if not value]
    if not missing:
        return None
    return found(
        facts,
        rule=NAME,
        regulation=REGULATION,
        confidence=1.0,
        recommendation=COMPLETE,
        reason=f"A {movement.channel.replace('_', ' ')} of {usd(movement.dollars)} is without {', '.join(missing)}; "
        f"records are required from {usd(limits.recordkeeping_minor)}{rates_text((movement,))}",
        movements=(movement,),
        window=movement.id,
        values={"threshold_minor": limits.recordkeeping_minor, "missing": missing},
    )
