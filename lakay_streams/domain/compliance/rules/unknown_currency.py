"""Unknown currency: money was moved in a currency that has no exchange rate, so no threshold could judge it.

Source: 31 CFR 1010.100(m) (currency of any country counts) and 1010.311. Input: the movements of one business day
without a rate. Result: one finding a day; it recommends a review, since what is not converted is in no total.
"""

from __future__ import annotations

from lakay_streams.domain.business_day import iso_day
from lakay_streams.domain.compliance.alert import REVIEW, ComplianceFinding
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import found, totals_of
from lakay_streams.domain.compliance.state import on_day
from lakay_streams.domain.frozen import replace

NAME = "unknown_currency"
REGULATION = "31 CFR 1010.100(m), 1010.311"


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return a finding when amounts of the day could not be converted."""
    if facts.movement is not None and facts.movement.usd_minor is not None:
        return None
    day = on_day(facts.state, facts.day)
    if not day.unconverted:
        return None
    told = (*facts.state.movements, *facts.state.receipts)
    unknown = [each for each in told if each.day == day.day and each.usd_minor is None and not each.received]
    currencies = sorted({each.currency for each in unknown})
    return found(
        facts,
        rule=NAME,
        regulation=REGULATION,
        confidence=1.0,
        recommendation=REVIEW,
        reason=f"{day.unconverted} movements on {iso_day(day.day)} in {', '.join(currencies)}, "
        "for which no rate is known",
        movements=unknown,
        missing=len(unknown) < day.unconverted,
        totals=replace(totals_of(unknown), movements=day.unconverted),
        values={"currencies": currencies, "movements": day.unconverted},
    )
