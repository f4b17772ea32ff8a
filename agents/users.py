"""Users: logins, sessions, devices and profile changes, learned from and watched for login velocity and takeovers.

in    trebanx.user.events (and lakay.internal.user.events), keyed by user_id
hold  tables.users                 one UserState per user, shared with the transactions agent
      tables.compliance            when a user registered
out   lakay.fraud.alerts           keyed by user_id; HIGH and CRITICAL login velocity
      lakay.behavior.ato-alerts    keyed by user_id; HIGH and CRITICAL takeovers
"""

from __future__ import annotations

from agents.alerts import ALERTED, FraudAlertPublisher, TakeoverAlertPublisher
from agents.compliance import ComplianceMonitor
from agents.intake import Intake
from lakay_streams.contracts.topics import REKEYED, USERS
from lakay_streams.domain.events import UserEvent
from lakay_streams.domain.fraud.rules import login_velocity
from lakay_streams.domain.money import Rates
from lakay_streams.domain.user_state import UserState
from lakay_streams.domain.users import UserLimits, decide
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.state.reference import GlobalTable
from lakay_streams.engine.state.table import StateTable
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.telemetry.logs import get_logger

log = get_logger()


def declare(
    app: StreamApp,
    *,
    intake: Intake[UserEvent],
    users: StateTable[UserState],
    rates: GlobalTable[Rates],
    limits: UserLimits,
    fraud: FraudAlertPublisher,
    takeovers: TakeoverAlertPublisher,
    monitor: ComplianceMonitor,
) -> None:
    """Put the agent on `app`."""

    @app.process(USERS, REKEYED[USERS], name="users")
    def watch_users(work: BatchContext) -> None:
        for event, state, seen in intake.fresh(work, users):
            decision = decide(state, event, limits, work.reference(rates), seen)
            work.states(users).set(event.user_id, decision.state)
            if intake.sampling.wants("low"):
                log.info("user_event_received", user_id=event.user_id, event_type=event.event_type)
            for finding in decision.fraud.findings:
                if finding.rule == login_velocity.NAME:
                    log.warning("login_velocity_alert", user_id=event.user_id, reason=finding.reason)
            if decision.fraud.risk_tier in ALERTED:
                fraud.alert(work, decision.fraud, event)
            takeovers.judged(work, decision.takeover)
            if event.event_type == "user-registered":
                monitor.registered(work, event)
