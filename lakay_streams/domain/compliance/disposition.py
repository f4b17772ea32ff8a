"""What a compliance officer decided about an alert: it was looked into, and there is an explanation.

A cleared alert raises the customer's risk no more, and its next revision says so, with the reason and who decided. A
currency transaction report is no matter of judgement (31 CFR 1010.311): its alert cannot be cleared. What is found
afterwards is an alert again: of the same window another revision, else one of its own.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.alert import (
    CLEARED,
    FILE_CTR,
    OPEN,
    SAR,
    ComplianceAlert,
    ComplianceFinding,
)
from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.findings import totals_of
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.risk import assess
from lakay_streams.domain.compliance.rules import OF_ONE_MOVEMENT, REGULATIONS, RULES
from lakay_streams.domain.compliance.state import ComplianceState, OpenAlert
from lakay_streams.domain.events import AlertDisposition
from lakay_streams.domain.frozen import replace


def is_to_be_cleared(known: OpenAlert) -> bool:
    """Whether an officer's decision can clear an alert: it is open, and asks for judgement."""
    return known.status == OPEN and known.recommendation != FILE_CTR


def clear(
    state: ComplianceState, known: OpenAlert, event: AlertDisposition, limits: ComplianceLimits
) -> tuple[ComplianceState, ComplianceAlert]:
    """Return the customer's state without the alert's part in the risk, and the alert's next revision."""
    after = replace(known, status=CLEARED, revision=known.revision + 1)
    alerts = tuple([after if each is known else each for each in state.alerts])
    reports = state.reports - (known.recommendation == SAR)
    finding = replace(
        _found(state, known, limits),
        window=known.window,
        confidence=known.confidence,
        recommendation=known.recommendation,
    )
    told = {**finding.values, "cleared_because": event.reason}
    if event.decided_by:
        told["cleared_by"] = event.decided_by
    alert = ComplianceAlert(
        user_id=event.user_id,
        finding=replace(finding, values=told),
        revision=after.revision,
        status=CLEARED,
        occurred_at=event.occurred_at,
        detected_at=known.detected_at,
        business_day=known.day,
        due_day=None,
    )
    state = replace(state, alerts=alerts, reports=reports)
    risk, _ = assess(state, event.user_id, event.event_id, event.occurred_at, limits)
    return replace(state, risk=risk), alert


def _found(state: ComplianceState, known: OpenAlert, limits: ComplianceLimits) -> ComplianceFinding:
    """Return what the alert is about, as far as the state has it still."""
    if known.rule not in OF_ONE_MOVEMENT:
        found = RULES[known.rule](Facts(state, limits, known.until, known.day, running=((known.rule, known.since),)))
        if found is not None:
            return found
    movements = tuple([each for each in state.movements if each.id == known.window])
    return ComplianceFinding(
        rule=known.rule,
        regulation=REGULATIONS[known.rule],
        window=known.window,
        confidence=known.confidence,
        recommendation=known.recommendation,
        reason="What was found stands in the earlier revisions of this alert",
        movements=movements,
        totals=totals_of(movements),
        since=known.since,
        until=known.until,
        truncated=not movements,
    )
