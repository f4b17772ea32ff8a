"""An operator's word: a profile begins anew, or the suspected sessions were the user's own."""

from __future__ import annotations

from lakay_streams.domain.behavior.disposition import LEGITIMATE, RESET, dispose
from lakay_streams.domain.behavior.profile import BUILDING, Habits, state_of
from lakay_streams.domain.ema import Ema
from lakay_streams.domain.events import ProfileDisposition
from lakay_streams.domain.known import Known
from tests.domain.behavior.life import HOTEL_NETWORK, Life, highest, settled
from tests.domain.story import MIAMI


def falsely_alerted() -> Life:
    """The user lost the telephone in Miami, bought another there, and paid with it."""
    life = settled().waits(days=1).moves_to(MIAMI, HOTEL_NETWORK, "bought in Miami")
    assert highest(*life.visits(150.0)) == "high"
    return life.waits(hours=2)


def devices(life: Life) -> list[str]:
    return [entry.value for entry in life.state.devices.entries]


def test_a_reset_forgets_all_habits_and_keeps_what_was_counted() -> None:
    life = falsely_alerted()
    before = life.state
    state = life.is_disposed(RESET).state
    assert (state.amounts, state.devices, state.countries, state.networks) == (Ema(), Known(), Known(), Known())
    assert state.regions == ()
    assert state.behavior.habits == Habits()
    assert not (state.behavior.held)
    assert not (state.behavior.suspects)
    assert not (state.behavior.alerts)
    assert state.behavior.registered_at == before.behavior.registered_at
    for counted in ("transactions", "login_outcomes", "days", "sighting", "profile_change"):
        assert getattr(state, counted) == getattr(before, counted)
    assert state_of(life.habits, life.at, life.behavior) == BUILDING


def test_after_a_reset_the_next_device_is_the_users() -> None:
    life = falsely_alerted().is_disposed(RESET)
    assert highest(*life.visits(150.0)) == "low"
    assert devices(life) == ["bought in Miami"]


def test_without_a_disposition_the_device_stays_unknown_for_a_month() -> None:
    life = falsely_alerted()
    for _ in range(9):
        life.waits(days=3).visits()
    assert "bought in Miami" not in devices(life)
    for _ in range(4):
        life.waits(days=3).visits()
    assert "bought in Miami" in devices(life), "what came to no harm in a month is believed in the end"


def test_what_an_operator_vouches_for_is_known_at_once() -> None:
    life = falsely_alerted()
    sessions = life.habits.sessions
    life.is_disposed(LEGITIMATE)
    assert life.habits.sessions == sessions + 1
    assert "bought in Miami" in devices(life)
    assert highest(*life.visits(150.0)) == "low"


def test_it_is_so_days_after_the_session_too() -> None:
    life = falsely_alerted().waits(days=5)
    life.visits()
    life.waits(hours=2).is_disposed(LEGITIMATE)
    assert not (life.state.behavior.held)
    assert not (life.state.behavior.suspects)
    assert highest(*life.visits(150.0)) == "low"


def test_a_session_of_the_users_own_goes_on_through_a_disposition() -> None:
    life = settled()
    life.waits(hours=1).logs_in_well()
    held = life.state.behavior.held
    assert life.is_disposed(LEGITIMATE).state.behavior.held == held


def test_guesses_changes_and_alerts_are_forgiven() -> None:
    life = settled().waits(days=1).moves_to(MIAMI, HOTEL_NETWORK, "bought in Miami")
    life.mistypes(6).visits(150.0, change=("phone",))
    profile = life.is_disposed(LEGITIMATE).state.behavior
    assert (profile.guesses, profile.change_strangeness, profile.alerts) == (None, 0.0, ())


def test_the_ring_of_event_ids_is_carried_on() -> None:
    life = settled()
    event = ProfileDisposition("id", "profile-disposition", life.at, "user", RESET)
    assert dispose(life.state, event, life.behavior, b"12345678").seen == b"12345678"
    assert dispose(life.state, event, life.behavior).seen == life.state.seen
