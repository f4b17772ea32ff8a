"""Unknown type: a transaction of a type that nobody knows, so it is in no total.

Source: 31 CFR 1022.320(a)(2) and 1010.311, which no word that a producer invents may pass by. Whether such money came
in or went out, and whether cash was handed over, is not guessed: name the word in COMPLIANCE_TYPE_SYNONYMS. Input: the
movements of one business day with such a type. Result: one finding a day; it recommends a review.
"""

from __future__ import annotations

from lakay_streams.domain.business_day import iso_day
from lakay_streams.domain.compliance.alert import REVIEW, ComplianceFinding
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import found, totals_of
from lakay_streams.domain.compliance.state import on_day
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.money import usd

NAME = "unknown_type"
REGULATION = "31 CFR 1010.311, 1022.210"


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return a finding when movements of the day are of an unknown type."""
    if facts.movement is not None and facts.movement.direction:
        return None
    day = on_day(facts.state, facts.day)
    if not day.unsorted:
        return None
    unknown = [each for each in facts.state.movements if each.day == day.day and not each.direction]
    words = sorted({each.channel for each in unknown})
    worth = sum(each.dollars for each in unknown)
    return found(
        facts,
        rule=NAME,
        regulation=REGULATION,
        confidence=1.0,
        recommendation=REVIEW,
        reason=f"{day.unsorted} movements on {iso_day(day.day)} of a type that is not known ({len(words)} words), "
        f"{usd(worth)} in no total",
        movements=unknown,
        missing=len(unknown) < day.unsorted,
        totals=replace(totals_of(unknown), movements=day.unsorted),
        values={"types": words, "movements": day.unsorted, "usd_minor": worth},
    )
