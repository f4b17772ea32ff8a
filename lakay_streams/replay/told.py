"""Alerts as they are compared: what each is about, how bad it found it, and why."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.simulator.scoring import Alert


class Told(NamedTuple):
    """An alert, or in compliance one revision of it.

    `score` is that of its own scale; `money` what it is about, in the currency that it names, None where in none.
    """

    topic: str
    id: str
    at: int
    tier: str
    score: float | None
    rules: tuple[str, ...]
    user_id: str | None
    about: str | None
    money: tuple[str, str] | None
    value: bytes

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same alert in two runs."""
        return self.topic, self.id

    @property
    def as_judged(self) -> Alert:
        """The alert as it is compared with labels."""
        alert = orjson.loads(self.value)
        return Alert(alert["user_id"], alert["event_id"], self.tier, to_millis(alert["occurred_at"]))


_IDS = ("trigger_id", "rejected_id", "alert_id")
_TIERS = ("risk_tier", "risk_level", "new_tier", "status")
_SCORES = ("score", "confidence", "risk_score")


def told(topic: str, at: int, value: bytes) -> Told:
    """Return the alert of a record; `at` is when it was told (ms UTC)."""
    alert: dict[str, Any] = orjson.loads(value)
    known_by = str(_first(alert, _IDS))
    if "revision" in alert:
        known_by = f"{known_by}/{alert['revision']}"
    rules = tuple(finding["rule"] for finding in alert.get("findings", ())) or tuple(
        filter(None, (alert.get("rule"), alert.get("alert_type")))
    )
    amount, currency = alert.get("amount"), alert.get("currency")
    return Told(
        topic=topic,
        id=known_by,
        at=at,
        tier=str(_first(alert, _TIERS) or "none"),
        score=_first(alert, _SCORES),
        rules=rules,
        user_id=alert.get("user_id"),
        about=alert.get("transaction_id") or alert.get("circle_id") or alert.get("event_id") or alert.get("window"),
        money=(amount, currency) if amount is not None and currency is not None else None,
        value=value,
    )


def _first(alert: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((alert[name] for name in names if alert.get(name) is not None), None)
