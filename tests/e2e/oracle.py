"""The oracle: the topology in plain Python, on dicts, following the journal.

It shares the contracts and the domain with the workers and nothing else: no engine, no agents, no tables. Given the
committed records of every source topic and the journal, it says which state every key must have and which outputs a
reader of committed records must see.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka.partitioner import DefaultPartitioner

from lakay_streams.contracts import Contracts, Rejected, Unknown, alerts, members, movements, rates, rejected
from lakay_streams.contracts.topics import CORRIDORS, MEMBERS, MOVEMENTS, REKEYED
from lakay_streams.domain.behavior.disposition import dispose
from lakay_streams.domain.business_day import iso_day
from lakay_streams.domain.circles.decide import decide as decide_circle
from lakay_streams.domain.circles.membership import change_of
from lakay_streams.domain.circles.reliability import MemberState
from lakay_streams.domain.circles.reliability import observe as observe_member
from lakay_streams.domain.circles.state import CircleState
from lakay_streams.domain.compliance.corridors import CorridorState
from lakay_streams.domain.compliance.corridors import observe as observe_corridor
from lakay_streams.domain.compliance.decide import NO_PEERS, known_since
from lakay_streams.domain.compliance.decide import decide as decide_compliance
from lakay_streams.domain.compliance.disposition import dispose as dispose_alert
from lakay_streams.domain.compliance.entry import Entry
from lakay_streams.domain.compliance.ledger import Kept, Page
from lakay_streams.domain.compliance.remittances import RemittanceState
from lakay_streams.domain.compliance.remittances import observe as observe_remittance
from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.domain.compliance.totals import Day
from lakay_streams.domain.dedup import remember
from lakay_streams.domain.events import (
    AlertDisposition,
    CircleEvent,
    CorridorRemittance,
    ExchangeRateUpdated,
    MemberChanged,
    MoneyMoved,
    ProfileDisposition,
    RemittanceEvent,
    TransactionInitiated,
    TransactionUpdated,
    UserEvent,
)
from lakay_streams.domain.exchange import by_default
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.money import DEFAULT_RATES, Rates
from lakay_streams.domain.user_state import UserState
from lakay_streams.domain.users import decide
from lakay_streams.engine.task.journal import JournalEntry
from lakay_streams.settings import Settings
from tables.rates import RateState
from tables.rates import observed as observe_rate

Records = Mapping[str, Mapping[int, list[Any]]]
NEW: dict[str, Any] = {
    "users": UserState(),
    "circles": CircleState(),
    "members": MemberState(),
    "remittances": RemittanceState(),
    "compliance": ComplianceState(),
    "movements": Entry(""),
    "movement_days": Page(Day(0)),
    "corridors": CorridorState(),
    "rates": RateState(),
}
INBOUND = {rekeyed: inbound for inbound, rekeyed in REKEYED.items()}


class Expected(NamedTuple):
    """States by table and key; how often each alert, reject id and record sent on must be seen.

    An alert is its id, and in compliance its revision, too. What workers send each other is among what is sent on.
    """

    states: dict[str, dict[str, Any]]
    alerts: Counter[str]
    rejects: Counter[str]
    sent_on: Counter[tuple[str, bytes, bytes]]


class Oracle:
    """Replays source records in the order that the journal gives."""

    def __init__(self, contracts: Contracts, settings: Settings) -> None:
        """Start with nothing seen."""
        self._contracts = contracts
        self._limits = settings.user_limits()
        self._circle_limits = settings.circle_limits()
        self._compliance = settings.compliance_limits()
        self._rate_factor_max = settings.compliance.rate_factor_max
        self._ledgers: dict[str, Kept] = {}
        self.expected = Expected({name: {} for name in NEW}, Counter(), Counter(), Counter())

    def restore(self, table: str, states: Mapping[str, Any]) -> None:
        """Go on from these states of a table, as a worker does from a changelog."""
        for key, state in states.items():
            if isinstance(state, Entry | Page):
                kept = self._ledgers.setdefault(key.partition("\x1f")[0], Kept())
                kept.take(*(({state.id: state}, {}) if isinstance(state, Entry) else ({}, {state.total.day: state})))
            else:
                self.expected.states[table][key] = state

    def replay(
        self,
        sources: Records,
        journal: Mapping[int, list[JournalEntry]],
        rate_log: list[Any],
        corridor_log: list[Any],
    ) -> Expected:
        """Follow the journal of every partition to its end; return what must have come out.

        A growth of the topics moves keys to other partitions, so what was journalled with fewer of them comes first.
        """
        offsets = {
            (topic, number): {record.offset: record for record in records}
            for topic, partitions in sources.items()
            for number, records in partitions.items()
        }
        all_rates = _Folded(rates.fold, DEFAULT_RATES, rate_log)
        all_peers = _Folded(movements.fold_peers, NO_PEERS, corridor_log)
        checkpoints = [entry for entries in journal.values() for entry in entries if entry.segments]
        for entry in sorted(checkpoints, key=lambda entry: entry.partitions):
            in_force = all_rates.at(entry.versions["rates"])
            self._peers = all_peers.at(entry.versions["corridors"])
            for topic, first, last, count in entry.segments:
                records = offsets[topic, entry.partition]
                batch = [records[offset] for offset in range(first, last + 1) if offset in records]
                assert len(batch) == count, f"the journal counts {count} records in {topic} {first}-{last}"
                for record in batch:
                    if (topic, record.offset) in entry.parked:
                        self._reject(Rejected(("record: it crashed the worker",)), topic, entry.partition, record)
                    else:
                        self._process(topic, entry, record, in_force)
        for customer, kept in self._ledgers.items():
            for movement_id, known in kept.entries.items():
                self.expected.states["movements"][f"{customer}\x1f{movement_id}"] = known
            for day, page in kept.pages.items():
                self.expected.states["movement_days"][f"{customer}\x1f{iso_day(day)}"] = page
        return self.expected

    def _process(self, topic: str, entry: JournalEntry, record: Any, in_force: Rates) -> None:
        inbound = INBOUND.get(topic, topic)
        event = self._contracts.decode(record.value, inbound, record.timestamp)
        if isinstance(event, Rejected):
            self._reject(event, topic, entry.partition, record)
            return
        if isinstance(event, Unknown):
            return
        key = event.entity_id
        partitions = list(range(entry.partitions))
        if DefaultPartitioner()(key.encode(), partitions, partitions) != entry.partition:
            # One of an internal topic goes back there, and comes as a record of its own.
            if inbound in REKEYED or inbound in {MEMBERS, MOVEMENTS}:
                self._send(REKEYED.get(inbound, inbound), key, record.value)
            return
        if isinstance(event, MoneyMoved):
            # An entry knows what it was told: no ring of event ids.
            self._enter(event, in_force)
            return
        table = self._table_of(event)
        states = self.expected.states[table]
        state = states.get(key, NEW[table])
        seen = remember(state.seen, event.event_id)
        if seen is None:
            if isinstance(event, TransactionInitiated | TransactionUpdated | RemittanceEvent):
                self._enter(event, in_force)
            return
        if isinstance(event, RemittanceEvent):
            states[key] = observe_remittance(state, event, seen, is_new=self._enter(event, in_force))
            return
        states[key] = self._next_state(state, event, seen, in_force)
        if isinstance(event, TransactionInitiated | TransactionUpdated):
            self._enter(event, in_force)
        elif isinstance(event, UserEvent) and event.event_type == "user-registered":
            customers = self.expected.states["compliance"]
            customers[key] = known_since(customers.get(key, NEW["compliance"]), event.occurred_at)
        elif isinstance(event, CircleEvent):
            told = movements.circle_moved(event)
            if told is not None:
                self._send(MOVEMENTS, *told)

    def _enter(self, event: Any, in_force: Rates) -> bool:
        if event.event_type == "transaction-flagged":
            return False
        key, customers = event.entity_id, self.expected.states["compliance"]
        before, kept = customers.get(key, NEW["compliance"]), self._ledgers.setdefault(key, Kept())
        decision = decide_compliance(before, kept, event, self._compliance, in_force, self._peers)
        if not decision.entries:
            return False
        customers[key] = decision.state
        kept.take(decision.entries, decision.pages)
        for found in decision.alerts:
            alert_id = alerts.alert_id(found.finding.rule, key, found.finding.window)
            self.expected.alerts[f"{alert_id}/{found.revision}"] += 1
        if decision.edd is not None:
            self.expected.alerts[alerts.alert_id("edd", key, event.event_id)] += 1
        for other, value in movements.passed_on(key, decision.changes, event.occurred_at):
            self._send(MOVEMENTS, other, value)
        return True

    def _send(self, topic: str, key: str, value: bytes) -> None:
        self.expected.sent_on[topic, key.encode(), value] += 1

    def _reject(self, found: Rejected, topic: str, number: int, record: Any) -> None:
        kept = rejected.rejected_record(
            found, topic=topic, partition=number, offset=record.offset, raw=record.value, key=record.key
        )
        self.expected.rejects[kept.rejected_id] += 1

    @staticmethod
    def _table_of(event: Any) -> str:
        tables: dict[type, str] = {CircleEvent: "circles", RemittanceEvent: "remittances", ExchangeRateUpdated: "rates"}
        tables |= {MemberChanged: "members", CorridorRemittance: "corridors", AlertDisposition: "compliance"}
        return tables.get(type(event), "users")

    def _next_state(self, state: Any, event: Any, seen: bytes, in_force: Rates) -> Any:
        if isinstance(event, CircleEvent):
            return self._next_circle(state, event, seen)
        if isinstance(event, MemberChanged):
            return observe_member(state, event, seen)
        if isinstance(event, ExchangeRateUpdated):
            return observe_rate(
                state,
                str(event.rate),
                event.occurred_at,
                seen,
                by_default=by_default(DEFAULT_RATES, event.base_currency, event.quote_currency),
                factor_max=self._rate_factor_max,
                confirmed=event.event_type == "exchange-rate-confirmed",
            )
        if isinstance(event, AlertDisposition):
            return self._disposed(replace(state, seen=seen), event)
        if isinstance(event, CorridorRemittance):
            after, peers = observe_corridor(state, event.amount_minor, seen)
            if peers is not None:
                self._send(CORRIDORS, event.corridor, movements.encode_peers(event.corridor, peers))
            return after
        if isinstance(event, ProfileDisposition):
            return dispose(state, event, self._limits.behavior, seen)
        decision = decide(state, event, self._limits, in_force, seen)
        if decision.fraud.risk_tier in {"high", "critical"}:
            kind = alerts.TRANSACTION_RISK if isinstance(event, TransactionInitiated) else alerts.LOGIN_VELOCITY
            self.expected.alerts[alerts.alert_id(kind, event.user_id, event.event_id)] += 1
        takeover = decision.takeover
        if takeover is not None and takeover.alerted:
            self.expected.alerts[alerts.alert_id(takeover.kind, event.user_id, event.event_id)] += 1
        return decision.state

    def _disposed(self, state: ComplianceState, event: AlertDisposition) -> ComplianceState:
        def is_meant(rule: str, window: str) -> bool:
            return alerts.alert_id(rule, event.user_id, window) == event.alert_id

        kept = self._ledgers.setdefault(event.user_id, Kept())
        decision = dispose_alert(state, kept, event, is_meant, self._compliance)
        kept.take(decision.entries, decision.pages)
        if decision.alert is not None:
            self.expected.alerts[f"{event.alert_id}/{decision.alert.revision}"] += 1
        return decision.state

    def _next_circle(self, state: CircleState, event: CircleEvent, seen: bytes) -> CircleState:
        decision = decide_circle(state, event, self._circle_limits, seen)
        if decision.change is not None:
            self.expected.alerts[alerts.alert_id(alerts.TIER_CHANGE, event.circle_id, event.event_id)] += 1
        change = change_of(event, state.facts, decision.state.facts)
        if change is not None:
            self._send(MEMBERS, change.user_id, members.member_changed(event, change))
        return decision.state


class _Folded:
    """A reference's values, one after each of its records."""

    def __init__(self, fold: Any, value: Any, log: list[Any]) -> None:
        self._offsets = [record.offset for record in log]
        self._values = [value, *(value := fold(value, record.value) for record in log)]

    def at(self, version: str | int) -> Any:
        """Return the value after every record below an offset."""
        return self._values[bisect_left(self._offsets, int(version))]
