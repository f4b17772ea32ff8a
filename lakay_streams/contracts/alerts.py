"""Alerts about users: what Trebanx and the console learn of a HIGH or CRITICAL decision.

Schemas: `fraud-alert` and `ato-alert` in `schemas/outbound`. An alert depends on the decision and the event
alone; its id is made of what was assessed, the user and the event, so that a replay sends the same alert, not a second
one.
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
from lakay_streams.domain.events import TransactionInitiated, UserEvent

if TYPE_CHECKING:
    from lakay_streams.domain.behavior.decide import Takeover
    from lakay_streams.domain.behavior.limits import BehaviorLimits
    from lakay_streams.domain.decision import Decision, Finding

TRANSACTION_RISK = "transaction_risk"
LOGIN_VELOCITY = "login_velocity"

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
        transaction_id=transaction and transaction.transaction_id,
        event_id=event.event_id,
        event_type=event.event_type,
        occurred_at=time_text(event.occurred_at),
        amount=transaction and money_text(transaction.amount_minor, transaction.currency),
        currency=transaction and transaction.currency,
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
        transaction_id=transaction and transaction.transaction_id,
        event_id=event.event_id,
        event_type=event.event_type,
        occurred_at=time_text(event.occurred_at),
        amount=transaction and money_text(transaction.amount_minor, transaction.currency),
        currency=transaction and transaction.currency,
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


def alert_id(alert_type: str, entity_id: str, event_id: str) -> str:
    """Return the UUIDv5 of an alert; the same for every replay of the event."""
    return str(uuid5(_NAMESPACE, f"{alert_type}/{entity_id}/{event_id}"))


def encode(alert: FraudAlert | AtoAlert) -> bytes:
    """Return the alert's value for Kafka, as JSON; its key is `user_id`."""
    return msgspec.json.encode(alert)


def decode(raw: bytes) -> FraudAlert:
    """Read a fraud alert back; fields that a newer version added are left out. Raises msgspec.ValidationError."""
    return msgspec.json.decode(raw, type=FraudAlert)


def decode_ato(raw: bytes) -> AtoAlert:
    """Read a takeover alert back; fields that a newer version added are left out. Raises msgspec.ValidationError."""
    return msgspec.json.decode(raw, type=AtoAlert)


def _alert_finding(finding: Finding) -> AlertFinding:
    return AlertFinding(
        rule=finding.rule,
        score=finding.score,
        reason=finding.reason,
        evidence=dict(finding.evidence),
        event_ids=finding.event_ids,
        otherwise=finding.otherwise,
    )
