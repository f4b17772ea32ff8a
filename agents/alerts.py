"""Decisions about users and circles, told: the alert on its topic, the log line, the counts."""

from __future__ import annotations

from typing import Any

from lakay_streams.contracts import alerts
from lakay_streams.domain.behavior.decide import Takeover
from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.circles.decide import TierChange
from lakay_streams.domain.circles.limits import CircleLimits
from lakay_streams.domain.decision import Decision
from lakay_streams.domain.events import TransactionInitiated, UserEvent
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.telemetry.logs import get_logger
from lakay_streams.telemetry.metrics import ALERTS, FINDINGS, SCORED
from lakay_streams.telemetry.sampling import ScoredSampling

log = get_logger()

ALERTED = frozenset({"high", "critical"})
"""The tiers that go to the alert topic (runbook, appendix B)."""


class FraudAlertPublisher:
    """Sends fraud alerts and logs scores; one for all agents of a worker."""

    def __init__(self, alert_topic: str, settings_version: str, sampling: ScoredSampling) -> None:
        """Alert on `alert_topic`; every alert carries `settings_version`."""
        self._topic = alert_topic
        self._settings_version = settings_version
        self._sampling = sampling
        self._scored = {tier: SCORED.labels(tier) for tier in ("low", "medium", "high", "critical")}

    def scored(self, work: BatchContext, decision: Decision[Any], event: TransactionInitiated) -> None:
        """Tell of a scored transaction."""
        tier = decision.risk_tier
        self._scored[tier].inc()
        if self._sampling.wants(tier):
            log.info(
                "transaction_scored_via_consumer",
                user_id=event.user_id,
                transaction_id=event.transaction_id,
                score=round(decision.score, 4),
                composite_score=round(decision.composite_score, 4),
                risk_tier=tier,
                recommendation=decision.recommendation,
                rules=[finding.rule for finding in decision.findings],
            )
        if tier in ALERTED:
            self.alert(work, decision, event)

    def alert(self, work: BatchContext, decision: Decision[Any], event: TransactionInitiated | UserEvent) -> None:
        """Send the alert of a decision."""
        alert = alerts.fraud_alert(decision, event, settings_version=self._settings_version)
        _send(work, self._topic, alert.user_id, alert.risk_tier, alert)


class TakeoverAlertPublisher:
    """Sends account takeover alerts and logs them; one for all agents of a worker."""

    def __init__(self, alert_topic: str, settings_version: str, limits: BehaviorLimits) -> None:
        """Alert on `alert_topic`, with the reasons that `limits` give; every alert carries `settings_version`."""
        self._topic = alert_topic
        self._settings_version = settings_version
        self._limits = limits

    def judged(self, work: BatchContext, takeover: Takeover | None) -> None:
        """Tell of a takeover, unless it is below HIGH or was told already."""
        if takeover is None or not takeover.alerted:
            return
        alert = alerts.ato_alert(takeover, self._limits, settings_version=self._settings_version)
        log.warning(
            "account_takeover_alert",
            user_id=alert.user_id,
            alert_type=alert.alert_type,
            score=round(alert.score, 4),
            risk_tier=alert.risk_tier,
            recommendation=alert.recommendation,
            rules=[finding.rule for finding in alert.findings],
        )
        _send(work, self._topic, alert.user_id, alert.risk_tier, alert)


class TierChangePublisher:
    """Sends circles' tier changes and logs them."""

    def __init__(self, topic: str, settings_version: str, limits: CircleLimits) -> None:
        """Tell on `topic`, with the reasons that `limits` give; every change carries `settings_version`."""
        self._topic = topic
        self._settings_version = settings_version
        self._limits = limits

    def changed(self, work: BatchContext, change: TierChange | None) -> None:
        """Tell of a tier change, if there was one."""
        if change is None:
            return
        told = alerts.tier_change(change, self._limits, settings_version=self._settings_version)
        log.warning(
            "circle_tier_changed",
            circle_id=told.circle_id,
            old_tier=told.old_tier,
            new_tier=told.new_tier,
            score=round(told.score, 4),
            rules=[finding.rule for finding in told.findings],
        )
        _send(work, self._topic, told.circle_id, told.new_tier, told)


def _send(
    work: BatchContext,
    topic: str,
    key: str,
    tier: str,
    alert: alerts.FraudAlert | alerts.AtoAlert | alerts.CircleTierChange,
) -> None:
    ALERTS.labels(topic, tier).inc()
    for finding in alert.findings:
        FINDINGS.labels(finding.rule).inc()
    work.emit(topic, key.encode(), alerts.encode(alert))
