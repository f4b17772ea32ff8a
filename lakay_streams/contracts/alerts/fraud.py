"""Fraud alerts: what Trebanx learns of a risky transaction, or of logins that come too fast (`fraud-alert`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lakay_streams.contracts.alerts.common import Alert, AlertFinding, alert_finding, alert_id
from lakay_streams.contracts.money import to_text as money_text
from lakay_streams.contracts.timestamps import to_text as time_text
from lakay_streams.domain.events import TransactionInitiated, UserEvent

if TYPE_CHECKING:
    from lakay_streams.domain.decision import Decision

TRANSACTION_RISK = "transaction_risk"
LOGIN_VELOCITY = "login_velocity"


class FraudAlert(Alert, frozen=True, kw_only=True):
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
        findings=tuple(map(alert_finding, decision.findings)),
        otherwise=decision.otherwise,
        settings_version=settings_version,
    )


def decode_fraud(raw: bytes) -> FraudAlert:
    """Read a fraud alert back; fields that a newer version added are left out. Raises msgspec.ValidationError."""
    return msgspec.json.decode(raw, type=FraudAlert)
