"""Alerts: what Trebanx, the console and the officers learn of a decision about a user, and of a circle's tier.

Schemas: `fraud-alert`, `ato-alert`, `tier-change`, `compliance-alert` and `edd-trigger` in `schemas/outbound`. An alert
depends on the decision and the event alone; its id is made of what was assessed, the user or circle and the event (in
compliance: what is assessed as one, such as a business day), so that a replay sends the same alert, not a second one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import msgspec

from lakay_streams.contracts.money import to_text as money_text
from lakay_streams.contracts.timestamps import to_text as time_text
from lakay_streams.domain.behavior.anomaly import contributions
from lakay_streams.domain.behavior.explain import decisive, findings_of
from lakay_streams.domain.behavior.profile import state_of
from lakay_streams.domain.behavior.sequence import sequence_score
from lakay_streams.domain.business_day import iso_day
from lakay_streams.domain.circles import explain
from lakay_streams.domain.events import TransactionInitiated, UserEvent
from lakay_streams.domain.frozen import asdict

if TYPE_CHECKING:
    from lakay_streams.domain.behavior.decide import Takeover
    from lakay_streams.domain.behavior.limits import BehaviorLimits
    from lakay_streams.domain.circles.decide import TierChange
    from lakay_streams.domain.circles.limits import CircleLimits
    from lakay_streams.domain.compliance.alert import ComplianceAlert as Found
    from lakay_streams.domain.compliance.alert import EddTrigger as Triggered
    from lakay_streams.domain.compliance.movement import Movement
    from lakay_streams.domain.decision import Decision, Finding

TRANSACTION_RISK = "transaction_risk"
LOGIN_VELOCITY = "login_velocity"
TIER_CHANGE = "tier_change"

TAKEOVER_RECOMMENDATIONS = {"low": "allow", "medium": "monitor", "high": "review", "critical": "lock"}
"""What to do about an account; the runbook (section 8.1) locks it at CRITICAL."""

_NAMESPACE = UUID("3d9f5c1a-42f4-5c0e-b1de-7a0c9e6b8f21")


class AlertFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's finding, as `domain.decision.Finding` describes it."""

    rule: str
    score: float
    reason: str
    evidence: dict[str, Any]
    event_ids: tuple[str, ...]
    otherwise: str


class FraudAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One fraud alert. `amount` is a decimal string in `currency`; both and `transaction_id` are null for a login."""

    alert_id: str
    alert_type: str
    alert_version: str = "1.0"
    user_id: str
    transaction_id: str | None
    event_id: str
    event_type: str
    occurred_at: str
    amount: str | None
    currency: str | None
    score: float
    composite_score: float
    risk_tier: str
    severity: str
    recommendation: str
    findings: tuple[AlertFinding, ...]
    otherwise: tuple[str, ...]
    settings_version: str


def fraud_alert(
    decision: Decision[Any], event: TransactionInitiated | UserEvent, *, settings_version: str
) -> FraudAlert:
    """Make the alert of a decision: `transaction_risk` for a transaction, `login_velocity` for a user's event."""
    transaction = event if isinstance(event, TransactionInitiated) else None
    alert_type = LOGIN_VELOCITY if transaction is None else TRANSACTION_RISK
    return FraudAlert(
        alert_id=alert_id(alert_type, event.user_id, event.event_id),
        alert_type=alert_type,
        user_id=event.user_id,
        transaction_id=None if transaction is None else transaction.transaction_id,
        event_id=event.event_id,
        event_type=event.event_type,
        occurred_at=time_text(event.occurred_at),
        amount=None if transaction is None else money_text(transaction.amount_minor, transaction.currency),
        currency=None if transaction is None else transaction.currency,
        score=decision.score,
        composite_score=decision.composite_score,
        risk_tier=decision.risk_tier,
        severity=decision.risk_tier.upper(),
        recommendation=decision.recommendation,
        findings=tuple(map(_alert_finding, decision.findings)),
        otherwise=decision.otherwise,
        settings_version=settings_version,
    )


class AtoAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One account takeover alert.

    `anomaly_score` is the sum of `contributions`, one per dimension; `sequence_score` says how far the takeover has
    got. `amount` is a decimal string in `currency`; both and `transaction_id` are null but for a transfer.
    """

    alert_id: str
    alert_type: str
    alert_version: str = "1.0"
    user_id: str
    device_id: str | None
    transaction_id: str | None
    event_id: str
    event_type: str
    occurred_at: str
    amount: str | None
    currency: str | None
    score: float
    anomaly_score: float
    sequence_score: float
    contributions: dict[str, float]
    profile_state: str
    risk_tier: str
    severity: str
    recommendation: str
    findings: tuple[AlertFinding, ...]
    otherwise: tuple[str, ...]
    settings_version: str


def ato_alert(takeover: Takeover, limits: BehaviorLimits, *, settings_version: str) -> AtoAlert:
    """Make the alert of a takeover: `takeover_login`, `takeover_profile_change` or `takeover_transfer`."""
    event, habits = takeover.event, takeover.state.behavior.habits
    transaction = event if isinstance(event, TransactionInitiated) else None
    contributed = contributions(takeover.anomaly, habits, limits)
    return AtoAlert(
        alert_id=alert_id(takeover.kind, event.user_id, event.event_id),
        alert_type=takeover.kind,
        user_id=event.user_id,
        device_id=event.device_id,
        transaction_id=None if transaction is None else transaction.transaction_id,
        event_id=event.event_id,
        event_type=event.event_type,
        occurred_at=time_text(event.occurred_at),
        amount=None if transaction is None else money_text(transaction.amount_minor, transaction.currency),
        currency=None if transaction is None else transaction.currency,
        score=takeover.score,
        anomaly_score=round(takeover.anomaly_score, 6),
        sequence_score=round(sequence_score(takeover.steps), 6),
        contributions={name: round(value, 6) for name, value in contributed.items()},
        profile_state=state_of(habits, event.occurred_at, limits),
        risk_tier=takeover.risk_tier,
        severity=takeover.risk_tier.upper(),
        recommendation=TAKEOVER_RECOMMENDATIONS[takeover.risk_tier],
        findings=tuple(map(_alert_finding, findings_of(takeover, limits))),
        otherwise=decisive(takeover, limits),
        settings_version=settings_version,
    )


class MovedBy(msgspec.Struct, frozen=True, kw_only=True):
    """An event that moved a circle's score, and by how much."""

    event_id: str
    event_type: str
    occurred_at: str
    change: float


class CircleTierChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a circle's tier. `score` is the sum of `contributions`, one per dimension.

    `moved_by` are the newest events since the last change that moved the score this way, oldest first;
    `evidence_truncated` when there were more. `old_tier_since` is null for the tier that a circle begins with.
    """

    alert_id: str
    alert_type: str
    alert_version: str = "1.0"
    circle_id: str
    event_id: str
    event_type: str
    occurred_at: str
    old_tier: str
    old_tier_since: str | None
    new_tier: str
    score: float
    contributions: dict[str, float]
    findings: tuple[AlertFinding, ...]
    moved_by: tuple[MovedBy, ...]
    evidence_truncated: bool
    settings_version: str


def tier_change(change: TierChange, limits: CircleLimits, *, settings_version: str) -> CircleTierChange:
    """Make the record of a circle's tier change. It names no member: those are on the worker's pages."""
    event = change.event
    return CircleTierChange(
        alert_id=alert_id(TIER_CHANGE, event.circle_id, event.event_id),
        alert_type=TIER_CHANGE,
        circle_id=event.circle_id,
        event_id=event.event_id,
        event_type=event.event_type,
        occurred_at=time_text(event.occurred_at),
        old_tier=change.old_tier,
        old_tier_since=None if change.since_at is None else time_text(change.since_at),
        new_tier=change.new_tier,
        score=change.score,
        contributions=explain.contributions(change.health, limits),
        findings=tuple(map(_alert_finding, explain.findings_of(change.facts, change.health, limits))),
        moved_by=tuple(
            MovedBy(
                event_id=moved.event_id,
                event_type=moved.event_type,
                occurred_at=time_text(moved.at),
                change=moved.change,
            )
            for moved in change.moved_by
        ),
        evidence_truncated=change.truncated,
        settings_version=settings_version,
    )


class MovementEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One completed movement, as `domain.compliance.movement.Movement` describes it; null where nobody said."""

    movement_id: str
    at: str
    business_day: str
    direction: str
    channel: str
    amount: str
    amount_minor: int
    currency: str
    usd_minor: int | None
    rate: str | None
    rate_at: str | None
    payment_method: str | None
    cash: str | None
    cash_basis: str
    counterparty_id: str | None
    device_id: str | None
    destination_country: str | None


class PairEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Cents that came in with one movement and left with another, by their ids."""

    money_in: str
    money_out: str
    usd_minor: int


class SignalEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One reason for a confidence; value and weight in [0, 1]."""

    signal: str
    value: float
    weight: float
    reason: str


class ComplianceEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What an alert rests on. Totals are complete even where `truncated` says that movements are missing."""

    movements: tuple[MovementEvidence, ...]
    pairs: tuple[PairEvidence, ...]
    signals: tuple[SignalEvidence, ...]
    values: dict[str, Any]
    truncated: bool


class ComplianceTotals(msgspec.Struct, frozen=True, kw_only=True):
    """US cents over all that an alert is about; in and out are never netted."""

    movements: int
    in_minor: int
    out_minor: int
    cash_in_minor: int
    cash_out_minor: int


class ComplianceAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One compliance alert, or an update of one: `revision` counts up under the same `alert_id`.

    `status` is open or withdrawn. `due_date` (ISO 8601 day) is null where nothing is due.
    """

    alert_id: str
    alert_version: str = "1.0"
    revision: int
    status: str
    user_id: str
    rule: str
    regulation: str
    window: str
    confidence: float
    recommendation: str
    basis: str | None
    reason: str
    evidence: ComplianceEvidence
    totals: ComplianceTotals
    since: str
    until: str
    business_day: str
    occurred_at: str
    detected_at: str
    due_date: str | None
    settings_version: str


