"""Circles: how healthy each savings circle is, and what that says about its members.

in    trebanx.circle.events (and lakay.internal.circle.events), keyed by circle_id
hold  tables.circles                 one CircleState per circle
out   lakay.circles.tier-changes     keyed by circle_id; each change of a circle's tier
      lakay.internal.member.events   keyed by user_id; what an event changes in a member's standing
      lakay.internal.movements       keyed by user_id; contributions and payouts, for compliance
"""

from __future__ import annotations

from agents.alerts import TierChangePublisher
from agents.compliance import ComplianceMonitor
from agents.intake import Intake
from lakay_streams.contracts import members
from lakay_streams.contracts.topics import CIRCLES, MEMBERS, REKEYED
from lakay_streams.domain.circles.decide import decide
from lakay_streams.domain.circles.limits import CircleLimits
from lakay_streams.domain.circles.membership import change_of
from lakay_streams.domain.circles.state import CircleState
from lakay_streams.domain.events import CircleEvent
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.telemetry.logs import get_logger

log = get_logger()


def declare(
    app: StreamApp,
    *,
    intake: Intake[CircleEvent],
    circles: StateTable[CircleState],
    limits: CircleLimits,
    tiers: TierChangePublisher,
    monitor: ComplianceMonitor,
) -> None:
    """Put the agent on `app`."""

    @app.process(CIRCLES, REKEYED[CIRCLES], name="circles")
    def follow_circles(work: BatchContext) -> None:
        for event, state, seen in intake.fresh(work, circles):
            decision = decide(state, event, limits, seen)
            work.states(circles).set(event.circle_id, decision.state)
            monitor.circle_moved(work, event)
            if intake.sampling.wants("low"):
                log.info("circle_event_received", circle_id=event.circle_id, event_type=event.event_type)
            tiers.changed(work, decision.change)
            change = change_of(event, state.facts, decision.state.facts)
            if change is not None:
                work.emit(MEMBERS, change.user_id.encode(), members.member_changed(event, change))
