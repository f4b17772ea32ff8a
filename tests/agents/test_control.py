"""Control: what operators and officers decide takes effect between two events of whom it is about."""

from __future__ import annotations

from structlog.testing import capture_logs

from lakay_streams.contracts.topics import COMPLIANCE_ALERTS
from lakay_streams.domain.user_state import UserState
from lakay_streams.engine.testing import TopologyDriver
from tests.agents.sending import JEAN, MARIE, deposit_cash, send, told


def test_a_profile_that_is_reset_is_learned_anew(driver: TopologyDriver) -> None:
    for day in range(1, 29):
        send(driver, "login-success", f"2026-02-{day:02}T15:00:00Z")
    driver.run()
    known = driver.states("users", UserState)[MARIE]
    with capture_logs() as logged:
        send(driver, "profile-disposition", "2026-03-02T10:00:00Z", disposition="reset")
        driver.run()
    assert driver.states("users", UserState)[MARIE] != known
    assert [(entry["event"], entry["disposition"]) for entry in logged] == [("profile_disposed", "reset")]


def structured(driver: TopologyDriver) -> str:
    """Send deposits just below the limit, day after day; return the id of the alert about them."""
    for day in range(2, 6):
        deposit_cash(driver, f"2026-03-0{day}T15:00:00Z", "9500.00")
    driver.run()
    return str(next(alert["alert_id"] for alert in told(driver, COMPLIANCE_ALERTS) if alert["rule"] == "structuring"))


def test_an_alert_that_an_officer_clears_says_so_in_its_next_revision(driver: TopologyDriver) -> None:
    alert_id = structured(driver)
    send(driver, "alert-disposition", "2026-03-09T10:00:00Z", alert_id=alert_id)
    driver.run()
    revisions = [alert for alert in told(driver, COMPLIANCE_ALERTS) if alert["alert_id"] == alert_id]
    assert [alert["revision"] for alert in revisions] == list(range(1, len(revisions) + 1))
    assert [alert["status"] for alert in revisions].index("cleared") == len(revisions) - 1


def test_a_decision_about_somebody_elses_alert_is_ignored_and_said_so(driver: TopologyDriver) -> None:
    alert_id = structured(driver)
    before = told(driver, COMPLIANCE_ALERTS)
    with capture_logs() as logged:
        send(driver, "alert-disposition", "2026-03-09T10:00:00Z", alert_id=alert_id, user_id=JEAN)
        driver.run()
    assert told(driver, COMPLIANCE_ALERTS) == before
    assert [entry["event"] for entry in logged] == ["alert_disposition_ignored"]
