"""What all alerts have in common: their ids, the findings in them, and how they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import msgspec

if TYPE_CHECKING:
    from lakay_streams.domain.decision import Finding

_NAMESPACE = UUID("3d9f5c1a-42f4-5c0e-b1de-7a0c9e6b8f21")


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever `encode` takes."""


class AlertFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One rule's finding, as `domain.decision.Finding` describes it."""

    rule: str
    score: float
    reason: str
    evidence: dict[str, Any]
    event_ids: tuple[str, ...]
    otherwise: str


def alert_finding(finding: Finding) -> AlertFinding:
    """Return a finding as it stands in an alert."""
    return AlertFinding(
        rule=finding.rule,
        score=finding.score,
        reason=finding.reason,
        evidence=dict(finding.evidence),
        event_ids=finding.event_ids,
        otherwise=finding.otherwise,
    )


def alert_id(alert_type: str, entity_id: str, event_id: str) -> str:
    """Return the UUIDv5 of an alert; the same for every replay of the event (in compliance, of the window)."""
    return str(uuid5(_NAMESPACE, f"{alert_type}/{entity_id}/{event_id}"))


def encode(alert: Alert) -> bytes:
    """Return the alert's value for Kafka, as JSON; its key is `user_id` or `circle_id`."""
    return msgspec.json.encode(alert)
