"""Honest people who look odd raise no alert above medium; each has a twin who differs in one respect, and reaches high.

What differs is what tells a thief from the user: who guesses, from where, when, what is done.
"""

from __future__ import annotations

import pytest

from lakay_streams.domain.behavior.decide import CHANGE, LOGIN, TRANSFER, Takeover
from lakay_streams.domain.behavior.profile import ACTIVE, BUILDING, STALE, state_of
from tests.domain.behavior.life import (
    HOTEL_NETWORK,
    LAGOS_NETWORK,
    Life,
    copied,
    highest,
    night_worker,
    settled,
)
from tests.domain.story import BOSTON, LAGOS, MIAMI, MINUTE, MONTREAL, PORT_AU_PRINCE

HAITI_NETWORK = "190.115.3.3"
ALERTED = {"high", "critical"}


def state(life: Life) -> str:
    return state_of(life.habits, life.at, life.behavior)


# A new user.


def new_user() -> Life:
    """Registered three days ago; logs in from the telephone in the evening and from a laptop, all at home."""
    life = Life().enrols()
    for day in range(3):
        life.visits(40.0 if day else None)
        life.waits(days=1)
    assert state(life) == BUILDING
    return life


def adds_a_payout_account(life: Life) -> list[Takeover]:
    """With a device never used before, from where `life` is: log in, change the payout account, send money."""
    life.device = "laptop"
    return life.visits(150.0, change=("payout_account",))


def test_a_new_user_with_a_second_device_who_sets_up_the_account_raises_no_alert() -> None:
    life = new_user()
    assert highest(*adds_a_payout_account(life), *life.takeovers) in {"low", "medium"}


def test_the_new_users_twin_whose_laptop_is_in_another_region_does() -> None:
    life = new_user().moves_to(MIAMI, HOTEL_NETWORK)
    assert highest(*adds_a_payout_account(life.waits(hours=6))) in ALERTED


def test_a_new_user_who_sends_money_from_a_laptop_on_a_journey_raises_no_alert() -> None:
    life = new_user().moves_to(MIAMI, HOTEL_NETWORK, "laptop").waits(hours=6)
    assert highest(*life.visits(150.0)) == "medium"


def test_the_twin_who_had_to_guess_the_password_does() -> None:
    life = new_user().moves_to(MIAMI, HOTEL_NETWORK, "laptop").waits(hours=6)
    assert highest(*life.mistypes(6).visits(150.0)) in ALERTED


# A traveller.


def travels(life: Life) -> list[Takeover]:
    """Ten days of visits at all hours in three countries, with payments, some of them presents."""
    seen: list[Takeover] = []
    journey = ((PORT_AU_PRINCE, HAITI_NETWORK), (MONTREAL, "192.0.2.9"), (MIAMI, HOTEL_NETWORK), (BOSTON, life.address))
    for place, address in journey:
        life.waits(days=2, hours=6).moves_to(place, str(address))
        seen += life.visits(200.0)
        seen += life.waits(hours=7).visits()
        seen += life.waits(hours=5).visits(350.0)
    return seen


def test_a_traveller_with_her_own_telephone_raises_no_alert() -> None:
    assert highest(*travels(settled())) in {"low", "medium"}


def test_the_travellers_twin_with_another_device_does() -> None:
    life = settled()
    life.device = "thief's telephone"
    assert highest(*travels(life)) in ALERTED


def test_the_travellers_twin_who_arrives_sooner_than_any_airliner_does() -> None:
    life = settled()
    life.visits()
    life.waits(minutes=40).moves_to(PORT_AU_PRINCE, HAITI_NETWORK)
    (first, *_) = life.visits()
    assert (first.kind, first.risk_tier) == (LOGIN, "high")


# A user with a new telephone.


def takes_a_new_telephone(life: Life) -> list[Takeover]:
    """Register it where `life` is, change the number that came with it, and pay as ever."""
    before = len(life.takeovers)
    life.device = "new telephone"
    life.does("device-registered", session_id=None)
    life.waits(minutes=5).mistypes(2).visits(change=("phone",))
    life.waits(hours=20).visits(110.0)
    life.waits(hours=2).visits(130.0)
    return life.takeovers[before:]


