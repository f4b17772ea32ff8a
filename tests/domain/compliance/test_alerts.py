"""What an alert says and how it goes on: basis, evidence, pairs, due dates, updates, withdrawals."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from jsonschema import Draft7Validator

from lakay_streams.contracts import alerts
from lakay_streams.domain.business_day import iso_day
from lakay_streams.domain.compliance.alert import OPEN, SAR, WITHDRAWN, Pair
from lakay_streams.domain.compliance.findings import EVIDENCE_KEPT
from lakay_streams.domain.compliance.rules import REGULATIONS, RULES
from lakay_streams.domain.money import DEFAULT_RATES
from tests.contracts.outbound import outbound_schema
from tests.domain.compliance.customer import Customer, instant
from tests.domain.compliance.test_cases import CASES, SPLIT


def test_a_report_tells_both_ways_of_the_day_and_is_due_after_fifteen_days() -> None:
    customer = Customer().lives(
        """03-10 09:00 withdraw 3,000 cash
           03-10 10:00 deposit 10,000.01 cash
           03-10 11:00 deposit 500 bank"""
    )
    report = customer.the("ctr")
    assert (report.finding.totals.cash_in_minor, report.finding.totals.cash_out_minor) == (10_000_01, 3_000_00)
    assert [each.id for each in report.finding.movements] == ["movement-1", "movement-2"]
    assert report.due_day is not None
    assert (iso_day(report.business_day), iso_day(report.due_day)) == ("2026-03-10", "2026-03-25")
    assert report.finding.basis == "stated"


@pytest.mark.parametrize(
    ("first", "second", "basis"), [("cash", "cash", "stated"), ("-", "-", "assumed"), ("cash", "-", "mixed")]
)
def test_it_says_how_it_is_known_to_be_cash(first: str, second: str, basis: str) -> None:
    customer = Customer().lives(f"03-10 09:00 deposit 6,000 {first}\n03-10 10:00 deposit 6,000 {second}")
    report = customer.the("ctr")
    assert report.finding.basis == basis
    assert ("assumed to be cash" in report.finding.reason) == (basis != "stated")
    assert alerts.compliance_alert(report, settings_version="v").basis == basis


def test_one_report_a_day_is_updated_not_repeated() -> None:
    customer = Customer().lives("\n".join(f"03-10 {hour}:00 deposit 6,000 cash" for hour in range(10, 14)))
    reports = [alert for alert in customer.alerts if alert.finding.rule == "ctr"]
    sent = [alerts.compliance_alert(report, settings_version="v") for report in reports]
    assert [alert.revision for alert in sent] == [1, 2, 3]
    assert len({alert.alert_id for alert in sent}) == 1
    assert [alert.totals.cash_in_minor for alert in sent] == [12_000_00, 18_000_00, 24_000_00]
    assert {alert.detected_at for alert in sent} == {sent[0].occurred_at}


def test_another_day_is_another_report() -> None:
    customer = Customer().lives("03-10 12:00 deposit 12,000 cash\n03-11 12:00 deposit 12,000 cash")
    assert customer.found == "ctr:file ctr:file"
    assert len({alerts.compliance_alert(each, settings_version="v").alert_id for each in customer.alerts}) == 2


def test_what_moves_no_cash_updates_no_report() -> None:
    customer = Customer().lives("03-10 12:00 deposit 12,000 cash\n03-10 13:00 transfer 50 wallet to anne")
    assert customer.the("ctr").revision == 1


def test_a_withdrawn_alert_keeps_its_id_and_is_due_no_more() -> None:
    customer = Customer().lives("03-10 09:00 deposit 6,000 cash\n03-10 12:00 deposit 6,000 cash\n03-12 12:00 fails 2")
    first, last = (each for each in customer.alerts if each.finding.rule == "ctr")
    assert (first.status, last.status, last.revision, last.due_day) == (OPEN, WITHDRAWN, 2, None)
    ids = {alerts.compliance_alert(each, settings_version="v").alert_id for each in (first, last)}
    assert len(ids) == 1
    assert last.detected_at == instant("03-10", "12:00")


def test_an_alert_that_is_withdrawn_and_true_again_goes_on_with_its_revisions() -> None:
    customer = Customer().lives(
        "03-10 09:00 deposit 6,000 cash\n03-10 12:00 deposit 6,000 cash\n03-10 13:00 fails 2\n03-10 14:00 again 2"
    )
    assert [(each.revision, each.status) for each in customer.alerts] == [(1, OPEN), (2, WITHDRAWN), (3, OPEN)]


def test_structuring_goes_on_as_one_alert_for_a_month_and_the_next_is_a_new_one() -> None:
    days = ["03-02", "03-05", "03-09", "03-12", "03-16", "03-20", "03-25", "04-14"]
    customer = Customer().lives("\n".join(f"{day} 12:00 deposit 2,900 cash" for day in days))
    told = [each for each in customer.alerts if each.finding.rule == "structuring"]
    assert [(each.finding.window, each.revision) for each in told] == [
        ("2026-03-12", 1),
        ("2026-03-12", 2),
        ("2026-03-12", 3),
        ("2026-03-12", 4),
        ("2026-04-14", 1),
    ]
    assert told[0].due_day is not None
    assert iso_day(told[0].due_day) == "2026-04-11", "30 days after the first detection"
    assert {each.due_day for each in told[:4]} == {told[0].due_day}


def test_structuring_says_what_its_confidence_is_made_of() -> None:
    finding = Customer().lives(SPLIT).the("structuring").finding
    assert finding.recommendation == SAR
    assert finding.confidence == pytest.approx(sum(each.value * each.weight for each in finding.signals), abs=1e-4)
    assert {each.signal for each in finding.signals} == {
        "base",
        "closeness",
        "count",
        "regularity",
        "variety",
        "timing",
        "history",
        "given_up",
    }


def test_small_amounts_afterwards_dilute_no_suspicion() -> None:
    customer = Customer().lives(SPLIT)
    before = customer.the("structuring").finding
    after = customer.lives("03-12 12:00 remit 400 cash to mother").the("structuring").finding
    assert (after.confidence, after.recommendation) == (before.confidence, SAR)
    assert after.totals.movements == before.totals.movements + 1
    assert after.confidence == pytest.approx(sum(each.value * each.weight for each in after.signals), abs=1e-4)


def test_a_customer_who_always_did_it_is_less_suspicious() -> None:
    months = "\n".join(
        f"{month:02}-{day:02} 18:00 deposit 1,500 cash" for month in (3, 4, 5) for day in range(1, 29, 3)
    )
    first = Customer().lives(months)
    told = [each for each in first.alerts if each.finding.rule == "structuring"]
    assert told
    assert max(each.finding.confidence for each in told) == told[0].finding.confidence
    assert max(each.occurred_at for each in told) < instant("05-01", "00:00"), "the third month is as ever"


def test_first_in_is_first_out() -> None:
    customer = Customer().lives(
        """03-10 09:00 deposit 1,000 bank
           03-10 10:00 deposit 2,000 bank
           03-10 11:00 transfer 1,500 wallet to anne
           03-10 12:00 transfer 1,200 wallet to paul"""
    )
    finding = customer.the("rapid_movement").finding
    assert finding.pairs == (
        Pair("movement-1", "movement-3", 1_000_00),
        Pair("movement-2", "movement-3", 500_00),
        Pair("movement-2", "movement-4", 1_200_00),
    )
    assert finding.values["left_minor"] == 2_700_00
    assert [each.id for each in finding.movements] == [f"movement-{number}" for number in range(1, 5)]


def test_a_payout_takes_its_turn_and_counts_for_nothing() -> None:
    customer = Customer().lives(
        """03-10 09:00 payout 1,000 from sol
           03-10 10:00 deposit 2,000 bank
           03-10 11:00 transfer 2,600 wallet to anne"""
    )
    assert customer.the("rapid_movement").finding.pairs == (Pair("movement-2", "movement-3", 1_600_00),)


def test_repeated_rapid_movement_is_one_alert_with_all_its_pairs() -> None:
    days = "\n".join(
        f"03-{day} 09:00 deposit 3,000 bank\n03-{day} 10:00 transfer 2,950 wallet to anne" for day in (10, 13, 16)
    )
    customer = Customer().lives(days)
    told = [each for each in customer.alerts if each.finding.rule == "rapid_movement"]
    assert [each.revision for each in told] == [1, 2, 3]
    assert [each.finding.values["times"] for each in told] == [1, 2, 3]
    assert len(told[-1].finding.pairs) == 3
    assert told[-1].finding.totals.in_minor == 9_000_00
    confidences = [each.finding.confidence for each in told]
    assert confidences == sorted(set(confidences))


def test_the_rate_and_its_time_are_kept_as_evidence() -> None:
    rates = DEFAULT_RATES.updated("USD", "HTG", {"2026-03-09T06:00:00.000Z": Decimal("131.25")})
    customer = Customer(rates=rates).lives("03-10 12:00 deposit 1,500,000 HTG cash")
    (movement,) = alerts.compliance_alert(customer.the("ctr"), settings_version="v").evidence.movements
    assert (movement.amount, movement.usd_minor) == ("1500000.00", 11_428_57)
    assert movement.rate is not None
    assert (Decimal(movement.rate), movement.rate_at) == (1 / Decimal("131.25"), "2026-03-09T06:00:00.000Z")


@pytest.mark.parametrize(
    ("since", "is_old"),
    [("2026-03-10T03:59:59.999Z", True), ("2026-03-10T04:00:00.000Z", False)],
    ids=["of the day before", "of the business day"],
)
def test_a_rate_older_than_the_business_day_says_so(since: str, is_old: bool) -> None:
    rates = DEFAULT_RATES.updated("USD", "HTG", {since: Decimal("131.25")})
    alert = Customer(rates=rates).lives("03-10 12:00 deposit 1,500,000 HTG cash").the("ctr")
    (movement,) = alerts.compliance_alert(alert, settings_version="v").evidence.movements
    assert movement.rate_is_old is is_old
    assert ("Converted at rates older than the day: HTG of 2026-03-10" in alert.finding.reason) is is_old


def test_a_rate_that_nobody_told_is_an_old_one() -> None:
    reason = Customer().lives("03-10 12:00 deposit 1,500,000 HTG cash").the("ctr").finding.reason
    assert "Converted at rates older than the day: HTG of 2026-01-02" in reason


def test_what_is_counted_late_is_converted_at_the_rate_before_it_and_not_at_a_newer_one() -> None:
    rates = DEFAULT_RATES.updated("USD", "HTG", {"2026-03-09T06:00:00.000Z": Decimal("131.25")})
    rates = rates.updated("USD", "HTG", {"2026-03-10T16:00:00.001Z": Decimal("100")})
    customer = Customer(rates=rates).lives("03-10 12:00 deposit 1,500,000 HTG cash")
    (movement,) = alerts.compliance_alert(customer.the("ctr"), settings_version="v").evidence.movements
    assert (movement.usd_minor, movement.rate_at) == (11_428_57, "2026-03-09T06:00:00.000Z")


def test_dollars_need_no_rate() -> None:
    customer = Customer().lives("03-10 12:00 deposit 12,000 cash")
    (movement,) = alerts.compliance_alert(customer.the("ctr"), settings_version="v").evidence.movements
    assert (movement.rate, movement.rate_at) == (None, None)


def test_evidence_is_bounded_and_says_so_while_totals_are_whole() -> None:
    story = "\n".join(f"03-10 {8 + minute // 60:02}:{minute % 60:02} deposit 100.01 cash" for minute in range(150))
    finding = Customer().lives(story).the("ctr").finding
    assert len(finding.movements) == EVIDENCE_KEPT
    assert finding.truncated
    assert (finding.totals.movements, finding.totals.cash_in_minor) == (150, 150 * 100_01)


@pytest.mark.parametrize(("story", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_every_alert_keeps_to_the_schema_and_to_the_laws_of_rules(story: str, expected: str) -> None:
    validator = Draft7Validator(outbound_schema("compliance-alert"))
    customer = Customer().lives(story)
    for found in customer.alerts:
        alert = alerts.compliance_alert(found, settings_version="v")
        validator.validate(json.loads(alerts.encode(alert)))
        assert 0.0 <= alert.confidence <= 1.0
        assert alert.regulation == REGULATIONS[alert.rule]
        assert alert.since <= alert.until
        assert alert.status == WITHDRAWN or alert.evidence.movements
        assert (
            alert.evidence.truncated
            or alert.status == WITHDRAWN
            or alert.totals.movements == len(alert.evidence.movements)
        )
        ids = {movement.movement_id for movement in alert.evidence.movements}
        assert {pair.money_in for pair in alert.evidence.pairs} | {
            pair.money_out for pair in alert.evidence.pairs
        } <= ids
    assert [each.finding for each in Customer().lives(story).alerts] == [each.finding for each in customer.alerts]


def test_every_rule_is_found_by_some_case() -> None:
    found = {rule.partition(":")[0] for _, _, expected in CASES for rule in expected.split()}
    assert found | {"corridor", "could_not_be_counted"} == set(RULES)
