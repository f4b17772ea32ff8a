"""A customer's risk: what raises it, what does not, and when it asks for enhanced due diligence."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import pytest

from lakay_streams.domain import frozen
from lakay_streams.domain.compliance.limits import DEFAULT_LIMITS
from lakay_streams.domain.compliance.risk import FACTORS, LEVELS, level_of, score_of, values_of
from lakay_streams.domain.compliance.state import NEW_CUSTOMER
from lakay_streams.domain.events import RemittanceEvent
from lakay_streams.settings.countries import packaged
from tests.domain.compliance.customer import USER, Customer, instant
from tests.domain.compliance.test_cases import SPLIT

LIMITS = replace(DEFAULT_LIMITS, countries=packaged().countries)


def remitter(country: str, method: str = "wallet") -> Customer:
    """Somebody who sent 100 dollars to a country, once."""
    customer, at = Customer(LIMITS), instant("03-10", "12:00")
    customer.told(
        RemittanceEvent(
            "e-1", "remittance-initiated", at, USER, "r-1", "mother", 100_00, "USD",
            destination_country=country, payment_method=method,
        )
    )  # fmt: skip
    customer.told(RemittanceEvent("e-2", "remittance-completed", at, USER, "r-1"))
    return customer


@pytest.mark.parametrize(("country", "level"), [("CA", "low"), ("HT", "medium"), ("KP", "high")])
def test_geography_raises_it_and_haiti_alone_makes_nobody_high(country: str, level: str) -> None:
    assert remitter(country).state.risk.level == level
    assert remitter("HT", "cash").state.risk.level == "medium"


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (0.0, "low"),
        (0.30, "low"),
        (0.300001, "medium"),
        (0.60, "medium"),
        (0.600001, "high"),
        (0.80, "high"),
        (0.800001, "prohibited"),
        (1.0, "prohibited"),
    ],
)
def test_a_limit_belongs_to_the_lower_level(score: float, level: str) -> None:
    assert level_of(score, DEFAULT_LIMITS) == level


def test_it_never_falls_when_a_factor_grows() -> None:
    for place in range(len(FACTORS)):
        grown = [[value if n == place else 0.5 for n in range(len(FACTORS))] for value in (0.0, 0.2, 0.5, 0.9, 1.0)]
        scores = [score_of((a, b, c, d, e)) for a, b, c, d, e in grown]
        assert scores == sorted(scores)
        assert 0.0 <= scores[0] < scores[-1] <= 1.0


def test_an_account_that_settles_is_less_of_a_risk() -> None:
    young, old = (
        values_of(frozen.replace(NEW_CUSTOMER, registered_at=0), days * 86_400_000, LIMITS)[-1] for days in (30, 180)
    )
    assert (young, old) == (1.0, 0.0)


def test_high_risk_begins_a_due_diligence_once_and_says_what_to_ask() -> None:
    customer = Customer(LIMITS).lives(SPLIT)
    assert customer.state.reports == 1
    assert customer.state.risk.level == "medium", "one report of a customer at home"
    customer.lives("03-12 12:00 remit 400 cash to mother\n03-13 12:00 remit 400 cash to mother")
    (trigger,) = customer.triggers
    assert (trigger.risk_level, trigger.previous_level) == ("high", "medium")
    assert trigger.list_date == "2026-06-19"
    assert any("Haiti" in each or "HT" in each for each in trigger.required)
    assert any("structuring" in each for each in trigger.required)
    assert trigger.risk_score == pytest.approx(
        1 - prod(1 - factor.value * factor.weight for factor in trigger.factors), abs=1e-4
    )
    assert [factor.factor for factor in trigger.factors] == [
        "geography",
        "product",
        "behaviour",
        "alerts",
        "account_age",
    ]
    customer.lives("03-14 12:00 remit 400 cash to mother")
    assert len(customer.triggers) == 1


def test_prohibited_is_a_trigger_of_its_own() -> None:
    customer = remitter("KP")
    assert [trigger.risk_level for trigger in customer.triggers] == ["high"]
    customer.lives(SPLIT)
    assert [trigger.risk_level for trigger in customer.triggers] == ["high", "prohibited"]
    assert any("end the relationship" in each for each in customer.triggers[-1].required)


def test_a_withdrawn_report_lowers_it_again() -> None:
    customer = Customer(LIMITS).lives(SPLIT)
    before = customer.state.risk.score
    customer.lives("03-10 16:00 fails 2\n03-10 16:30 fails 3")
    assert customer.state.reports == 0
    assert customer.state.risk.score < before


def test_levels_rise() -> None:
    assert LEVELS == ("low", "medium", "high", "prohibited")
