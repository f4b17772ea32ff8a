"""Money movements: what every topic tells of a user's money, counted in one state and judged for compliance.

in    lakay.internal.movements     keyed by user_id or corridor; the transactions, remittances and circles agents, and
                                   this one for the recipient's side, write it
hold  tables.compliance            one ComplianceState per user, shared with the transactions and remittances agents
      tables.movements             one Entry per movement of a user, one Page per user and business day; likewise
      tables.corridors             one CorridorState per corridor
out   lakay.compliance.alerts      keyed by user_id
      lakay.compliance.edd-triggers  keyed by user_id
      lakay.internal.movements     keyed by recipient or corridor
      lakay.internal.corridors     keyed by corridor, one partition
"""

from __future__ import annotations

from agents.compliance import ComplianceMonitor
from agents.intake import Intake
from lakay_streams.contracts import movements
from lakay_streams.contracts.topics import CORRIDORS, MOVEMENTS
from lakay_streams.domain.compliance.corridors import CorridorState, observe
from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.domain.events import CorridorRemittance, MoneyMoved
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.context import BatchContext


def declare(
    app: StreamApp,
    *,
    intake: Intake[MoneyMoved | CorridorRemittance],
    monitor: ComplianceMonitor,
    customers: StateTable[ComplianceState],
    corridors: StateTable[CorridorState],
) -> None:
    """Put the agent on `app`."""

    def observe_corridor(work: BatchContext, record: Record, event: CorridorRemittance) -> None:
        states = work.states(corridors)
        admitted = intake.admit(work, states, record, event)
        if admitted is None:
            return
        state, peers = observe(admitted[0], event.amount_minor, admitted[1])
        states.set(event.corridor, state)
        if peers is not None:
            value = movements.encode_peers(event.corridor, peers)
            work.emit(CORRIDORS, event.corridor.encode(), value, partition=0)

    def observe_movement(work: BatchContext, record: Record, event: MoneyMoved) -> None:
        if intake.belongs(work, work.states(customers), record, event):
            intake.counted(monitor.enter(work, event), event)

    @app.process(MOVEMENTS, name="movements")
    def enter_movements(work: BatchContext) -> None:
        for record, event in intake.events(work):
            if isinstance(event, CorridorRemittance):
                observe_corridor(work, record, event)
            else:
                observe_movement(work, record, event)
