"""Money movements: what every topic tells of a user's money, counted in one state and judged for compliance.

in    lakay.internal.movements     keyed by user_id or corridor; the transactions, remittances and circles agents, and
                                   this one for the recipient's side, write it
hold  tables.compliance            one ComplianceState per user, shared with the transactions and remittances agents
      tables.corridors             one CorridorState per corridor
out   lakay.compliance.alerts      keyed by user_id
      lakay.compliance.edd-triggers  keyed by user_id
      lakay.internal.movements     keyed by recipient or corridor
      lakay.internal.corridors     keyed by corridor, one partition
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from faust import StreamT

from agents.intake import Intake
from lakay_streams.contracts import alerts, movements
from lakay_streams.contracts.topics import CORRIDORS, MOVEMENTS
from lakay_streams.domain.compliance.alert import ComplianceAlert
from lakay_streams.domain.compliance.corridors import CorridorState, Peers, corridor_of, observe
from lakay_streams.domain.compliance.counting import MoneyEvent
from lakay_streams.domain.compliance.decide import ComplianceDecision, decide, known_since, onward
from lakay_streams.domain.compliance.disposition import clear, is_to_be_cleared
from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.domain.events import AlertDisposition, CircleEvent, CorridorRemittance, MoneyMoved, UserEvent
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.money import Rates
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.batch import Record, RecordBatch
from lakay_streams.engine.reference import Reference
from lakay_streams.engine.table import StateTable
from lakay_streams.engine.work import Work
from lakay_streams.metrics import ALERTS, FINDINGS
from lakay_streams.telemetry import get_logger

log = get_logger()

_TELLING = frozenset(
    {
        "transaction-initiated",
        "transaction-completed",
        "transaction-failed",
        "remittance-initiated",
        "remittance-completed",
        "remittance-failed",
        "money-moved",
        "money-returned",
    }
)
"""The event types that tell of a movement; the others touch no state here."""


class Ledger:
    """Enters what happens to a user's money, and tells what compliance finds; one for all agents of a worker."""

    def __init__(
        self,
        customers: StateTable[ComplianceState],
        rates: Reference[Rates],
        peers: Reference[Mapping[str, Peers]],
        limits: ComplianceLimits,
        *,
        alerts_topic: str,
        edd_topic: str,
        settings_version: str,
    ) -> None:
        """Keep the states in `customers`; alert and trigger on the two topics, under `settings_version`."""
        self._customers = customers
        self._rates = rates
        self._peers = peers
        self._limits = limits
        self._alerts_topic = alerts_topic
        self._edd_topic = edd_topic
        self._settings_version = settings_version

    def enter(self, work: Work, event: MoneyEvent, seen: bytes | None = None) -> None:
        """Enter one event of a user whom this partition owns, which was not seen before."""
        if event.event_type not in _TELLING:
            return
        user_id, states = event.entity_id, work.states(self._customers)
        decision = decide(
            states.get(user_id), event, self._limits, work.reference(self._rates), work.reference(self._peers), seen
        )
        states.set(user_id, decision.state)
        if decision.counted is not None or decision.returned is not None:
            self._pass_on(work, user_id, event, decision)
        if decision.alerts or decision.edd is not None:
            self._tell(work, user_id, decision)

    def disposed(self, work: Work, intake: Intake, record: Record, event: AlertDisposition) -> None:
        """Carry out what an officer decided about an alert of a user."""
        states = work.states(self._customers)
        admitted = intake.admit(work, states, record, event)
        if admitted is None:
            return
        state = replace(admitted[0], seen=admitted[1])
        ids = {alerts.alert_id(each.rule, event.user_id, each.window): each for each in state.alerts}
        known = ids.get(event.alert_id)
        if known is None or not is_to_be_cleared(known):
            log.warning(
                "alert_disposition_ignored",
                alert_id=event.alert_id,
                because="it is not known for this user any more" if known is None else "it is not open, or a CTR's",
            )
            states.set(event.user_id, state)
            return
        state, alert = clear(state, known, event, self._limits)
        states.set(event.user_id, state)
        self._send(work, event.user_id, alert)

    def registered(self, work: Work, event: UserEvent) -> None:
        """Remember since when somebody is a customer."""
        states = work.states(self._customers)
        states.set(event.user_id, known_since(states.get(event.user_id), event.occurred_at))

    def circle_moved(self, work: Work, event: CircleEvent) -> None:
        """Send what a circle's event moved to the member's own partition."""
        told = movements.circle_moved(event)
        if told is not None:
            member, value = told
            work.emit(MOVEMENTS, member.encode(), value)

    def _pass_on(self, work: Work, user_id: str, event: MoneyEvent, decision: ComplianceDecision) -> None:
        """Let the other user's state know, and the corridor's."""
        counted, returned = decision.counted, decision.returned
        if counted is not None:
            other = onward(user_id, counted)
            if other is not None:
                work.emit(MOVEMENTS, other.encode(), movements.counterpart_moved(other, user_id, counted))
            corridor = corridor_of(counted)
            if corridor and counted.dollars:
                work.emit(MOVEMENTS, corridor.encode(), movements.corridor_remittance(corridor, counted))
        elif returned is not None:
            other = onward(user_id, returned)
            if other is not None:
                value = movements.counterpart_returned(other, returned, event.occurred_at)
                work.emit(MOVEMENTS, other.encode(), value)

    def _tell(self, work: Work, user_id: str, decision: ComplianceDecision) -> None:
        # What is recommended stays on the topic: logs and metrics have other readers (31 CFR 1022.320(d)).
        for found in decision.alerts:
            self._send(work, user_id, found)
        if decision.edd is not None:
            trigger = alerts.edd_trigger(decision.edd, settings_version=self._settings_version)
            ALERTS.labels(self._edd_topic, trigger.risk_level).inc()
            log.info("edd_triggered", trigger_id=trigger.trigger_id, risk_level=trigger.risk_level)
            work.emit(self._edd_topic, user_id.encode(), alerts.encode(trigger))

    def _send(self, work: Work, user_id: str, found: ComplianceAlert) -> None:
        alert = alerts.compliance_alert(found, settings_version=self._settings_version)
        ALERTS.labels(self._alerts_topic, alert.status).inc()
        FINDINGS.labels(alert.rule).inc()
        log.info("compliance_alert", alert_id=alert.alert_id, revision=alert.revision, status=alert.status)
        work.emit(self._alerts_topic, user_id.encode(), alerts.encode(alert))


