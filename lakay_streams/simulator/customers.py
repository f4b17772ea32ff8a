"""A worker's compliance without a worker: every record's movements, in memory, and what was found of whom.

What workers send each other (the recipient's side, a circle's contributions, what is usual in a corridor) is entered at
once, which a Kafka would do a moment later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from lakay_streams.contracts import Contracts, Rejected, Unknown, movements
from lakay_streams.contracts.timestamps import to_text
from lakay_streams.contracts.topics import CIRCLES, MOVEMENTS, REMITTANCES, TRANSACTIONS, USERS
from lakay_streams.domain.compliance.alert import OPEN, SAR, ComplianceAlert
from lakay_streams.domain.compliance.corridors import CorridorState, Peers, observe
from lakay_streams.domain.compliance.decide import decide, known_since
from lakay_streams.domain.compliance.ledger import Kept
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.state import NEW_CUSTOMER, ComplianceState
from lakay_streams.domain.compliance.telling import MoneyEvent
from lakay_streams.domain.dedup import remember
from lakay_streams.domain.events import (
    CircleEvent,
    CorridorRemittance,
    ExchangeRateUpdated,
    MoneyMoved,
    RemittanceEvent,
    TransactionInitiated,
    TransactionUpdated,
    UserEvent,
)
from lakay_streams.domain.money import DEFAULT_RATES, Rates
from lakay_streams.simulator.labels import LOOKALIKE, Label
from lakay_streams.simulator.places import DAY_MS

RECALL_TARGET = 0.95
"""The share of structuring and of pass-through to be found at least."""

FALSE_ALARMS_TARGET = 5.0
"""Alerts per 1,000 ordinary users a month at most."""

MONTH_DAYS = 30.0
JUDGED_FROM_USER_MONTHS = 500.0
"""In fewer, one alert more or less decides, and nothing is judged."""

AFTERMATH_MS = 7 * DAY_MS

EXPECTED = {
    "structuring_day": frozenset({"structuring"}),
    "structuring_weeks": frozenset({"structuring"}),
    "pass_through": frozenset({"rapid_movement"}),
    "mule": frozenset({"funnel", "rapid_movement"}),
}
"""The rules that must find each scenario."""

TARGETED = frozenset({"structuring_day", "structuring_weeks", "pass_through"})


class Told(NamedTuple):
    """How often a scenario at a stealth level was played, found by a rule that must, and recommended to be reported."""

    scenario: str
    stealth: int
    played: int
    found: int
    reported: int


class Customers(NamedTuple):
    """The outcome of one run. `false_alarms` are alerts about users of no scenario, by rule, in `user_months`.

    Look-alikes are ordinary users. Victims of theft and takeover are not: what a thief moves is rightly unusual.
    """

    rows: tuple[Told, ...]
    false_alarms: tuple[tuple[str, int], ...]
    user_months: float

    @property
    def recall(self) -> float | None:
        """The share of structuring and pass-through that was found; None if none was played."""
        played = sum(row.played for row in self.rows if row.scenario in TARGETED)
        return sum(row.found for row in self.rows if row.scenario in TARGETED) / played if played else None

    @property
    def alerts_per_1000_users_a_month(self) -> float:
        """Alerts per 1,000 ordinary users a month."""
        return 1_000 * sum(count for _, count in self.false_alarms) / self.user_months if self.user_months else 0.0

    @property
    def on_target(self) -> bool:
        """Whether recall and false alarms are as good as they have to be."""
        found = self.recall is None or self.recall >= RECALL_TARGET
        quiet = self.alerts_per_1000_users_a_month <= FALSE_ALARMS_TARGET
        return found and (quiet or self.user_months < JUDGED_FROM_USER_MONTHS)


class CustomerScorer:
    """Call it with each record's topic and value; `alerts` has what a worker would have sent."""

    def __init__(self, limits: ComplianceLimits, contracts_path: Path | None = None) -> None:
        """Judge by `limits` and the contracts in `contracts_path` (None: the packaged ones)."""
        self._contracts = Contracts.load(contracts_path)
        self._limits = limits
        self._rates: Rates = DEFAULT_RATES
        self._peers: dict[str, Peers] = {}
        self._corridors: dict[str, CorridorState] = {}
        self._ledgers: dict[str, Kept] = {}
        self.states: dict[str, ComplianceState] = {}
        self.alerts: list[ComplianceAlert] = []
        self._newest = 0

    def __call__(self, topic: str, value: bytes) -> None:
        """Decide one record and learn from it."""
        if topic not in {TRANSACTIONS, REMITTANCES, CIRCLES, USERS, MOVEMENTS}:
            return
        event = self._contracts.decode(value, topic)
        if isinstance(event, Rejected | Unknown):
            return
        self._newest = max(self._newest, event.occurred_at)
        if isinstance(event, ExchangeRateUpdated):
            since = to_text(event.occurred_at)
            self._rates = self._rates.updated(event.base_currency, event.quote_currency, {since: event.rate})
        elif isinstance(event, UserEvent):
            if event.event_type == "user-registered":
                state = self.states.get(event.user_id, NEW_CUSTOMER)
                self.states[event.user_id] = known_since(state, event.occurred_at)
        elif isinstance(event, CircleEvent):
            told = movements.circle_moved(event)
            if told is not None:
                self(MOVEMENTS, told[1])
        elif isinstance(event, CorridorRemittance):
            before = self._corridors.get(event.corridor, CorridorState())
            seen = remember(before.seen, event.event_id)
            if seen is not None:
                self._corridors[event.corridor], peers = observe(before, event.amount_minor, seen)
                if peers is not None:
                    self._peers[event.corridor] = peers
        elif isinstance(event, TransactionInitiated | TransactionUpdated | RemittanceEvent | MoneyMoved):
            self._enter(event)

    def _enter(self, event: MoneyEvent) -> None:
        user_id = event.entity_id
        state, kept = self.states.get(user_id, NEW_CUSTOMER), self._ledgers.setdefault(user_id, Kept())
        decision = decide(state, kept, event, self._limits, self._rates, self._peers)
        self.states[user_id] = decision.state
        kept.take(decision.entries, decision.pages)
        self.alerts.extend(decision.alerts)
        for _, value in movements.passed_on(user_id, decision.changes, event.occurred_at):
            self(MOVEMENTS, value)

    def outcome(self, labels: Iterable[Label], users: int, since: int) -> Customers:
        """Compare the alerts with the truth about `users`, as `compare`, up to the newest event."""
        return compare(self.alerts, labels, users, since, self._newest)


