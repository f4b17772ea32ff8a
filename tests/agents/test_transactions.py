"""Transactions: each request is scored against its user, and what is risky is told under the user's key."""

from __future__ import annotations

import pytest

from lakay_streams.contracts.topics import COMPLIANCE_ALERTS, FRAUD_ALERTS, MOVEMENTS
from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.domain.user_state import UserState
from lakay_streams.engine.testing import TopologyDriver
from tests.agents.sending import JEAN, MARIE, deposit_cash, send, told


def test_a_usual_transfer_is_learned_and_alerts_nobody(driver: TopologyDriver) -> None:
    send(driver, "transaction-initiated", "2026-03-02T15:00:00Z")
    driver.run()
    assert list(driver.states("users", UserState)) == [MARIE]
    assert driver.records(FRAUD_ALERTS) == []


def test_card_tests_that_end_in_a_large_transfer_are_a_fraud_alert_under_the_users_key(driver: TopologyDriver) -> None:
    for number in range(12):
        at = f"2026-03-02T15:00:{number:02}Z"
        send(driver, "transaction-initiated", at, transaction_id=f"test-{number}", amount=1, recipient_id=None)
    send(driver, "transaction-initiated", "2026-03-02T15:01:00Z", transaction_id="large", amount="9500.00")
    driver.run()
    alerts = told(driver, FRAUD_ALERTS)
    assert alerts
    assert {alert["risk_tier"] for alert in alerts} <= {"high", "critical"}
    assert {record.key for record in driver.records(FRAUD_ALERTS)} == {MARIE.encode()}


@pytest.mark.parametrize("word", ["deposit", "Deposit"])
def test_more_than_10_000_in_cash_of_a_day_is_a_report_that_must_be_filed(driver: TopologyDriver, word: str) -> None:
    for minute in range(2):
        deposit_cash(driver, f"2026-03-02T15:0{minute}:00Z", "6000.00", word)
    driver.run()
    assert "file_ctr" in {alert["recommendation"] for alert in told(driver, COMPLIANCE_ALERTS)}


def test_the_recipient_of_a_transfer_is_told_of_it_on_its_own_partition(driver: TopologyDriver) -> None:
    send(driver, "transaction-initiated", "2026-03-02T15:00:00Z")
    send(driver, "transaction-completed", "2026-03-02T15:00:30Z")
    driver.run()
    assert [record.key for record in driver.records(MOVEMENTS)] == [JEAN.encode()]
    assert set(driver.states("compliance", ComplianceState)) == {MARIE, JEAN}
