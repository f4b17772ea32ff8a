"""Each limit to the cent, to the event and to the millisecond."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from lakay_streams.domain import frozen
from lakay_streams.domain.events import Place
from lakay_streams.domain.fraud.limits import DEFAULT_LIMITS
from tests.domain.story import BOSTON, HOUR, LAGOS, MIAMI, MINUTE, Story, rules


def veteran() -> Story:
    return Story().settles_in()


@pytest.mark.parametrize(("usd", "found"), [(2_999.99, False), (3_000.00, True), (3_000.01, True)])
def test_a_transaction_is_large_from_the_limit_on(usd: float, found: bool) -> None:
    assert ("large_transaction" in rules(Story().pays(usd))) == found


@pytest.mark.parametrize(("usd", "found"), [(7_999.99, False), (8_000.00, True), (8_000.01, True)])
def test_the_single_ctr_warning_begins_at_its_threshold(usd: float, found: bool) -> None:
    assert ("ctr_single" in rules(Story().pays(usd))) == found


@pytest.mark.parametrize(("usd", "found"), [(999.99, False), (1_000.00, True), (1_000.01, True)])
def test_the_daily_ctr_warning_begins_at_its_threshold(usd: float, found: bool) -> None:
    story = Story()
    story.pays(5_000)
    story.waits(hours=2).pays(3_000)
    assert ("ctr_daily" in rules(story.waits(hours=2).pays(usd))) == found


@pytest.mark.parametrize(("ms", "found"), [(-1, True), (0, False)])
def test_the_business_day_ends_at_midnight_in_new_york(ms: int, found: bool) -> None:
    story = Story()
    story.pays(5_000)
    story.waits(hours=16, ms=ms)  # 2026-03-11 04:00 UTC is midnight in New York, on daylight saving time
    assert ("ctr_daily" in rules(story.pays(4_000))) == found


def test_the_daily_ctr_warning_names_the_transactions_of_its_day_only() -> None:
    story = Story()
    story.pays(50)
    story.waits(hours=16)
    todays = [story.waits(minutes=1).pays(4_500) for _ in range(2)]
    finding = next(each for each in todays[1].findings if each.rule == "ctr_daily")
    assert finding.event_ids == (story.id_of(2), story.id_of(3))
    assert finding.evidence["amount_day"] == "9000.00 USD"
    assert finding.evidence["business_day"] == "2026-03-11"
    assert not finding.evidence["evidence_truncated"]


@pytest.mark.parametrize(("usd", "found"), [(999.99, False), (1_000.00, False), (1_000.01, True)])
def test_the_amount_of_24_hours_may_reach_its_limit_but_not_pass_it(usd: float, found: bool) -> None:
    story = Story()
    story.pays(9_000)
    assert ("amount_24h" in rules(story.waits(hours=20).pays(usd))) == found


@pytest.mark.parametrize(("ms", "found"), [(-1, True), (0, False), (1, False)])
def test_the_24_hours_end_to_the_millisecond(ms: int, found: bool) -> None:
    story = Story()
    story.pays(9_000)
    assert ("amount_24h" in rules(story.waits(hours=24, ms=ms).pays(2_000))) == found


def test_the_eleventh_transaction_within_the_hour_is_one_too_many() -> None:
    story = Story()
    assert not any("transaction_count_1h" in rules(story.waits(minutes=1).pays(100)) for _ in range(10))
    assert "transaction_count_1h" in rules(story.waits(minutes=1).pays(100))


@pytest.mark.parametrize(("ms", "found"), [(-1, True), (0, False)])
def test_the_hour_ends_to_the_millisecond(ms: int, found: bool) -> None:
    story = Story()
    for _ in range(10):
        story.pays(100)
    assert ("transaction_count_1h" in rules(story.waits(hours=1, ms=ms).pays(100))) == found


def test_a_late_transaction_counts_in_the_hour_it_belongs_to_and_not_in_a_later_one() -> None:
    story = Story()
    for _ in range(9):
        story.waits(minutes=1).pays(100)
    story.waits(hours=3).pays(100)
    now, story.at = story.at, story.at - 3 * HOUR
    assert "transaction_count_1h" not in rules(story.pays(100)), "the tenth of its hour"
    story.at += 1
    assert "transaction_count_1h" in rules(story.pays(100)), "the eleventh of its hour"
    story.at = now
    assert story.pays(100).features["transactions_1h"] == 2


def test_the_sixth_login_of_a_window_is_found_and_the_seventh_is_not_found_again() -> None:
    story = veteran()
    found = [bool(story.waits(minutes=1).logs_in().findings) for _ in range(9)]
    assert found == [False] * 5 + [True] + [False] * 3


def test_a_login_velocity_alert_is_high_risk() -> None:
    story = veteran()
    for _ in range(5):
        story.logs_in("login-failed")
    decision = story.logs_in()
    assert (decision.risk_tier, decision.recommendation) == ("high", "review")
    assert len(decision.findings[0].event_ids) == 6


@pytest.mark.parametrize(("ms", "found"), [(-1, True), (0, False)])
def test_the_login_window_ends_to_the_millisecond(ms: int, found: bool) -> None:
    story = veteran()
    for _ in range(5):
        story.logs_in()
    assert bool(story.waits(minutes=10, ms=ms).logs_in().findings) == found


def test_the_next_window_of_logins_is_found_again() -> None:
    story = veteran()
    times = [story.at for _ in range(40) if story.waits(minutes=1).logs_in().findings]
    assert len(times) == 4
    assert [later - earlier for earlier, later in pairwise(times)] == [10 * MINUTE] * 3


def test_a_login_told_as_an_attempt_and_an_outcome_counts_once() -> None:
    story = veteran()
    for _ in range(5):
        assert not story.waits(ms=900).logs_in("login-attempt").findings
        assert not story.waits(ms=900).logs_in("login-success").findings
    finding = story.logs_in("login-attempt").findings[0]
    assert finding.evidence["logins"] == 6
    assert list(finding.event_ids) == sorted(finding.event_ids), "attempts and outcomes as they came, oldest first"
    assert len(finding.event_ids) == 11


def test_a_login_alert_counts_no_more_once_the_limit_allows_it() -> None:
    story = veteran()
    for _ in range(6):
        story.logs_in("login-failed")
    story.limits = replace(DEFAULT_LIMITS, login_count_max=6)
    assert "login_velocity" not in rules(story.pays(100))


@pytest.mark.parametrize(("minutes", "found"), [(0, True), (60, True), (60.001, False)])
def test_login_velocity_counts_against_the_transactions_of_the_next_hour(minutes: float, found: bool) -> None:
    story = veteran()
    for _ in range(6):
        story.logs_in("login-failed")
    decision = story.waits(minutes=minutes).pays(100)
    assert ("login_velocity" in rules(decision)) == found
    assert decision.risk_tier == ("medium" if found else "low")


@pytest.mark.parametrize(("hours", "found"), [(0.001, True), (2.24, True), (2.26, False)])
def test_boston_to_miami_takes_an_airliner_two_hours_and_a_quarter(hours: float, found: bool) -> None:
    story = veteran()
    story.pays(100)
    story.place = MIAMI
    assert ("impossible_travel" in rules(story.waits(hours=hours).pays(100))) == found


def test_the_same_second_in_two_cities_is_impossible_and_in_two_suburbs_it_is_not() -> None:
    for place, found in ((MIAMI, True), (Place(42.9956, -71.4548, "US", "Manchester"), False)):
        story = veteran()
        story.pays(100)
        story.place = place
        assert ("impossible_travel" in rules(story.pays(100))) == found


def test_an_event_that_arrives_late_is_compared_all_the_same_and_moves_nobody() -> None:
    story = veteran()
    story.waits(hours=1).pays(100)
    story.place = LAGOS
    assert "impossible_travel" in rules(story.waits(hours=-1).pays(100))
    assert story.state.sighting is not None
    assert (story.state.sighting.latitude, story.state.sighting.longitude) == (BOSTON.latitude, BOSTON.longitude)


def test_an_impossible_login_counts_against_the_transactions_of_the_next_hour() -> None:
    story = veteran()
    story.logs_in()
    story.place = LAGOS
    login = story.waits(minutes=10).logs_in()
    assert (rules(login), login.risk_tier) == ({"impossible_travel"}, "high")
    for minutes, found in ((60, True), (0.001, False)):
        assert ("impossible_travel" in rules(story.waits(minutes=minutes).pays(100))) == found


def test_a_late_jump_does_not_replace_a_newer_one() -> None:
    story = veteran()
    story.waits(days=1).pays(100)
    story.place = LAGOS
    newest = story.waits(minutes=1).pays(100).state.jump
    story.place, story.at = BOSTON, story.at - 2 * HOUR
    story.pays(100)
    story.place = MIAMI
    late = story.waits(minutes=1).pays(100)
    assert "impossible_travel" in rules(late)
    assert late.state.jump is not None
    assert newest is not None
    assert late.state.jump.at >= newest.at


@pytest.mark.parametrize("unproven", ["login-failed", "login-attempt"])
def test_who_fails_to_log_in_from_afar_is_not_the_user(unproven: str) -> None:
    story = veteran()
    story.logs_in("login-attempt")
    before = story.state
    story.place, story.device = LAGOS, "thief"
    decision = story.waits(minutes=1).logs_in(unproven)
    assert not decision.findings
    for habitat in ("devices", "countries", "networks", "regions", "sighting"):
        assert getattr(decision.state, habitat) == getattr(before, habitat)
    story.place, story.device = BOSTON, "telephone"
    assert story.waits(minutes=1).pays(100).risk_tier == "low"


@pytest.mark.parametrize(("ms", "found"), [(-1, True), (0, False)])
def test_a_device_is_new_for_24_hours_after_it_was_first_seen(ms: int, found: bool) -> None:
    story = veteran()
    story.device = "another"
    story.logs_in()
    assert ("new_device" in rules(story.waits(hours=24, ms=ms).pays(100))) == found


def test_nothing_is_new_about_the_first_event_of_a_user() -> None:
    assert not Story().pays(100).findings


def test_an_event_that_does_not_say_where_it_comes_from_is_from_nowhere_new() -> None:
    assert not veteran().pays(100, device_id=None, ip_address=None, place=None).findings


@pytest.mark.parametrize(("days", "found"), [(0, True), (1, True), (1.0001, False)])
def test_a_changed_password_counts_for_a_day(days: float, found: bool) -> None:
    story = veteran()
    story.does("user-profile-updated", changed_fields=("Password", "picture"))
    assert ("profile_change" in rules(story.waits(days=days).pays(100))) == found


def test_a_late_transaction_from_before_the_change_is_not_blamed_on_it() -> None:
    story = veteran()
    story.does("user-profile-updated", changed_fields=("email",))
    assert "profile_change" not in rules(story.waits(ms=-1).pays(100))


def test_a_late_change_does_not_replace_a_newer_one() -> None:
    story = veteran()
    newest = story.does("user-profile-updated", changed_fields=("email",)).state.profile_change
    assert story.waits(hours=-1).does("user-profile-updated", changed_fields=("pin",)).state.profile_change == newest


@pytest.mark.parametrize(("failures", "found"), [(2, False), (3, True)])
def test_the_third_failure_within_the_hour_is_found(failures: int, found: bool) -> None:
    story = veteran()
    for _ in range(failures):
        story.waits(minutes=1).is_declined()
    assert ("failed_transactions" in rules(story.pays(100))) == found


@pytest.mark.parametrize(("usd", "found"), [(10.00, True), (10.01, False)])
def test_the_fourth_tiny_transaction_is_found(usd: float, found: bool) -> None:
    story = veteran()
    assert not any("card_testing" in rules(story.waits(minutes=30).pays(usd)) for _ in range(3))
    assert ("card_testing" in rules(story.waits(minutes=30).pays(usd))) == found


def test_an_amount_is_unusual_only_once_the_profile_is_warm() -> None:
    for payments, found in ((4, False), (5, True)):
        story = Story().settles_in(payments, usd=100)
        assert ("unusual_amount" in rules(story.pays(2_000))) == found


@pytest.mark.parametrize(("usd", "found"), [(99.99, False), (100.00, True)])
def test_below_a_hundred_dollars_nothing_is_unusual(usd: float, found: bool) -> None:
    assert ("unusual_amount" in rules(Story().settles_in(usd=12).pays(usd))) == found


def test_the_spike_is_judged_before_it_is_learned() -> None:
    story = Story().settles_in(5, usd=100)
    first, second = story.pays(2_000), story.waits(minutes=2).pays(2_000)
    assert first.features["amount_spreads"] == second.features["amount_spreads"] > 3, "its session is not over"
    assert story.waits(days=1).pays(2_000).features["amount_spreads"] < 3


def test_what_otherwise_says_is_true() -> None:
    """The margin a finding names is exact: with so much less there is none, with a cent more there is."""
    story = veteran()
    found = {each.rule: each for each in story.pays(8_500).findings}
    for rule in ("large_transaction", "ctr_single", "unusual_amount"):
        less = float(found[rule].otherwise.split(" ")[0])
        assert rule not in rules(veteran().pays(8_500 - less))
        assert rule in rules(veteran().pays(8_500 - less + 0.01))


def test_an_unknown_currency_is_a_finding_and_its_amount_counts_as_nothing() -> None:
    story = veteran()
    decision = story.pays(5_000, currency="XYZ")
    assert rules(decision) == {"unknown_currency"}
    assert (decision.risk_tier, decision.recommendation) == ("medium", "monitor")
    assert decision.features["transactions_1h"] == 1
    assert decision.features["amount_24h_usd"] == 0
    assert decision.state.amounts == veteran().pays(100).state.amounts
    assert story.waits(days=1).pays(100).state.amounts == decision.state.amounts


@pytest.mark.parametrize("medium", [0.05, 0.3, 0.36, 0.59])
def test_an_unknown_currency_is_at_least_medium_wherever_medium_begins(medium: float) -> None:
    limits = replace(DEFAULT_LIMITS, medium_threshold=medium)
    assert Story(limits).pays(5, currency="XYZ").risk_tier == "medium"


@pytest.mark.parametrize(
    ("minor", "rule"), [(393_184_80, "large_transaction"), (1_048_492_80, "ctr_single")], ids=["large", "single"]
)
def test_a_limit_is_compared_with_before_what_is_converted_is_rounded(minor: int, rule: str) -> None:
    """At 0.00763 dollars a gourde: one hundredth less is worth a fraction of a cent less than 3,000 and 8,000."""
    assert rule in rules(Story().pays(0, amount_minor=minor, currency="HTG"))
    assert rule not in rules(Story().pays(0, amount_minor=minor - 1, currency="HTG"))


def test_more_than_the_limit_of_a_day_is_more_by_whatever_little() -> None:
    story = Story()
    story.pays(9_000)
    assert "amount_24h" not in rules(story.waits(minutes=1).pays(0, amount_minor=13106159, currency="HTG"))
    story = Story()
    story.pays(9_000)
    assert "amount_24h" in rules(story.waits(minutes=1).pays(0, amount_minor=13106160, currency="HTG"))


def test_changed_limits_are_in_force_at_the_next_event() -> None:
    story = veteran()
    assert "large_transaction" not in rules(story.pays(200))
    story.limits = replace(DEFAULT_LIMITS, large_txn_min_minor=200_00)
    assert "large_transaction" in rules(story.pays(200))


def test_a_completed_transaction_changes_nothing_but_the_ring() -> None:
    story = veteran()
    before = story.state
    decision = story.is_completed()
    assert decision.state == frozen.replace(before, seen=decision.state.seen)
    assert decision.state.seen != before.seen


def test_an_ipv6_address_that_leaves_out_zeros_is_in_the_same_network() -> None:
    story = Story()
    story.does("login-success", ip_address="2001:db8::1")
    story.waits(days=3)
    assert "ip_change" not in rules(story.pays(20, ip_address="2001:db8:0:9::1"))
    assert "ip_change" in rules(story.pays(20, ip_address="2001:db8:1::1"))


def test_a_country_without_coordinates_is_new_and_no_journey() -> None:
    """A geolocation service that knows no more tells a country's middle, which is no place to have been at."""
    story = Story()
    story.settles_in()
    found = rules(story.pays(20, place=Place(None, None, "NG"), device_id="other"))
    assert {"new_country", "device_and_geography"} <= found
    assert "impossible_travel" not in found
    assert rules(story.pays(20, place=Place(None, None, "US"))) == set()
