"""Funnel: many senders to one recipient, and then out.

Source: FinCEN advisory FIN-2014-A005 (funnel accounts); FATF, Professional Money Laundering (2018), on mules; 31 CFR
1022.320. Seen from the recipient, whose state knows every sender. Input: transfers and remittances received within ten
days before the last movement, from how many senders, 1,000 US dollars at least; what left since the first of them.
Result: a finding from four senders where 60% have left, or from ten senders whatever happened to the money.
Confidence: 0.40, and up to 0.25 for senders (twelve are all), 0.20 for the share that left, 0.15 for how soon.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.alert import REVIEW, SAR, SAR_MIN_MINOR, ComplianceFinding, Signal
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import confidence_of, found
from lakay_streams.domain.compliance.limits import DAY_MS
from lakay_streams.domain.compliance.movement import COUNTERPART
from lakay_streams.domain.compliance.state import within
from lakay_streams.domain.money import usd

NAME = "funnel"
REGULATION = "31 CFR 1022.320"


def evaluate(facts: Facts) -> ComplianceFinding | None:
    """Return a finding when many have sent to this customer, and it went on."""
    movement, limits = facts.movement, facts.limits
    if movement is not None and not (movement.source == COUNTERPART or movement.from_balance):
        return None
    known = facts.state.movements
    # So many movements at least, before anything is looked at.
    if len(known) < limits.funnel_senders_min:
        return None
    if len({each.counterparty for each in known if each.source == COUNTERPART}) < limits.funnel_senders_min:
        return None
    end = facts.end(limits.funnel_ms)
    recent = within(facts.state, end - limits.funnel_ms, end)
    received = [each for each in recent if each.source == COUNTERPART and each.counterparty]
    senders = len({each.counterparty for each in received})
    total = sum(each.dollars for each in received)
    if senders < limits.funnel_senders_min or total < limits.funnel_floor_minor:
        return None
    sent_on = [each for each in recent if each.from_balance and each.at >= received[0].at]
    left = min(total, sum(each.dollars for each in sent_on))
    share = left / total
    if share < limits.funnel_ratio and senders < limits.fan_in_senders_min:
        return None
    span = end - received[0].at
    signals = (
        Signal("base", 1.0, 0.4, "many senders to one recipient"),
        Signal("senders", min(1.0, (senders - limits.funnel_senders_min) / 8), 0.25, f"{senders} senders"),
        Signal("share", round(share, 4), 0.2, f"{share:.0%} as much has left"),
        Signal("speed", round(1.0 - span / limits.funnel_ms, 4), 0.15, f"within {span / DAY_MS:.1f} days"),
    )
    confidence = confidence_of(signals)
    # Many givers alone may be a collection for a funeral: only money that goes on recommends a report.
    reported = share >= limits.funnel_ratio and confidence >= limits.sar_confidence and total >= SAR_MIN_MINOR
    return found(
        facts,
        rule=NAME,
        regulation=REGULATION,
        confidence=confidence,
        recommendation=SAR if reported else REVIEW,
        reason=f"{usd(total)} from {senders} senders within {span / DAY_MS:.1f} days; "
        f"{usd(left)} has left since the first",
        movements=sorted((*received, *sent_on), key=lambda each: each.at),
        missing=facts.is_truncated(received[0].at),
        signals=signals,
        values={"sender_count": senders, "received_minor": total, "left_minor": left},
    )