def compliance_alert(found: Found, *, settings_version: str) -> ComplianceAlert:
    """Make the alert of what compliance found."""
    finding = found.finding
    return ComplianceAlert(
        alert_id=alert_id(finding.rule, found.user_id, finding.window),
        revision=found.revision,
        status=found.status,
        user_id=found.user_id,
        rule=finding.rule,
        regulation=finding.regulation,
        window=finding.window,
        confidence=finding.confidence,
        recommendation=finding.recommendation,
        basis=finding.basis or None,
        reason=finding.reason,
        evidence=ComplianceEvidence(
            movements=tuple(map(_movement, finding.movements)),
            pairs=tuple(PairEvidence(**asdict(pair)) for pair in finding.pairs),
            signals=tuple(SignalEvidence(**asdict(signal)) for signal in finding.signals),
            values=dict(finding.values),
            truncated=finding.truncated,
        ),
        totals=ComplianceTotals(**asdict(finding.totals)),
        since=time_text(finding.since),
        until=time_text(finding.until),
        business_day=iso_day(found.business_day),
        occurred_at=time_text(found.occurred_at),
        detected_at=time_text(found.detected_at),
        due_date=None if found.due_day is None else iso_day(found.due_day),
        settings_version=settings_version,
    )


class RiskFactor(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a customer's risk; value and weight in [0, 1]."""

    factor: str
    value: float
    weight: float
    reason: str


class EddTrigger(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's risk became high or more. `required` is what must be asked, as sentences."""

    trigger_id: str
    trigger_version: str = "1.0"
    user_id: str
    event_id: str
    occurred_at: str
    risk_score: float
    risk_level: str
    previous_level: str
    factors: tuple[RiskFactor, ...]
    required: tuple[str, ...]
    list_date: str
    settings_version: str


def edd_trigger(triggered: Triggered, *, settings_version: str) -> EddTrigger:
    """Make the record that starts an enhanced due diligence."""
    return EddTrigger(
        trigger_id=alert_id("edd", triggered.user_id, triggered.event_id),
        user_id=triggered.user_id,
        event_id=triggered.event_id,
        occurred_at=time_text(triggered.occurred_at),
        risk_score=triggered.risk_score,
        risk_level=triggered.risk_level,
        previous_level=triggered.previous_level,
        factors=tuple(RiskFactor(**asdict(factor)) for factor in triggered.factors),
        required=triggered.required,
        list_date=triggered.list_date,
        settings_version=settings_version,
    )


def alert_id(alert_type: str, entity_id: str, event_id: str) -> str:
    """Return the UUIDv5 of an alert; the same for every replay of the event (in compliance, of the window)."""
    return str(uuid5(_NAMESPACE, f"{alert_type}/{entity_id}/{event_id}"))


def encode(alert: FraudAlert | AtoAlert | CircleTierChange | ComplianceAlert | EddTrigger) -> bytes:
    """Return the alert's value for Kafka, as JSON; its key is `user_id` or `circle_id`."""
    return msgspec.json.encode(alert)


def decode(raw: bytes) -> FraudAlert:
    """Read a fraud alert back; fields that a newer version added are left out. Raises msgspec.ValidationError."""
    return msgspec.json.decode(raw, type=FraudAlert)


def decode_ato(raw: bytes) -> AtoAlert:
    """Read a takeover alert back; fields that a newer version added are left out. Raises msgspec.ValidationError."""
    return msgspec.json.decode(raw, type=AtoAlert)


def decode_tier_change(raw: bytes) -> CircleTierChange:
    """Read a tier change back; fields that a newer version added are left out. Raises msgspec.ValidationError."""
    return msgspec.json.decode(raw, type=CircleTierChange)


def decode_compliance(raw: bytes) -> ComplianceAlert:
    """Read a compliance alert back; fields that a newer version added are left out. Raises msgspec.ValidationError."""
    return msgspec.json.decode(raw, type=ComplianceAlert)


def decode_edd(raw: bytes) -> EddTrigger:
    """Read a trigger back; fields that a newer version added are left out. Raises msgspec.ValidationError."""
    return msgspec.json.decode(raw, type=EddTrigger)


def _movement(movement: Movement) -> MovementEvidence:
    return MovementEvidence(
        movement_id=movement.id,
        at=time_text(movement.at),
        business_day=iso_day(movement.day),
        direction=movement.direction,
        channel=movement.channel,
        amount=money_text(movement.amount_minor, movement.currency),
        amount_minor=movement.amount_minor,
        currency=movement.currency,
        usd_minor=movement.usd_minor,
        rate=movement.rate or None,
        rate_at=movement.rate_at or None,
        payment_method=movement.payment_method or None,
        cash=movement.cash or None,
        cash_basis=movement.basis,
        counterparty_id=movement.counterparty or None,
        device_id=movement.device or None,
        destination_country=movement.country or None,
    )


def _alert_finding(finding: Finding) -> AlertFinding:
    return AlertFinding(
        rule=finding.rule,
        score=finding.score,
        reason=finding.reason,
        evidence=dict(finding.evidence),
        event_ids=finding.event_ids,
        otherwise=finding.otherwise,
    )
