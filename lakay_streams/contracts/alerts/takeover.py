"""Account takeover alerts: who is perhaps not who they seem, why, and what to do about it (`ato-alert`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from lakay_streams.contracts.alerts.common import Alert, AlertFinding, alert_finding, alert_id
from lakay_streams.contracts.money import to_text as money_text
from lakay_streams.contracts.timestamps import to_text as time_text
from lakay_streams.domain.behavior.anomaly import contributions
from lakay_streams.domain.behavior.explain import decisive, findings_of
from lakay_streams.domain.behavior.profile import state_of
from lakay_streams.domain.behavior.sequence import sequence_score
from lakay_streams.domain.events import TransactionInitiated

if TYPE_CHECKING:
    from lakay_streams.domain.behavior.decide import Takeover
    from lakay_streams.domain.behavior.limits import BehaviorLimits

TAKEOVER_RECOMMENDATIONS = {"low": "allow", "medium": "monitor", "high": "review", "critical": "lock"}
"""What to do about an account; the runbook (section 8.1) locks it at CRITICAL."""


class AtoAlert(Alert, frozen=True, kw_only=True):
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
        findings=tuple(map(alert_finding, findings_of(takeover, limits))),
        otherwise=decisive(takeover, limits),
        settings_version=settings_version,
    )


def decode_ato(raw: bytes) -> AtoAlert:
    """Read a takeover alert back; fields that a newer version added are left out. Raises msgspec.ValidationError."""
    return msgspec.json.decode(raw, type=AtoAlert)
