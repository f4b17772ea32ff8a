"""How well takeovers are told from their users' own sessions.

Per takeover scenario: how many were alerted, after how many of the thief's events, and the area under the ROC curve,
the chance that a takeover's highest score is above that of a legitimate session taken at random (ties count half; Mann
and Whitney 1947). All legitimate sessions count, those of look-alikes too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

from rich.table import Table

from lakay_streams.contracts.topics import TRANSACTIONS, USERS
from lakay_streams.simulator.labels import Label
from lakay_streams.simulator.places import DAY_MS
from lakay_streams.simulator.scenarios import TAKEOVERS
from lakay_streams.simulator.scoring import Scored
from lakay_streams.simulator.trebanx import Simulated

RECALL_TARGET = 0.9
FALSE_ALARMS_TARGET = 2.0
"""The share of takeovers to be alerted at least, and alerts per 1,000 legitimate sessions at most."""

AFTERMATH_MS = DAY_MS
_OUTSIDE = frozenset({"login-attempt", "login-failed"})


class Told(NamedTuple):
    """How takeovers of one scenario at one stealth level came out.

    `events_to_alert` are the events from the thief's first inside the account, refused logins left out, up to and
    including the alerted one, of each alerted takeover.
    """

    scenario: str
    stealth: int
    played: int
    alerted: int
    roc_auc: float
    events_to_alert: tuple[int, ...]


class Takeovers(NamedTuple):
    """The outcome of one run. `false_alarms` name no takeover's user within its time or the day after."""

    rows: tuple[Told, ...]
    sessions: int
    false_alarms: int

    @property
    def recall(self) -> float | None:
        """The share of takeovers that were alerted; None if none was played."""
        played = sum(row.played for row in self.rows)
        return sum(row.alerted for row in self.rows) / played if played else None

    @property
    def alerts_per_1000_sessions(self) -> float:
        """False alarms per 1,000 legitimate sessions."""
        return 1_000 * self.false_alarms / max(1, self.sessions)

    @property
    def on_target(self) -> bool:
        """Whether recall and false alarms are as good as they have to be."""
        return (self.recall is None or self.recall >= RECALL_TARGET) and (
            self.alerts_per_1000_sessions <= FALSE_ALARMS_TARGET
        )


class Log:
    """Takes in what was made of each record, in order; `outcome` compares it with the truth."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._thieves: dict[str, list[Scored]] = defaultdict(list)
        self._session_of: dict[bytes | None, int] = {}
        self._highest: list[float] = []
        self._alerts: list[tuple[str, int]] = []

    def add(self, record: Simulated, scored: Scored) -> None:
        """Take in one record."""
        if record.topic not in {TRANSACTIONS, USERS}:
            return
        if record.scenario_id is not None and record.label in TAKEOVERS:
            if record.event_type not in _OUTSIDE:
                self._thieves[record.scenario_id].append(scored)
            return
        if record.event_type == "session-started":
            self._session_of[record.key] = len(self._highest)
            self._highest.append(0.0)
        session = self._session_of.get(record.key)
        if session is not None:
            self._highest[session] = max(self._highest[session], scored.takeover_score)
        if scored.takeover is not None:
            self._alerts.append((scored.takeover.user_id, scored.takeover.occurred_at))

    def outcome(self, labels: Iterable[Label]) -> Takeovers:
        """Return how it came out. Takeovers that the stream's end cut short are left out."""
        takeovers = [label for label in labels if label.scenario in TAKEOVERS]
        legitimate = sorted(self._highest)
        found: dict[tuple[str, int], list[tuple[float, int | None]]] = defaultdict(list)
        for label in takeovers:
            if label.complete:
                told = self._thieves[label.scenario_id]
                alerted = next((number for number, each in enumerate(told, 1) if each.takeover is not None), None)
                highest = max((each.takeover_score for each in told), default=0.0)
                found[label.scenario, label.stealth].append((highest, alerted))
        rows = [
            Told(
                scenario,
                stealth,
                len(instances),
                sum(alerted is not None for _, alerted in instances),
                roc_auc([score for score, _ in instances], legitimate),
                tuple(sorted(alerted for _, alerted in instances if alerted is not None)),
            )
            for (scenario, stealth), instances in sorted(found.items())
        ]
        windows = defaultdict(list)
        for label in takeovers:
            windows[label.user_id].append((label.started_at, label.ended_at + AFTERMATH_MS))
        false_alarms = sum(
            not any(start <= at <= end for start, end in windows.get(user_id, ())) for user_id, at in self._alerts
        )
        return Takeovers(tuple(rows), len(self._highest), false_alarms)


def roc_auc(positives: Sequence[float], sorted_negatives: Sequence[float]) -> float:
    """Return the chance that a positive scores above a negative, ties counting half; 0.5 without either."""
    if not positives or not sorted_negatives:
        return 0.5
    below = sum(bisect_left(sorted_negatives, score) + bisect_right(sorted_negatives, score) for score in positives)
    return below / 2 / len(positives) / len(sorted_negatives)


def render(outcome: Takeovers) -> Table:
    """Return the outcome as a table for a terminal."""
    recall = "none" if outcome.recall is None else f"{outcome.recall:.1%}"
    table = Table(
        title="Takeovers, by scenario and stealth; events inside until the alert, median and at most",
        caption=f"recall {recall} (target {RECALL_TARGET:.0%})\n{outcome.false_alarms} alerts on {outcome.sessions:,} "
        f"legitimate sessions: {outcome.alerts_per_1000_sessions:.2f} per 1,000 (target {FALSE_ALARMS_TARGET:g})",
    )
    table.add_column("Scenario", no_wrap=True)
    for column in ("Stealth", "Played", "Alerted", "ROC AUC", "Events", "at most"):
        table.add_column(column, justify="right")
    for row in outcome.rows:
        table.add_row(
            row.scenario,
            str(row.stealth),
            str(row.played),
            str(row.alerted),
            f"{row.roc_auc:.4f}",
            f"{median(row.events_to_alert):g}" if row.events_to_alert else "-",
            f"{max(row.events_to_alert)}" if row.events_to_alert else "-",
        )
    return table
