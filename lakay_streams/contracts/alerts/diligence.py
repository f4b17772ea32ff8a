"""Triggers of enhanced due diligence: a customer whose risk became high or more (`edd-trigger`).

Their readers are not those of the compliance alerts, so nothing in them may let one guess that a report was recommended
or an activity found suspicious (31 CFR 1022.320(d)): neither the score, of which the other parts are known and could be
taken away, nor the factors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from lakay_streams.contracts.alerts.common import Alert, alert_id
from lakay_streams.contracts.timestamps import to_text as time_text

if TYPE_CHECKING:
    from lakay_streams.domain.compliance.alert import EddTrigger as Triggered


class RiskFactor(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a customer's risk; value and weight in [0, 1]."""

    factor: str
    value: float
    weight: float
    reason: str


class EddTrigger(Alert, frozen=True, kw_only=True):
    """A customer's risk became high or more. `required` is what must be asked, as sentences.

    `risk_score` is the score above which the level begins, and `factors` has none: older triggers told both in full.
    """

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
        risk_score=triggered.level_above,
        risk_level=triggered.risk_level,
        previous_level=triggered.previous_level,
        factors=(),
        required=triggered.required,
        list_date=triggered.list_date,
        settings_version=settings_version,
    )


def decode_edd(raw: bytes) -> EddTrigger:
    """Read a trigger back; fields that a newer version added are left out. Raises msgspec.ValidationError."""
    return msgspec.json.decode(raw, type=EddTrigger)
