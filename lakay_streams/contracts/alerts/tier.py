"""Tier changes: a savings circle has become healthier or less so, and which events made it (`tier-change`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from lakay_streams.contracts.alerts.common import Alert, AlertFinding, alert_finding, alert_id
from lakay_streams.contracts.timestamps import to_text as time_text
from lakay_streams.domain.circles import explain

if TYPE_CHECKING:
    from lakay_streams.domain.circles.decide import TierChange
    from lakay_streams.domain.circles.limits import CircleLimits

TIER_CHANGE = "tier_change"


class MovedBy(msgspec.Struct, frozen=True, kw_only=True):
    """An event that moved a circle's score, and by how much."""

    event_id: str
    event_type: str
    occurred_at: str
    change: float


class CircleTierChange(Alert, frozen=True, kw_only=True):
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
        findings=tuple(map(alert_finding, explain.findings_of(change.facts, change.health, limits))),
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


def decode_tier_change(raw: bytes) -> CircleTierChange:
    """Read a tier change back; fields that a newer version added are left out. Raises msgspec.ValidationError."""
    return msgspec.json.decode(raw, type=CircleTierChange)