def test_a_new_telephone_with_a_new_number_at_home_raises_no_alert() -> None:
    life = settled()
    assert highest(*takes_a_new_telephone(life)) == "medium"
    assert highest(*life.waits(days=2).visits(120.0)) == "low", "by now it is known"


def test_its_twin_in_another_region_does() -> None:
    life = settled().moves_to(MIAMI, HOTEL_NETWORK)
    seen = takes_a_new_telephone(life.waits(days=1))
    assert highest(*seen) in ALERTED
    assert CHANGE in {each.kind for each in seen if each.alerted}


# A night-shift worker.


def test_a_night_shift_worker_with_a_new_telephone_on_a_journey_raises_no_alert() -> None:
    life = night_worker().moves_to(LAGOS, LAGOS_NETWORK, "new telephone")
    assert highest(*life.waits(days=1).visits()) == "medium"


def test_the_night_workers_twin_who_comes_while_the_user_sleeps_does() -> None:
    life = night_worker().moves_to(LAGOS, LAGOS_NETWORK, "new telephone")
    assert highest(*life.waits(days=1, hours=12).visits()) in ALERTED


def test_it_is_the_hour_for_this_user_that_counts() -> None:
    """For somebody who comes in the evening it is the other way round."""
    day = settled().moves_to(LAGOS, LAGOS_NETWORK, "new telephone")
    assert highest(*copied(day).waits(days=1, hours=7).visits()) in ALERTED
    assert highest(*day.waits(days=1).visits()) == "medium"


def test_a_night_shift_worker_at_home_is_just_a_user() -> None:
    life = night_worker()
    assert highest(*life.visits(120.0), *life.waits(hours=1).visits(300.0)) == "low"


# Others.


def test_who_forgot_the_password_at_home_and_resets_it_raises_no_alert() -> None:
    life = settled()
    seen = life.mistypes(5).visits(150.0, change=("password",))
    assert highest(*seen) == "low"


def test_the_twin_whose_password_a_stranger_guessed_does() -> None:
    life = settled().moves_to(LAGOS, LAGOS_NETWORK, "thief's telephone")
    assert highest(*life.waits(days=1).mistypes(5).visits()) in ALERTED


def test_who_comes_back_after_months_with_all_that_is_new_raises_no_alert() -> None:
    life = settled().waits(days=90).moves_to(MIAMI, HOTEL_NETWORK, "new telephone")
    assert state(life) == STALE
    assert highest(*life.visits(150.0)) == "medium"


def test_the_twin_who_was_active_yesterday_does() -> None:
    life = settled().waits(days=1).moves_to(MIAMI, HOTEL_NETWORK, "new telephone")
    assert state(life) == ACTIVE
    assert highest(*life.visits(150.0)) in ALERTED


def test_a_whole_takeover_is_told_step_by_step_and_critical_at_the_end() -> None:
    life = settled().moves_to(LAGOS, LAGOS_NETWORK, "thief's telephone").waits(days=1)
    life.mistypes(8)
    seen = [each for each in life.visits(900.0, change=("email", "payout_account")) if each.alerted]
    assert [each.kind for each in seen] == [LOGIN, CHANGE, TRANSFER]
    assert seen[-1].risk_tier == "critical"


def test_the_user_who_comes_home_from_the_telephone_meanwhile_is_not_blamed() -> None:
    life = settled().waits(days=1).moves_to(LAGOS, LAGOS_NETWORK, "thief's telephone")
    life.mistypes(8).visits(900.0, change=("email",))
    seen = life.waits(ms=10 * MINUTE).comes_home().visits(100.0)
    assert highest(*seen) == "low"


@pytest.mark.parametrize("days", [1, 5, 20])
def test_a_year_of_ordinary_life_raises_no_alert(days: int) -> None:
    life = settled()
    for number in range(30):
        life.waits(days=days if number % 10 == 9 else 1)
        if number == 12:
            life.device = "telephone of the year"
        life.visits(60.0 + 10 * number if number % 3 else None, change=("picture",) if number % 7 == 0 else ())
    assert not any(each.alerted for each in life.takeovers)
