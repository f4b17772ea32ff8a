"""The oracle: the topology in plain Python, on dicts, following the journal.

It shares the contracts and the domain with the workers and nothing else: no engine, no agents, no tables. Given the
committed records of every source topic and the journal, it says which state every key must have and which outputs a
reader of committed records must see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka.partitioner import DefaultPartitioner

from lakay_streams.contracts import Contracts, Rejected, Unknown, alerts, rates, rejected
from lakay_streams.contracts.topics import REKEYED
from lakay_streams.domain.behavior.disposition import dispose
from lakay_streams.domain.circles.state import CircleState
from lakay_streams.domain.circles.state import observe as observe_circle
from lakay_streams.domain.compliance.remittances import RemittanceState
from lakay_streams.domain.compliance.remittances import observe as observe_remittance
from lakay_streams.domain.dedup import remember
from lakay_streams.domain.events import (
    CircleEvent,
    ExchangeRateUpdated,
    ProfileDisposition,
    RemittanceEvent,
    TransactionInitiated,
)
from lakay_streams.domain.money import DEFAULT_RATES, Rates
from lakay_streams.domain.user_state import UserState
from lakay_streams.domain.users import UserLimits, decide
from lakay_streams.engine.journal import JournalEntry
from tables.rates import RateState

Records = Mapping[str, Mapping[int, list[Any]]]
NEW: dict[str, Any] = {
    "users": UserState(),
    "circles": CircleState(),
    "remittances": RemittanceState(),
    "rates": RateState(),
}
INBOUND = {rekeyed: inbound for inbound, rekeyed in REKEYED.items()}


class Expected(NamedTuple):
    """States by table and key; how often each alert id, reject id and re-keyed record must be seen."""

    states: dict[str, dict[str, Any]]
    alerts: Counter[str]
    rejects: Counter[str]
    rekeyed: Counter[tuple[str, bytes, bytes]]


class Oracle:
    """Replays source records in the order that the journal gives."""

    def __init__(self, contracts: Contracts, limits: UserLimits) -> None:
        """Start with nothing seen."""
        self._contracts = contracts
        self._limits = limits
        self.expected = Expected({name: {} for name in NEW}, Counter(), Counter(), Counter())

    def replay(self, sources: Records, journal: Mapping[int, list[JournalEntry]], rate_log: list[Any]) -> Expected:
        """Follow the journal of every partition to its end; return what must have come out.

        A growth of the topics moves keys to other partitions, so what was journalled with fewer of them comes first.
        """
        offsets = {
            (topic, number): {record.offset: record for record in records}
            for topic, partitions in sources.items()
            for number, records in partitions.items()
        }
        checkpoints = [entry for entries in journal.values() for entry in entries if entry.segments]
        for entry in sorted(checkpoints, key=lambda entry: entry.partitions):
            in_force = self._rates_at(rate_log, int(entry.versions["rates"]))
            for topic, first, last, count in entry.segments:
                records = offsets[topic, entry.partition]
                batch = [records[offset] for offset in range(first, last + 1) if offset in records]
                assert len(batch) == count, f"the journal counts {count} records in {topic} {first}-{last}"
                for record in batch:
                    if (topic, record.offset) in entry.parked:
                        self._reject(Rejected(("record: it crashed the worker",)), topic, entry.partition, record)
                    else:
                        self._process(topic, entry, record, in_force)
        return self.expected

    def _rates_at(self, rate_log: list[Any], version: int) -> Rates:
        value = DEFAULT_RATES
        for record in rate_log:
            if record.offset < version:
                value = rates.fold(value, record.value)
        return value

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
            if inbound in REKEYED:
                self.expected.rekeyed[REKEYED[inbound], key.encode(), record.value] += 1
            return
        table = self._table_of(event)
        states = self.expected.states[table]
        state = states.get(key, NEW[table])
        seen = remember(state.seen, event.event_id)
        if seen is None:
            return
        states[key] = self._next_state(state, event, seen, in_force)

    def _reject(self, found: Rejected, topic: str, number: int, record: Any) -> None:
        kept = rejected.rejected_record(
            found, topic=topic, partition=number, offset=record.offset, raw=record.value, key=record.key
        )
        self.expected.rejects[kept.rejected_id] += 1

    @staticmethod
    def _table_of(event: Any) -> str:
        tables = {CircleEvent: "circles", RemittanceEvent: "remittances", ExchangeRateUpdated: "rates"}
        return tables.get(type(event), "users")

    def _next_state(self, state: Any, event: Any, seen: bytes, in_force: Rates) -> Any:
        if isinstance(event, CircleEvent):
            return observe_circle(state, event, seen)
        if isinstance(event, RemittanceEvent):
            return observe_remittance(state, event, seen)
        if isinstance(event, ExchangeRateUpdated):
            late = event.occurred_at < state.effective_at
            return state._replace(seen=seen) if late else RateState(seen, str(event.rate), event.occurred_at)
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
