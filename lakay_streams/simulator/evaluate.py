"""How good the alerts are: recall per scenario and stealth, precision, and which honest people were alerted.

A scenario is caught when at least one HIGH or CRITICAL alert names its user within its time. An alert is right when it
names the user of a scenario of any kind, within its time or the day after (the thief's traces make the user's own next
steps look strange); any other is a false alarm.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from rich.table import Table

from lakay_streams.simulator.labels import FRAUD, LOOKALIKE, Label
from lakay_streams.simulator.places import DAY_MS
from lakay_streams.simulator.scoring import ALERTING, Alert, Scored
from lakay_streams.simulator.stream import Simulation
from lakay_streams.simulator.takeovers import Log, Takeovers

AFTERMATH_MS = DAY_MS


Score = Callable[[str, bytes], Scored]
"""Takes one record (topic, value) and returns what a worker made of it."""


class Caught(NamedTuple):
    """How many of the played instances of a scenario at a stealth level were caught; for a look-alike, alerted."""

    scenario: str
    kind: str
    stealth: int
    played: int
    caught: int

    @property
    def recall(self) -> float:
        """The share that was caught."""
        return self.caught / self.played


class Evaluation(NamedTuple):
    """The outcome of one run. `rows` are the scenarios, `false_alarms` the look-alikes, each by name and stealth.

    `alerts` counts HIGH and CRITICAL ones, `right` those that name a scenario's user; `transactions` are the initiated.
    """

    rows: tuple[Caught, ...]
    false_alarms: tuple[Caught, ...]
    alerts: int
    right: int
    transactions: int

    @property
    def precision(self) -> float | None:
        """The share of alerts that are right; None without alerts."""
        return self.right / self.alerts if self.alerts else None

    @property
    def fraud_recall(self) -> float | None:
        """The share of the scenarios of the fraud kind that were caught; None if none was played."""
        fraud = [row for row in self.rows if row.kind == FRAUD]
        played = sum(row.played for row in fraud)
        return sum(row.caught for row in fraud) / played if played else None

    @property
    def alerts_per_1000_transactions(self) -> float:
        """HIGH and CRITICAL alerts per 1,000 transactions."""
        return 1_000 * self.alerts / max(1, self.transactions)


def evaluate(alerts: Iterable[Alert], labels: Iterable[Label], transactions: int) -> Evaluation:
    """Compare alerts with the truth. Instances that the stream's end cut short count for precision only."""
    by_user: dict[str, list[Label]] = defaultdict(list)
    known = list(labels)
    for label in known:
        by_user[label.user_id].append(label)
    caught: set[str] = set()
    total = right = 0
    for alert in alerts:
        if alert.risk_tier not in ALERTING:
            continue
        total += 1
        meant = False
        for label in by_user.get(alert.user_id, ()):
            if label.started_at <= alert.occurred_at <= label.ended_at:
                caught.add(label.scenario_id)
            if label.kind != LOOKALIKE and label.started_at <= alert.occurred_at <= label.ended_at + AFTERMATH_MS:
                meant = True
        right += meant
    counts: dict[tuple[str, str, int], list[bool]] = defaultdict(list)
    for label in known:
        if label.complete:
            counts[label.scenario, label.kind, label.stealth].append(label.scenario_id in caught)
    rows = [
        Caught(name, kind, stealth, len(found), sum(found)) for (name, kind, stealth), found in sorted(counts.items())
    ]
    return Evaluation(
        tuple(sorted((row for row in rows if row.kind != LOOKALIKE), key=lambda row: row.kind != FRAUD)),
        tuple(row for row in rows if row.kind == LOOKALIKE),
        total,
        right,
        transactions,
    )


def run(
    simulation: Simulation, score: Score, on_progress: Callable[[int], None] | None = None
) -> tuple[Evaluation, Takeovers]:
    """Score every record of a simulation in memory, in the order it gives them, and compare with its labels.

    `on_progress` is told the number of records scored so far, now and then.
    """
    alerts, transactions, takeovers = [], 0, Log()
    for number, record in enumerate(simulation, 1):
        if on_progress is not None and number % 1_000 == 0:
            on_progress(number)
        transactions += record.event_type == "transaction-initiated"
        scored = score(record.topic, record.value)
        takeovers.add(record, scored)
        if scored.fraud is not None:
            alerts.append(scored.fraud)
    labels = simulation.labels
    return evaluate(alerts, labels, transactions), takeovers.outcome(labels)


def render(evaluation: Evaluation) -> Table:
    """Return the evaluation as a table for a terminal."""
    precision, recall = evaluation.precision, evaluation.fraud_recall
    table = Table(
        title="Caught, by scenario and stealth (1 blatant, 2 careful, 3 stealthy)",
        caption=f"recall of the fraud kind {_percent(recall)}, precision {_percent(precision)}, {evaluation.alerts:,} "
        f"HIGH/CRITICAL on {evaluation.transactions:,} transactions "
        f"({evaluation.alerts_per_1000_transactions:.1f} per 1,000)",
    )
    for column in ("Scenario", "Kind"):
        table.add_column(column)
    for column in ("Stealth", "Played", "Caught", "Share"):
        table.add_column(column, justify="right")
    for row in (*evaluation.rows, *evaluation.false_alarms):
        level = str(row.stealth) if row.stealth else ""
        share, kind = _percent(row.recall), row.kind
        style = None if row.kind == FRAUD else "dim"
        table.add_row(row.scenario, kind, level, str(row.played), str(row.caught), share, style=style)
    return table


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.1%}"
