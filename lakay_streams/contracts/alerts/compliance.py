"""Compliance alerts: what officers have to look at, with all the evidence (`compliance-alert`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from lakay_streams.contracts.alerts.common import Alert, alert_id
from lakay_streams.contracts.money import to_text as money_text
from lakay_streams.contracts.timestamps import to_text as time_text
from lakay_streams.domain.business_day import iso_day
from lakay_streams.domain.frozen import asdict

if TYPE_CHECKING:
    from lakay_streams.domain.compliance.alert import ComplianceAlert as Found
    from lakay_streams.domain.compliance.movement import Movement


class MovementEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """One completed movement, as `domain.compliance.movement.Movement` describes it; null where nobody said."""

    movement_id: str
    at: str
    business_day: str
    direction: str | None
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
    rate_is_old: bool = False


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


class ComplianceAlert(Alert, frozen=True, kw_only=True):
    """One compliance alert, or an update of one: `revision` counts up under the same `alert_id`.

    `status` is open, withdrawn or cleared. `due_date` (ISO 8601 day) is null where nothing is due.
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


def decode_compliance(raw: bytes) -> ComplianceAlert:
    """Read a compliance alert back; fields that a newer version added are left out. Raises msgspec.ValidationError."""
    return msgspec.json.decode(raw, type=ComplianceAlert)


def _movement(movement: Movement) -> MovementEvidence:
    return MovementEvidence(
        movement_id=movement.id,
        at=time_text(movement.at),
        business_day=iso_day(movement.day),
        direction=movement.direction or None,
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
        rate_is_old=movement.rate_is_old,
    )
