"""Users: logins are learned from and watched, and registration says since when somebody is a customer."""

from __future__ import annotations

from structlog.testing import capture_logs

from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.contracts.topics import FRAUD_ALERTS
from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.engine.testing import TopologyDriver
from tests.agents.sending import MARIE, send, told


def test_who_registers_is_a_customer_since_then(driver: TopologyDriver) -> None:
    send(driver, "user-registered", "2026-01-05T09:00:00Z")
    driver.run()
    assert driver.states("compliance", ComplianceState)[MARIE].registered_at == to_millis("2026-01-05T09:00:00Z")


def test_many_failed_logins_within_minutes_are_said_and_alert(driver: TopologyDriver) -> None:
    with capture_logs() as logged:
        for second in range(0, 60, 2):
            send(driver, "login-failed", f"2026-03-02T15:00:{second:02}Z")
        driver.run()
    assert "login_velocity_alert" in {entry["event"] for entry in logged}
    assert {alert["user_id"] for alert in told(driver, FRAUD_ALERTS)} == {MARIE}
