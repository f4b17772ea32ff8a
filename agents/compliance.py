"""Compliance: what happens to users' money, counted in one state and judged; one monitor for all agents of a worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from agents.intake import Intake
from lakay_streams.contracts import alerts, movements
from lakay_streams.contracts.topics import MOVEMENTS
from lakay_streams.domain.compliance.alert import ComplianceAlert
from lakay_streams.domain.compliance.corridors import Peers
from lakay_streams.domain.compliance.decide import ComplianceDecision, decide, known_since
from lakay_streams.domain.compliance.disposition import dispose
from lakay_streams.domain.compliance.entry import Entry
from lakay_streams.domain.compliance.ledger import Page
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.domain.compliance.telling import MoneyEvent
from lakay_streams.domain.events import AlertDisposition, CircleEvent, Event, UserEvent
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.money import Rates
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.state.reference import GlobalTable
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.telemetry.logs import get_logger
from lakay_streams.telemetry.metrics import ALERTS, FINDINGS, LOST
from tables.movements import CustomerLedger

log = get_logger()

_TELLING = frozenset(
    {
        "transaction-initiated",
        "transaction-completed",
        "transaction-failed",
        "remittance-initiated",
        "remittance-processing",
        "remittance-completed",
        "remittance-failed",
        "money-moved",
        "money-returned",
    }
)
"""The event types that tell of a movement; the others touch no state here."""


class Accounts(NamedTuple):
    """The tables of customers' money: what rules look at, and the ledger beside it."""

    customers: StateTable[ComplianceState]
    movements: StateTable[Entry]
    days: StateTable[Page]


class ComplianceMonitor:
    """Enters what happens to a user's money, and tells what compliance finds; one for all agents of a worker."""

    def __init__(
        self,
        accounts: Accounts,
        rates: GlobalTable[Rates],
        peers: GlobalTable[Mapping[str, Peers]],
        limits: ComplianceLimits,
        *,
        alerts_topic: str,
        edd_topic: str,
        settings_version: str,
    ) -> None:
        """Keep the states in `accounts`; alert and trigger on the two topics, under `settings_version`."""
        self._accounts = accounts
        self._rates = rates
        self._peers = peers
        self._limits = limits
        self._alerts_topic = alerts_topic
        self._edd_topic = edd_topic
        self._settings_version = settings_version

    def enter(self, work: BatchContext, event: MoneyEvent) -> bool:
        """Enter one event of a user whom this partition owns; return whether it told anything new."""
        if event.event_type not in _TELLING:
            return False
        user_id, states = event.entity_id, work.states(self._accounts.customers)
        kept = CustomerLedger(user_id, work.states(self._accounts.movements), work.states(self._accounts.days))
        before = states.get(user_id)
        decision = decide(before, kept, event, self._limits, work.reference(self._rates), work.reference(self._peers))
        if not decision.entries:
            return False
        if decision.state is not before:
            states.set(user_id, decision.state)
        kept.take(decision.entries, decision.pages)
        for key, value in movements.passed_on(user_id, decision.changes, event.occurred_at):
            work.emit(MOVEMENTS, key.encode(), value)
        if decision.alerts or decision.edd is not None:
            self._tell(work, user_id, decision)
        for lost in decision.lost:
            LOST.inc()
            # Neither how much nor whose: who may see that has the alert.
            log.error("movement_not_counted", movement_id=lost.id, reason=lost.why)
        return True

    def disposed(self, work: BatchContext, intake: Intake[Event], record: Record, event: AlertDisposition) -> None:
        """Carry out what an officer decided about an alert of a user."""
        states = work.states(self._accounts.customers)
        admitted = intake.admit(work, states, record, event)
        if admitted is None:
            return
        user_id, state = event.user_id, replace(admitted[0], seen=admitted[1])
        kept = CustomerLedger(user_id, work.states(self._accounts.movements), work.states(self._accounts.days))

        def is_meant(rule: str, window: str) -> bool:
            return alerts.alert_id(rule, user_id, window) == event.alert_id

        decision = dispose(state, kept, event, is_meant, self._limits)
        states.set(user_id, decision.state)
        kept.take(decision.entries, decision.pages)
        if decision.alert is None:
            log.warning("alert_disposition_ignored", alert_id=event.alert_id, because=decision.ignored)
        else:
            self._send(work, user_id, decision.alert)

    def registered(self, work: BatchContext, event: UserEvent) -> None:
        """Remember since when somebody is a customer."""
        states = work.states(self._accounts.customers)
        states.set(event.user_id, known_since(states.get(event.user_id), event.occurred_at))

    def circle_moved(self, work: BatchContext, event: CircleEvent) -> None:
        """Send what a circle's event moved to the member's own partition."""
        told = movements.circle_moved(event)
        if told is not None:
            member, value = told
            work.emit(MOVEMENTS, member.encode(), value)

    def _tell(self, work: BatchContext, user_id: str, decision: ComplianceDecision) -> None:
        # What is recommended stays on the topic: logs and metrics have other readers (31 CFR 1022.320(d)).
        for found in decision.alerts:
            self._send(work, user_id, found)
        if decision.edd is not None:
            trigger = alerts.edd_trigger(decision.edd, settings_version=self._settings_version)
            ALERTS.labels(self._edd_topic, trigger.risk_level).inc()
            log.info("edd_triggered", trigger_id=trigger.trigger_id, risk_level=trigger.risk_level)
            work.emit(self._edd_topic, user_id.encode(), alerts.encode(trigger))

    def _send(self, work: BatchContext, user_id: str, found: ComplianceAlert) -> None:
        alert = alerts.compliance_alert(found, settings_version=self._settings_version)
        ALERTS.labels(self._alerts_topic, alert.status).inc()
        FINDINGS.labels(alert.rule).inc()
        log.info("compliance_alert", alert_id=alert.alert_id, revision=alert.revision, status=alert.status)
        work.emit(self._alerts_topic, user_id.encode(), alerts.encode(alert))
