"""Unknown currency: no exchange rate, so the amount cannot be judged.

Source: this project's. Input: the currency and the rates in force. Result: a finding when the currency has none; the
transaction still counts, with an amount of zero. The score is constant. Alone it is medium risk, whatever the tiers are
set to: no rule about amounts has seen this one, and what was not looked at is not low.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.events import TransactionInitiated
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.limits import FraudLimits

NAME = "unknown_currency"


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when the amount cannot be converted to US dollars."""
    event = facts.event
    if facts.amount_known or not isinstance(event, TransactionInitiated):
        return None
    return Finding(
        NAME,
        1.0,
        f"No exchange rate for {event.currency}: the amount was not judged, and counts as 0.00 USD",
        {"currency": event.currency, "amount_minor": event.amount_minor},
        (event.event_id,),
        f"With a rate for {event.currency}, no finding",
    )
