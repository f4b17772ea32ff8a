"""The demo's counts: what the records of Lakay's own topics add up to. Knows no Kafka."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from lakay_streams.contracts import alerts
from lakay_streams.contracts.topics import CIRCLES, JOURNAL, REJECTED, REMITTANCES, TRANSACTIONS, USERS
from lakay_streams.demo.snapshot import SeenAlert
from lakay_streams.domain.behavior.sequence import WEIGHTS as STEP_WEIGHTS
from lakay_streams.domain.fraud.compose import WEIGHTS
from lakay_streams.engine.journal import JournalEntry

INBOUND = (TRANSACTIONS, USERS, CIRCLES, REMITTANCES)

FRAUD, TAKEOVER = "fraud", "takeover"

KEPT_USERS = 100
"""Of how many users and kinds the latest alert is kept: more than a terminal has lines."""

RATE_WINDOW_S = 5.0


class Tally:
    """Counts the records of the journal, the rejects and the alert topics. All times are seconds since the start."""

    def __init__(self, fraud_alerts: str, ato_alerts: str) -> None:
        """Read the alerts of these two topics; alerts of the other topics are counted by their topic alone."""
        self._readers: dict[str, Callable[[bytes], alerts.FraudAlert | alerts.AtoAlert]] = {
            fraud_alerts: alerts.decode,
            ato_alerts: alerts.decode_ato,
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
        """The latest alert of each user and kind, newest first."""
        return tuple(reversed(self._latest.values()))

    def _count_alert(self, topic: str, value: bytes, at_s: float) -> None:
        self.alerts_by_topic[topic] += 1
        if self.first_alert_s is None:
            self.first_alert_s = at_s
        if topic in self._readers:
            alert = self._readers[topic](value)
            self.alerts_by_tier[alert.risk_tier] += 1
            self.alerts_by_rule.update({finding.rule for finding in alert.findings})
            self._remember(alert)

    def _remember(self, alert: alerts.FraudAlert | alerts.AtoAlert) -> None:
        """Put the alert at the end of the latest ones, in place of the same user's of its kind before."""
        key = (alert.user_id, FRAUD if isinstance(alert, alerts.FraudAlert) else TAKEOVER)
        before = self._latest.pop(key, None)
        self._latest[key] = _seen(alert, times=before.times + 1 if before else 1)
        if len(self._latest) > KEPT_USERS:
            del self._latest[next(iter(self._latest))]


def _seen(alert: alerts.FraudAlert | alerts.AtoAlert, times: int) -> SeenAlert:
    weigh: Callable[[alerts.AlertFinding], float] = _in_a_fraud
    kind = FRAUD
    if isinstance(alert, alerts.AtoAlert):
        weigh, kind = partial(_in_a_takeover, alert), TAKEOVER
    strongest_first = sorted(alert.findings, key=weigh, reverse=True)
    what = "profile change" if alert.event_type == "user-profile-updated" else "login"
    if alert.amount is not None:
        what = f"{Decimal(alert.amount):,} {alert.currency}"
    return SeenAlert(
        occurred_at=alert.occurred_at,
        kind=kind,
        risk_tier=alert.risk_tier,
        user_id=alert.user_id,
        what=what,
        reasons=tuple(finding.reason for finding in strongest_first),
        times=times,
    )


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