def attach(
    app: StreamApp,
    *,
    intake: Intake,
    ledger: Ledger,
    customers: StateTable[ComplianceState],
    corridors: StateTable[CorridorState],
) -> None:
    """Put the agent on `app`."""

    def observe_corridor(work: Work, record: Record, event: CorridorRemittance) -> None:
        states = work.states(corridors)
        admitted = intake.admit(work, states, record, event)
        if admitted is None:
            return
        state, peers = observe(admitted[0], event.amount_minor, admitted[1])
        states.set(event.corridor, state)
        if peers is not None:
            value = movements.encode_peers(event.corridor, peers)
            work.emit(CORRIDORS, event.corridor.encode(), value, partition=0)

    def observe_movement(work: Work, record: Record, event: MoneyMoved) -> None:
        admitted = intake.admit(work, work.states(customers), record, event)
        if admitted is not None:
            ledger.enter(work, event, admitted[1])

    @app.agent(app.batches(MOVEMENTS), name="movements")
    async def enter_movements(batches: StreamT[RecordBatch]) -> None:
        async for batch in batches:
            async with app.ownership.process(batch) as work:
                for record, event in intake.events(work):
                    if isinstance(event, CorridorRemittance):
                        observe_corridor(work, record, event)
                    else:
                        observe_movement(work, record, cast(MoneyMoved, event))
