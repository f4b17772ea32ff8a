"""A customer's risk: what raises it, what does not, and when it asks for enhanced due diligence."""

from __future__ import annotations

import json
from dataclasses import replace
from math import prod

import pytest

from lakay_streams.contracts import alerts
from lakay_streams.domain import frozen
from lakay_streams.domain.compliance.alert import REVIEW
from lakay_streams.domain.compliance.decide import known_since
from lakay_streams.domain.compliance.limits import DAY_MS, DEFAULT_LIMITS
from lakay_streams.domain.compliance.risk import FACTORS, LEVELS, level_of, required, score_of, values_of
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


TELLING = (
    "sar", "suspicious", "structuring", "report", "alert", "review", "behaviour", "unusual", "rapid", "funnel",
    "circular", "corridor", "score",
)  # fmt: skip


def test_the_trigger_lets_nobody_guess_what_was_found() -> None:
    """31 CFR 1022.320(d): its readers are not those of the compliance alerts."""
    customer = Customer(LIMITS).lives(SPLIT)
    customer.lives("03-12 12:00 remit 400 cash to mother\n03-13 12:00 remit 400 cash to mother")
    (trigger,) = customer.triggers
    told = json.loads(alerts.encode(alerts.edd_trigger(trigger, settings_version="v")))
    assert (told["risk_level"], told["risk_score"], told["factors"]) == ("high", LIMITS.risk_medium_max, [])
    words = " ".join(told["required"]).lower()
    assert not [word for word in TELLING if word in words]


def test_what_is_asked_is_the_same_with_alerts_and_without() -> None:
    suspected, listed = remitter("KP"), remitter("KP")
    suspected.lives(SPLIT)
    listed.lives("03-10 09:00 deposit 100 cash\n03-10 12:00 deposit 100 cash\n03-10 15:00 deposit 100 cash")
    for level in ("high", "prohibited"):
        assert required(suspected.state, level, LIMITS) == required(listed.state, level, LIMITS)


def test_a_customer_of_a_year_who_sends_200_dollars_to_haiti_from_a_wallet_is_low() -> None:
    customer = Customer(LIMITS)
    customer.state = known_since(NEW_CUSTOMER, instant("03-10", "12:00") - 365 * DAY_MS)
    customer.lives("03-10 12:00 remit 200 wallet to mother")
    assert customer.state.risk.level == "low"
    customer.lives("03-11 12:00 remit 200 cash to mother\n03-12 12:00 remit 200 cash to mother")
    assert customer.state.risk.level == "medium", "with cash it is not"


@pytest.mark.parametrize(
    ("later", "share"),
    [
        ("03-10 18:00", 1.0),
        ("04-09 18:00", 1.0),
        ("06-23 18:00", 0.5),
        ("09-06 18:00", 0.0),
        ("12-10 18:00", 0.0),
    ],
)
def test_a_review_of_march_fades_by_the_time_of_events(later: str, share: float) -> None:
    customer = Customer(LIMITS).lives("03-10 09:00 receive 1,000 from anne\n03-10 18:00 transfer 900 wallet to paul")
    alert = customer.the("rapid_movement").finding
    assert alert.recommendation == REVIEW
    found = values_of(customer.state, instant(*later.split()), LIMITS)[2]
    assert found == pytest.approx(alert.confidence * share, abs=0.01)


def test_an_event_told_late_does_not_make_a_review_count_more_than_whole() -> None:
    customer = Customer(LIMITS).lives("03-10 09:00 receive 1,000 from anne\n03-10 18:00 transfer 900 wallet to paul")
    assert values_of(customer.state, 0, LIMITS)[2] == customer.the("rapid_movement").finding.confidence


def test_prohibited_is_a_trigger_of_its_own() -> None:
    customer = remitter("KP")
    assert [trigger.risk_level for trigger in customer.triggers] == ["high"]
    customer.lives(SPLIT)
    assert [trigger.risk_level for trigger in customer.triggers] == ["high", "prohibited"]
    assert any("end the relationship" in each for each in customer.triggers[-1].required)


def test_parts_that_fail_afterwards_do_not_lower_it() -> None:
    """What was attempted counts for suspicion, too (31 CFR 1022.320(a)(2))."""
    customer = Customer(LIMITS).lives(SPLIT)
    customer.lives("03-10 16:00 fails 2\n03-10 16:30 fails 3")
    assert customer.state.reports == 1


def test_levels_rise() -> None:
    assert LEVELS == ("low", "medium", "high", "prohibited")
