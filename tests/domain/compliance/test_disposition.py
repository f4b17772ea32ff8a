"""An officer clears an alert: it is out of the risk, and its next revision says so."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft7Validator

from lakay_streams.contracts import alerts
from lakay_streams.domain.compliance.alert import CLEARED, OPEN, REVIEW, SAR, ComplianceAlert
from lakay_streams.domain.compliance.disposition import clear, is_to_be_cleared
from lakay_streams.domain.compliance.limits import DEFAULT_LIMITS
from lakay_streams.domain.compliance.risk import values_of
from lakay_streams.domain.events import AlertDisposition
from tests.contracts.outbound import outbound_schema
from tests.domain.compliance.customer import USER, Customer, instant
from tests.domain.compliance.test_cases import SPLIT

NOON = instant("03-20", "12:00")
PASSED = "03-10 09:00 receive 1,000 from anne\n03-10 18:00 transfer 900 wallet to paul"


def cleared(customer: Customer, rule: str) -> ComplianceAlert:
    """Clear the customer's one alert of a rule."""
    (known,) = [each for each in customer.state.alerts if each.rule == rule and each.status == OPEN]
    event = AlertDisposition("d-1", "alert-disposition", NOON, USER, "id", "cleared", "a wedding", "officer@desk")
    customer.state, alert = clear(customer.state, known, event, DEFAULT_LIMITS)
    customer.alerts.append(alert)
    return alert


@pytest.mark.parametrize(("story", "rule", "asked"), [(SPLIT, "structuring", SAR), (PASSED, "rapid_movement", REVIEW)])
def test_a_cleared_alert_raises_the_risk_no_more(story: str, rule: str, asked: str) -> None:
    customer = Customer().lives(story)
    before = customer.state.risk.score
    assert customer.the(rule).finding.recommendation == asked
    cleared(customer, rule)
    assert values_of(customer.state, NOON, DEFAULT_LIMITS)[2:4] == (0.0, 0.0)
    assert customer.state.reports == 0
    assert customer.state.risk.score < before


def test_its_next_revision_says_so_with_the_reason_and_keeps_what_was_found() -> None:
    customer = Customer().lives(SPLIT)
    first = customer.the("structuring")
    alert = cleared(customer, "structuring")
    assert (alert.status, alert.revision, alert.due_day) == (CLEARED, first.revision + 1, None)
    assert (alert.detected_at, alert.finding.window) == (first.detected_at, first.finding.window)
    assert alert.finding.movements == first.finding.movements
    assert alert.finding.values["cleared_because"] == "a wedding"
    assert alert.finding.values["cleared_by"] == "officer@desk"
    told = json.loads(alerts.encode(alerts.compliance_alert(alert, settings_version="v")))
    Draft7Validator(outbound_schema("compliance-alert")).validate(told)


def test_an_alert_about_one_movement_keeps_that_movement() -> None:
    customer = Customer().lives("03-10 12:00 remit 3,000 wallet")
    assert [each.id for each in cleared(customer, "travel_rule").finding.movements] == ["movement-1"]


def test_a_currency_transaction_report_is_no_matter_of_judgement() -> None:
    customer = Customer().lives("03-10 12:00 deposit 12,000 cash")
    assert [is_to_be_cleared(each) for each in customer.state.alerts] == [False]


def test_what_was_cleared_once_is_not_cleared_again() -> None:
    customer = Customer().lives(PASSED)
    cleared(customer, "rapid_movement")
    assert [is_to_be_cleared(each) for each in customer.state.alerts] == [False]


def test_what_is_found_afterwards_is_an_alert_again() -> None:
    customer = Customer().lives(PASSED)
    cleared(customer, "rapid_movement")
    customer.lives("03-24 09:00 receive 1,000 from anne\n03-24 18:00 transfer 900 wallet to paul")
    (again,) = [alert for alert in customer.open.values() if alert.finding.rule == "rapid_movement"]
    assert (again.revision, again.finding.window) == (1, "2026-03-24")


def test_a_failure_afterwards_does_not_open_it_again() -> None:
    customer = Customer().lives(PASSED)
    cleared(customer, "rapid_movement")
    customer.lives("03-21 09:00 fails 2")
    assert customer.found == ""
    assert [each.status for each in customer.state.alerts] == [CLEARED]
