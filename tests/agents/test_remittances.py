"""Remittances, movements and rates: totals of the sender, peers of the corridor, rates for every worker."""

from __future__ import annotations

from structlog.testing import capture_logs

from lakay_streams.contracts.topics import MOVEMENTS, RATES
from lakay_streams.domain.compliance.corridors import CorridorState
from lakay_streams.domain.compliance.remittances import RemittanceState
from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.engine.testing import TopologyDriver
from tables.rates import RateState
from tests.agents.sending import MARIE, send, told


def test_a_paid_out_remittance_counts_for_its_sender_and_its_corridor(driver: TopologyDriver) -> None:
    send(driver, "remittance-initiated", "2026-03-02T10:00:00Z")
    send(driver, "remittance-completed", "2026-03-02T12:00:00Z")
    driver.run()
    assert list(driver.states("remittances", RemittanceState)) == [MARIE]
    assert MARIE in driver.states("compliance", ComplianceState)
    assert "USD>HT" in {(record.key or b"").decode() for record in driver.records(MOVEMENTS)}
    assert list(driver.states("corridors", CorridorState)) == ["USD>HT"]


def test_a_rate_is_told_to_every_worker(driver: TopologyDriver) -> None:
    send(driver, "exchange-rate-updated", "2026-03-02T10:00:00Z", rate="131.00")
    driver.run()
    (record,) = driver.records(RATES)
    assert (record.key, record.partition) == (b"USD/HTG", 0)
    assert driver.states("rates", RateState)["USD/HTG"].rate == "131.00"


def test_a_rate_upside_down_is_held_until_an_operator_confirms_one(driver: TopologyDriver) -> None:
    with capture_logs() as logged:
        send(driver, "exchange-rate-updated", "2026-03-02T10:00:00Z", rate="131.00")
        send(driver, "exchange-rate-updated", "2026-03-02T11:00:00Z", rate="0.0076")
        driver.run()
    assert [entry["rate"] for entry in logged if entry["event"] == "exchange_rate_held"] == ["0.0076"]
    assert len(told(driver, RATES)) == 1
    send(driver, "exchange-rate-confirmed", "2026-03-02T12:00:00Z", rate="132.00")
    driver.run()
    assert driver.states("rates", RateState)["USD/HTG"].rate == "132.00"
    assert len(told(driver, RATES)) == 2
