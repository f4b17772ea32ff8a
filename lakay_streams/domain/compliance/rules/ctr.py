"""Currency transaction report: more than 10,000 US dollars of currency in one business day.

Source: 31 CFR 1010.311 (a report of each transaction in currency of more than 10,000 dollars) and 1010.313(b) (several
by or for one person in one business day are one; cash in and cash out are added up apart and never netted); runbook
section 2.3, COMPLIANCE_CTR_THRESHOLD. Exactly 10,000.00 is not more, whatever little is above it is: what was converted
is added up unrounded, and told rounded up. Due in 15 days (1010.306(a)(1)).
Input: US dollars of currency of the business day on which it was handed over, each way: cash for a remittance counts
when it is handed in, whenever and whether that is paid out. Result: one finding a day, with both ways in its totals.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakay_streams.domain.business_day import iso_day
from lakay_streams.domain.compliance.alert import FILE_CTR, ComplianceFinding, Totals
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import basis_of, basis_text, found, rates_text
from lakay_streams.domain.compliance.state import cash_on, on_day
from lakay_streams.domain.compliance.totals import Day
from lakay_streams.domain.money import Dollars, usd

NAME = "ctr"
REGULATION = "31 CFR 1010.311, 1010.313"


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return a finding when a report is due for the day."""
    limits = facts.limits
    # Asked again after a failure, it answers even when switched off: what is still due must not be withdrawn.
    if facts.movement is not None and not (limits.ctr_enabled and facts.movement.cash):
        return None
    day, threshold = on_day(facts.state, facts.day), limits.ctr_threshold_minor
    above = [way for way in ways(day) if way[1].rounded_up > threshold]
    return cash_finding(facts, day, NAME, REGULATION, FILE_CTR, above, threshold) if above else None


def ways(day: Day) -> tuple[tuple[str, Dollars], tuple[str, Dollars]]:
    """Return the currency of a day each way, which is never added up nor netted."""
    return ("handed in", day.cash_in), ("handed out", day.cash_out)


def cash_finding(
    facts: Facts,
    day: Day,
    rule: str,
    regulation: str,
    recommendation: str,
    over: Sequence[tuple[str, Dollars]],
    threshold: int,
) -> ComplianceFinding:
    """Return a finding about the cash of one business day, of which the ways in `over` are over `threshold`."""
    what = " and ".join(f"{usd(total.rounded_up)} {way}" for way, total in over)
    came_in, left = day.cash_in.rounded_up, day.cash_out.rounded_up
    cash = cash_on(facts.state, day.day)
    basis = basis_of(cash)
    return found(
        facts,
        rule=rule,
        regulation=regulation,
        confidence=1.0,
        recommendation=recommendation,
        reason=f"Cash of {what} on {iso_day(day.day)}{basis_text(basis)}; a report is due above "
        f"{usd(facts.limits.ctr_threshold_minor)}{rates_text(cash)}",
        movements=cash,
        missing=len(cash) < day.cash,
        totals=Totals(day.cash, came_in, left, came_in, left),
        basis=basis,
        values={
            "threshold_minor": threshold,
            "cash_in_minor": came_in,
            "cash_out_minor": left,
            "business_day": iso_day(day.day),
        },
    )
