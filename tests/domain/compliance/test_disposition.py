"""An officer clears an alert: it is out of the risk, and its next revision says so."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft7Validator

from lakay_streams.contracts import alerts
from lakay_streams.domain.compliance.alert import CLEARED, OPEN, REVIEW, SAR, ComplianceAlert
from lakay_streams.domain.compliance.disposition import Disposed, clear, dispose, is_to_be_cleared
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


MANY = "\n".join(f"03-{day} 1{hour}:00 remit 3,000 wallet" for day in range(11, 21) for hour in range(4))


def disposed(customer: Customer, rule: str, window: str) -> Disposed:
    """Decide about an alert wherever it stands."""
    event = AlertDisposition("d-1", "alert-disposition", NOON, USER, "id", "cleared", "a wedding", "officer@desk")

    def is_meant(other: str, at: str) -> bool:
        return (other, at) == (rule, window)

    decision = dispose(customer.state, customer.ledger, event, is_meant, DEFAULT_LIMITS)
    customer.state = decision.state
    customer.ledger.take(decision.entries, decision.pages)
    return decision


def test_an_alert_that_the_record_has_no_room_for_is_cleared_in_the_ledger() -> None:
    customer = Customer().lives(SPLIT).lives(MANY)
    (first,) = [alert for alert in customer.open.values() if alert.finding.rule == "structuring"]
    assert "structuring" not in {each.rule for each in customer.state.alerts}, "it is put by"
    assert customer.state.reports == 1
    decision = disposed(customer, "structuring", first.finding.window)
    assert decision.alert is not None
    assert (decision.alert.status, decision.alert.revision) == (CLEARED, first.revision + 1)
    assert decision.alert.finding.values["cleared_because"] == "a wedding"
    assert customer.state.reports == 0
    assert values_of(customer.state, NOON, DEFAULT_LIMITS)[3] == 0.0
    again = disposed(customer, "structuring", first.finding.window)
    assert (again.alert, again.ignored) == (None, "it is not open, or a CTR's")


def test_an_alert_about_one_movement_is_cleared_in_its_entry() -> None:
    customer = Customer().lives(MANY)
    assert "movement-1" not in {each.window for each in customer.state.alerts}, "it is put by"
    decision = disposed(customer, "travel_rule", "movement-1")
    assert decision.alert is not None
    assert [each.id for each in decision.alert.finding.movements] == ["movement-1"]
    entry = customer.ledger.entry("movement-1")
    assert entry is not None
    assert [each.status for each in entry.alerts] == [CLEARED]


def test_a_failure_afterwards_does_not_open_it_again_in_the_ledger_either() -> None:
    customer = Customer().lives(PASSED).lives(MANY)
    assert disposed(customer, "rapid_movement", "2026-03-10").alert is not None
    told = len(customer.alerts)
    customer.lives("03-21 09:00 fails 2")
    assert [alert for alert in customer.alerts[told:] if alert.finding.rule == "rapid_movement"] == []


def test_an_unknown_alert_is_ignored_with_its_reason() -> None:
    decision = disposed(Customer().lives(SPLIT), "structuring", "2026-01-01")
    assert (decision.alert, decision.ignored) == (None, "it is not known for this user any more")