def compare(
    alerts: Iterable[ComplianceAlert], labels: Iterable[Label], users: int, since: int, until: int
) -> Customers:
    """Compare the alerts with the truth about `users`; updates of one alert are one.

    False alarms are counted from `since` to `until` (ms UTC), when the traffic is full. Scenarios that the stream's end
    cut short are left out.
    """
    by_user: dict[str, list[ComplianceAlert]] = defaultdict(list)
    for alert in alerts:
        if alert.status == OPEN:
            by_user[alert.user_id].append(alert)
    counts: dict[tuple[str, int], list[tuple[bool, bool]]] = defaultdict(list)
    playing = set()
    for label in labels:
        if label.kind != LOOKALIKE:
            playing.add(label.user_id)
        if label.scenario not in EXPECTED:
            continue
        found = [
            alert
            for alert in by_user.get(label.user_id, ())
            if alert.finding.rule in EXPECTED[label.scenario]
            and label.started_at <= alert.occurred_at <= label.ended_at + AFTERMATH_MS
        ]
        if label.complete:
            reported = any(alert.finding.recommendation == SAR for alert in found)
            counts[label.scenario, label.stealth].append((bool(found), reported))
    false_alarms: dict[str, int] = defaultdict(int)
    for user_id, told in by_user.items():
        if user_id not in playing:
            during = [alert.finding for alert in told if since <= alert.occurred_at <= until]
            for rule, _ in {(finding.rule, finding.window) for finding in during}:
                false_alarms[rule] += 1
    rows = [
        Told(scenario, stealth, len(each), sum(found for found, _ in each), sum(reported for _, reported in each))
        for (scenario, stealth), each in sorted(counts.items())
    ]
    ordinary = max(0, users - len(playing))
    return Customers(
        tuple(rows), tuple(sorted(false_alarms.items())), ordinary * (until - since) / (MONTH_DAYS * DAY_MS)
    )


def render(outcome: Customers) -> Table:
    """Return the outcome as a table for a terminal."""
    recall = "none" if outcome.recall is None else f"{outcome.recall:.1%}"
    by_rule = ", ".join(f"{rule} {count}" for rule, count in outcome.false_alarms) or "none"
    table = Table(
        title="Compliance, by scenario and stealth: found, and recommended to be reported",
        caption=f"recall of structuring and pass-through {recall} (target {RECALL_TARGET:.0%})\n"
        f"{outcome.alerts_per_1000_users_a_month:.2f} alerts per 1,000 ordinary users a month "
        f"(target {FALSE_ALARMS_TARGET:g}): {by_rule}",
    )
    table.add_column("Scenario", no_wrap=True)
    for column in ("Stealth", "Played", "Found", "Share", "Reported"):
        table.add_column(column, justify="right")
    for row in outcome.rows:
        share = f"{row.found / row.played:.1%}"
        table.add_row(row.scenario, str(row.stealth), str(row.played), str(row.found), share, str(row.reported))
    return table
