"""From findings to a score, a tier and a recommendation."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.compose import WEIGHTS, composite_score, decisive, recommendation, risk_tier
from lakay_streams.domain.fraud.grading import AT_LIMIT
from lakay_streams.domain.fraud.limits import DEFAULT_LIMITS, FraudLimits
from lakay_streams.domain.frozen import replace


def found(rule: str, score: float = 1.0) -> Finding:
    return Finding(rule, score, "reason", {"value": 1}, ("event",), "otherwise")


findings = st.lists(st.builds(found, st.sampled_from(sorted(WEIGHTS)), st.floats(0, 1)), max_size=20)


@given(findings, findings)
def test_the_composite_is_bounded_and_never_falls_when_findings_are_added(
    one: list[Finding], more: list[Finding]
) -> None:
    assert 0.0 <= composite_score(one) <= composite_score([*one, *more]) <= 1.0


@given(findings)
def test_the_order_of_findings_does_not_matter(some: list[Finding]) -> None:
    assert composite_score(some) == pytest.approx(composite_score(some[::-1]), abs=2e-6)


def test_without_findings_the_score_is_zero() -> None:
    assert composite_score(()) == 0.0


ENOUGH_ALONE = {"impossible_travel", "login_velocity", "card_testing", "failed_transactions", "transaction_count_1h"}


@pytest.mark.parametrize("rule", sorted(WEIGHTS))
def test_only_signs_without_an_innocent_reading_can_be_high_alone(rule: str) -> None:
    assert (composite_score([found(rule)]) >= DEFAULT_LIMITS.high_threshold) == (rule in ENOUGH_ALONE)


def test_all_amount_rules_together_are_not_high_at_whatever_hour() -> None:
    amounts = [found(rule) for rule, weight in WEIGHTS.items() if weight.family == "amount"]
    assert len(amounts) > 1
    assert composite_score([*amounts, found("unusual_hour")]) < DEFAULT_LIMITS.high_threshold


STRONG = {
    "new_device": 1.0,
    "profile_change": 1.0,
    "large_transaction": AT_LIMIT,
    "login_velocity": 0.57,
    "device_and_geography": 0.85,
    "failed_transactions": 0.65,
    "card_testing": 0.7,
}


@pytest.mark.parametrize("pair", list(combinations(sorted(STRONG), 2)))
def test_two_independent_strong_signs_are_high(pair: tuple[str, str]) -> None:
    assert composite_score([found(rule, STRONG[rule]) for rule in pair]) >= DEFAULT_LIMITS.high_threshold


def test_a_journey_that_changes_country_and_network_is_one_sign() -> None:
    assert composite_score([found("new_country"), found("ip_change")]) == composite_score([found("new_country")])


@pytest.mark.parametrize(
    ("score", "tier", "advice"),
    [
        (0.0, "low", "allow"),
        (0.299999, "low", "allow"),
        (0.3, "medium", "monitor"),
        (0.599999, "medium", "monitor"),
        (0.6, "high", "review"),
        (0.799999, "high", "review"),
        (0.8, "critical", "block"),
        (1.0, "critical", "block"),
    ],
)
def test_a_score_at_a_threshold_is_in_the_higher_tier(score: float, tier: str, advice: str) -> None:
    assert risk_tier(score, DEFAULT_LIMITS) == tier
    assert recommendation(tier) == advice


def test_the_tiers_follow_the_limits() -> None:
    assert risk_tier(0.65, FraudLimits(high_threshold=0.7)) == "medium"


def test_an_alert_says_which_single_difference_would_have_prevented_it() -> None:
    device = replace(found("new_device"), otherwise="On a known device, no finding")
    place = replace(found("device_and_geography"), otherwise="At home, no finding")
    assert composite_score([device, place]) >= DEFAULT_LIMITS.high_threshold
    assert decisive((device, place), DEFAULT_LIMITS) == ("On a known device, no alert", "At home, no alert")


def test_where_no_single_difference_would_have_the_alert_says_none() -> None:
    journey, login = found("impossible_travel"), found("login_velocity")
    assert decisive((journey, login), DEFAULT_LIMITS) == ()
