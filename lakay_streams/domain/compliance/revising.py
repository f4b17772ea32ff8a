"""How an alert goes on: what is found again is its next revision, and what is left of it after a failure, too."""

from __future__ import annotations

from lakay_streams.domain.business_day import business_day
from lakay_streams.domain.compliance.alert import (
    CTR_DUE_DAYS,
    FILE_CTR,
    OPEN,
    SAR,
    SAR_DUE_DAYS,
    WITHDRAWN,
    ComplianceAlert,
    ComplianceFinding,
    Signal,
    Totals,
)
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.rules import CONTINUING, REGULATIONS
from lakay_streams.domain.compliance.state import OpenAlert
from lakay_streams.domain.compliance.telling import MoneyEvent
from lakay_streams.domain.frozen import replace


def is_about(known: OpenAlert, finding: ComplianceFinding) -> bool:
    """Whether an alert is the finding's own: of its rule and its window."""
    return (known.rule, known.window) == (finding.rule, finding.window)


def goes_on(known: OpenAlert, at: int, limits: ComplianceLimits) -> bool:
    """Whether what its rule finds at `at` (ms UTC) continues an alert."""
    return known.rule in CONTINUING and known.status == OPEN and abs(at - known.detected_at) <= limits.continues_ms


def is_update(known: OpenAlert, finding: ComplianceFinding, limits: ComplianceLimits) -> bool:
    """Whether a finding is the next revision of an alert."""
    if known.rule != finding.rule:
        return False
    return known.window == finding.window or goes_on(known, finding.until, limits)


def recommends_report(known: OpenAlert | None) -> int:
    """Whether an alert counts as one that recommends a suspicious activity report; 0 or 1."""
    return known is not None and known.status == OPEN and known.recommendation == SAR


def sent(
    before: OpenAlert | None, event: MoneyEvent, finding: ComplianceFinding, limits: ComplianceLimits
) -> tuple[ComplianceAlert, OpenAlert]:
    """Return the alert of a finding, the next revision of `before`, and how it is remembered."""
    if before is not None:
        finding = _not_weaker(replace(finding, window=before.window), before)
    revision = 1 if before is None else before.revision + 1
    detected_at = event.occurred_at if before is None else before.detected_at
    return _alert(event, finding, revision, OPEN, detected_at, limits)


def _not_weaker(finding: ComplianceFinding, before: OpenAlert) -> ComplianceFinding:
    """Return the update of an alert that is at least as sure as before: who adds small amounts dilutes no suspicion."""
    if before.status != OPEN or finding.confidence >= before.confidence:
        return finding
    earlier = Signal("earlier", 1.0, round(before.confidence - finding.confidence, 4), "surer before these movements")
    return replace(
        finding,
        confidence=before.confidence,
        recommendation=before.recommendation,
        signals=(*finding.signals, earlier),
    )


def revised(
    known: OpenAlert, event: MoneyEvent, finding: ComplianceFinding | None, limits: ComplianceLimits
) -> tuple[ComplianceAlert, OpenAlert]:
    """Return the update of an alert after a movement of it failed: with what is left of it, or withdrawn."""
    if finding is not None:
        finding = replace(finding, window=known.window)
        return _alert(event, finding, known.revision + 1, OPEN, known.detected_at, limits)
    nothing = ComplianceFinding(
        rule=known.rule,
        regulation=REGULATIONS[known.rule],
        window=known.window,
        confidence=0.0,
        recommendation=known.recommendation,
        reason="Withdrawn: a movement it rests on failed, and what is left is no finding",
        movements=(),
        totals=Totals(),
        since=known.since,
        until=known.until,
    )
    return _alert(event, nothing, known.revision + 1, WITHDRAWN, known.detected_at, limits)


def _alert(
    event: MoneyEvent,
    finding: ComplianceFinding,
    revision: int,
    status: str,
    detected_at: int,
    limits: ComplianceLimits,
) -> tuple[ComplianceAlert, OpenAlert]:
    day = business_day(finding.until, limits.zone)
    due = None
    if status == OPEN and finding.recommendation == FILE_CTR:
        due = day + CTR_DUE_DAYS
    elif status == OPEN and finding.recommendation == SAR:
        due = business_day(detected_at, limits.zone) + SAR_DUE_DAYS
    alert = ComplianceAlert(
        user_id=event.entity_id,
        finding=finding,
        revision=revision,
        status=status,
        occurred_at=event.occurred_at,
        detected_at=detected_at,
        business_day=day,
        due_day=due,
    )
    known = OpenAlert(
        rule=finding.rule,
        window=finding.window,
        detected_at=detected_at,
        revision=revision,
        since=finding.since,
        until=finding.until,
        day=day,
        status=status,
        recommendation=finding.recommendation,
        confidence=finding.confidence,
    )
    return alert, known
