"""Honest people who look odd stay below high; their fraudulent twins reach it."""

from __future__ import annotations

from random import Random

import pytest

from lakay_streams.domain.decision import Decision
from lakay_streams.domain.events import Place
from lakay_streams.domain.fraud.limits import DEFAULT_LIMITS
from lakay_streams.domain.user_state import UserState
from tests.domain.story import BOSTON, HOUR, LAGOS, MIAMI, MINUTE, MONTREAL, PORT_AU_PRINCE, Story

ALERTED = {"high", "critical"}


def settled() -> Story:
    return Story().settles_in()


def tiers(*decisions: Decision[UserState]) -> set[str]:
    return {decision.risk_tier for decision in decisions}


def test_a_traveller_with_her_own_telephone_is_not_alerted() -> None:
    story, seen = settled(), []
    story.logs_in()
    for place, hours in ((MIAMI, 6), (PORT_AU_PRINCE, 8), (MONTREAL, 24 * 10), (BOSTON, 24)):
        story.place = place
        story.waits(hours=hours)
        seen += [story.logs_in(), story.waits(minutes=5).pays(220), story.waits(hours=1).pays(300)]
    assert not tiers(*seen) & ALERTED


def test_her_twin_who_is_in_two_cities_at_once_is() -> None:
    story = settled()
    story.pays(100)
    story.place = PORT_AU_PRINCE
    assert tiers(story.waits(minutes=40).pays(220)) <= ALERTED


@pytest.mark.parametrize("place", [PORT_AU_PRINCE, MONTREAL, LAGOS])
def test_who_travels_with_a_telephone_and_sends_a_large_gift_is_watched_not_stopped(place: Place) -> None:
    story = settled()
    story.place = place
    assert tiers(story.waits(days=1).pays(700)) == {"medium"}


def test_a_new_telephone_at_the_usual_place_is_not_alerted() -> None:
    story = settled()
    story.device = "new telephone"
    seen = [story.does("device-registered"), story.waits(minutes=2).logs_in()]
    seen += [story.waits(hours=2).pays(usd) for usd in (120, 180, 60, 250)]
    assert not tiers(*seen) & ALERTED
    assert "medium" in tiers(*seen)


@pytest.mark.parametrize("sign", ["large", "unusual", "profile", "country", "region", "guessing", "tiny"])
def test_its_twin_with_one_more_strong_sign_is(sign: str) -> None:
    story, usd = settled(), 150.0
    story.device = "thief's telephone"
    if sign == "guessing":
        for _ in range(6):
            story.waits(ms=900).logs_in("login-failed")
    if sign in {"country", "region"}:
        story.waits(hours=12).place = LAGOS if sign == "country" else MIAMI
    story.logs_in()
    if sign == "profile":
        story.does("user-profile-updated", changed_fields=("phone", "email"))
    if sign == "tiny":
        for _ in range(3):
            story.waits(minutes=3).pays(1.5)
        usd = 2.0
    if sign in {"large", "unusual"}:
        usd = 3_000 if sign == "large" else 600
    assert tiers(story.waits(minutes=10).pays(usd)) <= ALERTED


def test_a_stolen_account_with_everything_is_critical() -> None:
    story = settled()
    story.device, story.place = "thief's telephone", LAGOS
    story.waits(hours=12).logs_in()
    story.does("user-profile-updated", changed_fields=("email",))
    decision = story.waits(minutes=20).pays(2_500)
    assert (decision.risk_tier, decision.recommendation) == ("critical", "block")


def test_holiday_gifts_are_not_alerted() -> None:
    """Nine gifts in an afternoon, some of them several times the usual amount."""
    story = settled()
    seen = [story.waits(minutes=25).pays(usd) for usd in (100, 250, 80, 400, 150, 600, 120, 300, 500)]
    assert not tiers(*seen) & ALERTED


def test_a_vendor_who_collects_for_a_circle_is_not_alerted() -> None:
    """Every Friday a dozen contributions of the same 100 USD within the hour, and then the hand."""
    story, seen = settled(), []
    for _ in range(6):
        seen += [story.waits(minutes=5).pays(100, type="circle_contribution") for _ in range(12)]
        seen.append(story.waits(hours=3).pays(1_200, type="circle_payout"))
        story.waits(days=7)
    assert not tiers(*seen) & ALERTED


def test_a_house_bought_in_one_legal_transfer_is_not_alerted() -> None:
    assert tiers(settled().pays(60_000)) == {"medium"}


@pytest.mark.parametrize(("count", "minutes", "declined"), [(5, 1, 0), (8, 2, 4), (5, 40, 0), (4, 15, 3)])
def test_card_testing_is_alerted_fast_or_slow(count: int, minutes: int, declined: int) -> None:
    story, random = settled(), Random(7)
    seen = []
    for number in range(count):
        seen.append(story.waits(minutes=minutes).pays(random.uniform(0.5, 9.9)))
        if number < declined:
            story.is_declined()
    assert tiers(*seen) & ALERTED


def test_a_script_that_drains_an_account_in_pieces_is_alerted() -> None:
    story = settled()
    assert tiers(*[story.waits(minutes=1).pays(190) for _ in range(20)]) & ALERTED


@pytest.mark.parametrize("seed", range(4))
def test_of_a_years_ordinary_transactions_fewer_than_one_in_a_hundred_is_alerted(seed: int) -> None:
    """New telephones, journeys, habits of every size; the runbook (section 6.5) allows one in twenty."""
    random = Random(seed)
    alerted = scored = 0
    for _ in range(12):
        story, home = Story(), random.choice([BOSTON, MIAMI, MONTREAL, PORT_AU_PRINCE])
        usual = random.uniform(30, 400)
        story.place, story.device = home, "first"
        for week in range(52):
            if week % 26 == 20:
                story.device = f"telephone of week {week}"
            away = week % 13 == 12
            story.place = random.choice([BOSTON, MIAMI, MONTREAL, PORT_AU_PRINCE]) if away else home
            for _ in range(random.randrange(1, 5)):
                story.waits(ms=random.randrange(HOUR, 40 * HOUR))
                story.logs_in()
                story.at += random.randrange(MINUTE, 20 * MINUTE)
                decision = story.pays(round(usual * random.lognormvariate(0, 0.5), 2))
                scored += 1
                alerted += decision.composite_score >= DEFAULT_LIMITS.high_threshold
            story.waits(days=2)
    assert scored > 1_000
    assert alerted < scored / 100
