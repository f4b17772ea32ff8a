"""The demo's counts: what the records of Lakay's own topics add up to. Knows no Kafka."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain, zip_longest

from lakay_streams.contracts import alerts
from lakay_streams.contracts.topics import CIRCLES, JOURNAL, REJECTED, REMITTANCES, TRANSACTIONS, USERS
from lakay_streams.demo.snapshot import SeenAlert
from lakay_streams.domain.behavior.sequence import WEIGHTS as STEP_WEIGHTS
from lakay_streams.domain.fraud.compose import WEIGHTS
from lakay_streams.engine.task.journal import JournalEntry

INBOUND = (TRANSACTIONS, USERS, CIRCLES, REMITTANCES)

FRAUD, TAKEOVER, CIRCLE, COMPLIANCE, DILIGENCE = "fraud", "takeover", "circle", "compliance", "diligence"
TIERED = frozenset({FRAUD, TAKEOVER, CIRCLE})
"""The kinds of alerts whose tiers are counted."""

KEPT = 100
"""Of how many users and circles the latest alert is kept: more than a terminal has lines."""

RATE_WINDOW_S = 5.0


class Tally:
    """Counts the records of the journal, the rejects and the alert topics. All times are seconds since the start."""

    def __init__(
        self, fraud_alerts: str, ato_alerts: str, tier_changes: str, compliance_alerts: str, edd_triggers: str
    ) -> None:
        """Read the alerts of these topics; alerts of any other are counted by their topic alone."""
        self._readers: dict[str, Callable[[bytes], SeenAlert]] = {
            fraud_alerts: lambda value: _fraud(alerts.decode_fraud(value)),
            ato_alerts: lambda value: _takeover(alerts.decode_ato(value)),
            tier_changes: lambda value: _circle(alerts.decode_tier_change(value)),
            compliance_alerts: lambda value: _compliance(alerts.decode_compliance(value)),
            edd_triggers: lambda value: _diligence(alerts.decode_edd(value)),
        }
        self.events = 0
        self.checkpoints = 0
        self.rejects = 0
        self.alerts_by_topic: Counter[str] = Counter()
        self.alerts_by_rule: Counter[str] = Counter()
        self.alerts_by_tier: Counter[str] = Counter()
        self._latest: dict[tuple[str, str], SeenAlert] = {}
        self.first_alert_s: float | None = None
        self._recent: deque[tuple[float, int]] = deque()
        self._first_commit: tuple[float, int] | None = None
        self._last_commit: tuple[float, int] | None = None

    def count(self, topic: str, value: bytes, at_s: float) -> None:
        """Count one committed record."""
        if topic == JOURNAL:
            self.checkpoints += 1
            segments = JournalEntry.decode(value).segments
            self.events += sum(segment.records for segment in segments if segment.topic in INBOUND)
        elif topic == REJECTED:
            self.rejects += 1
        else:
            self._count_alert(topic, value, at_s)

    def mark(self, at_s: float) -> None:
        """Remember how many events there are by now, for the rates."""
        now = (at_s, self.events)
        self._recent.append(now)
        while len(self._recent) > 1 and at_s - self._recent[0][0] > RATE_WINDOW_S:
            self._recent.popleft()
        if self._first_commit is None and self.events:
            self._first_commit = self._last_commit = now
        elif self._last_commit is not None and self.events > self._last_commit[1]:
            self._last_commit = now

    @property
    def events_per_s(self) -> float:
        """Events per second over the last few seconds."""
        return _rate(self._recent[0], self._recent[-1]) if self._recent else 0.0

    @property
    def mean_events_per_s(self) -> float:
        """Events per second from the first commit to the last."""
        if self._first_commit is None or self._last_commit is None:
            return 0.0
        return _rate(self._first_commit, self._last_commit)

    @property
    def latest(self) -> tuple[SeenAlert, ...]:
        """The latest alert of each user or circle and kind: the newest of every kind, then the next of every kind."""
        by_kind: dict[str, list[SeenAlert]] = {}
        for alert in reversed(self._latest.values()):
            by_kind.setdefault(alert.kind, []).append(alert)
        # In turn, because the kind with the most alerts would leave no line to the others.
        return tuple(alert for alert in chain.from_iterable(zip_longest(*by_kind.values())) if alert is not None)

    def _count_alert(self, topic: str, value: bytes, at_s: float) -> None:
        self.alerts_by_topic[topic] += 1
        if self.first_alert_s is None:
            self.first_alert_s = at_s
        if topic in self._readers:
            alert = self._readers[topic](value)
            if alert.kind in TIERED:
                self.alerts_by_tier[alert.tier] += 1
            self.alerts_by_rule.update(alert.rules)
            self._remember(alert)

    def _remember(self, alert: SeenAlert) -> None:
        """Put the alert at the end of the latest ones, in place of the one before of its kind about the same."""
        key = (alert.whom, alert.kind)
        before = self._latest.pop(key, None)
        self._latest[key] = alert._replace(times=before.times + 1 if before else 1)
        if len(self._latest) > KEPT:
            del self._latest[next(iter(self._latest))]


def _fraud(alert: alerts.FraudAlert) -> SeenAlert:
    return _about_a_user(alert, FRAUD, sorted(alert.findings, key=_in_a_fraud, reverse=True))


def _takeover(alert: alerts.AtoAlert) -> SeenAlert:
    return _about_a_user(alert, TAKEOVER, sorted(alert.findings, key=partial(_in_a_takeover, alert), reverse=True))


def _about_a_user(
    alert: alerts.FraudAlert | alerts.AtoAlert, kind: str, strongest_first: Sequence[alerts.AlertFinding]
) -> SeenAlert:
    what = "profile change" if alert.event_type == "user-profile-updated" else "login"
    if alert.amount is not None:
        what = f"{Decimal(alert.amount):,} {alert.currency}"
    return _seen(alert.occurred_at, kind, alert.risk_tier, alert.user_id, what, strongest_first)


def _circle(change: alerts.CircleTierChange) -> SeenAlert:
    # They come with what lost most first.
    return _seen(
        change.occurred_at, CIRCLE, change.new_tier, change.circle_id, f"was {change.old_tier}", change.findings
    )


def _compliance(alert: alerts.ComplianceAlert) -> SeenAlert:
    # Not what is recommended: that a report is filed is confidential (31 CFR 1022.320(d)), and a screen is public.
    what = alert.rule.replace("_", " ")
    return SeenAlert(
        alert.occurred_at, COMPLIANCE, alert.status, alert.user_id, what, (alert.reason,), frozenset({alert.rule})
    )


def _diligence(trigger: alerts.EddTrigger) -> SeenAlert:
    # Not its factors: one of them tells of reports that were recommended, which is as confidential as above.
    reasons = (f"The customer's risk rose to {trigger.risk_score:.2f}: enhanced due diligence is due",)
    what = f"was {trigger.previous_level}"
    return SeenAlert(trigger.occurred_at, DILIGENCE, trigger.risk_level, trigger.user_id, what, reasons)


def _seen(
    occurred_at: str, kind: str, tier: str, whom: str, what: str, findings: Sequence[alerts.AlertFinding]
) -> SeenAlert:
    rules = frozenset(finding.rule for finding in findings)
    return SeenAlert(occurred_at, kind, tier, whom, what, tuple(finding.reason for finding in findings), rules)


def _in_a_fraud(finding: alerts.AlertFinding) -> float:
    """What the finding added to the composite score; its own score where the rule is not weighed here."""
    weight = WEIGHTS.get(finding.rule)
    return finding.score * weight.most if weight else finding.score


def _in_a_takeover(alert: alerts.AtoAlert, finding: alerts.AlertFinding) -> float:
    """What the finding added to the sequence score, or its dimension to the anomaly score."""
    step = STEP_WEIGHTS.get(finding.rule)
    return alert.contributions.get(finding.rule.removeprefix("unusual_"), 0.0) if step is None else finding.score * step


def _rate(earlier: tuple[float, int], later: tuple[float, int]) -> float:
    """Events per second between two readings of (seconds, events)."""
    return (later[1] - earlier[1]) / (later[0] - earlier[0]) if later[0] > earlier[0] else 0.0
