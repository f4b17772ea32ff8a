"""What a profile learns, from which sessions, and when."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakay_streams.domain.behavior.learning import settle
from lakay_streams.domain.behavior.profile import ACTIVE, BUILDING, STALE, state_of
from lakay_streams.domain.behavior.sessions import HELD, SUSPECTS
from lakay_streams.domain.geography import within
from lakay_streams.domain.user_state import UserState
from tests.domain.behavior.life import HOTEL_NETWORK, LAGOS_NETWORK, Life, copied, highest, settled
from tests.domain.story import BOSTON, HOUR, LAGOS, MIAMI, MINUTE

HABITS = ("amounts", "devices", "countries", "networks", "regions")


def known(life: Life, at: int | None = None) -> dict[str, Any]:
    """Everything that is known of a user's habits once all that is over by then has been learned."""
    state = settle(life.state, life.at if at is None else at, life.behavior)
    return {name: getattr(state, name) for name in HABITS} | {"habits": state.behavior.habits}


def devices(life: Life) -> list[str]:
    return [entry.value for entry in known(life)["devices"].entries]


# Each of the ten event types.


def before_and_after(life: Life, event_type: str, **changes: Any) -> tuple[UserState, UserState]:
    before = settle(life.state, life.at, life.behavior)
    life.does(event_type, **changes)
    return before, life.state


@pytest.mark.parametrize(
    ("event_type", "what"),
    [
        ("user-registered", "registered_at"),
        ("user-verified", "verified_at"),
        ("user-profile-updated", "held"),
        ("login-attempt", None),
        ("login-success", "held"),
        ("login-failed", "habits"),
        ("session-started", "held"),
        ("session-ended", "habits"),
        ("device-registered", "held"),
        ("user-action-performed", "held"),
    ],
)
def test_every_event_type_of_users_leaves_its_mark(event_type: str, what: str | None) -> None:
    life = settled().waits(hours=3)
    if event_type == "session-ended":
        life.does("session-started", session_id="s")
        life.waits(minutes=7)
    told = {"session_id": "s", "duration_seconds": 420, "actions_count": 9} if event_type == "session-ended" else {}
    before, after = before_and_after(life, event_type, **told)
    if what is None:
        assert after.login_attempts != before.login_attempts, "an attempt proves nothing, but is counted"
        assert after.behavior == before.behavior
    else:
        assert getattr(after.behavior, what) != getattr(before.behavior, what)


def test_a_session_teaches_its_length_its_actions_its_hour_and_that_logins_succeed() -> None:
    life = settled()
    before = life.habits
    life.waits(hours=1).visits(actions=5)
    after = life.habits
    assert after.sessions == before.sessions + 1
    for name in ("seconds", "actions", "logins"):
        assert getattr(after, name).history == getattr(before, name).history + 1
    assert after.hours.history == after.weekdays.history == after.sessions
    assert after.learned_at == life.at


def test_the_share_of_the_newest_session_is_a_setting() -> None:
    slow, fast = settled(), settled()
    fast.behavior = replace(fast.behavior, ema_decay_rate=0.5)
    for life in (slow, fast):
        life.waits(hours=1).visits(actions=40)
    for name in ("seconds", "actions"):
        assert getattr(fast.habits, name).mean > getattr(slow.habits, name).mean


def test_a_mistyped_password_lowers_the_share_of_logins_that_succeed_and_a_strangers_guess_does_not() -> None:
    life = settled()
    assert life.habits.logins.mean == 1.0
    life.mistypes(2)
    assert 0.7 < life.habits.logins.mean < 0.8
    guessed = settled().moves_to(LAGOS, LAGOS_NETWORK, "thief")
    guessed.mistypes(9)
    assert guessed.habits.logins.mean == 1.0
    assert guessed.state.behavior.guesses is not None
    assert guessed.state.behavior.guesses.refused == 9


# When.


def test_a_session_of_the_users_own_is_learned_when_it_ends() -> None:
    life = settled()
    sessions = life.habits.sessions
    life.waits(hours=1).logs_in_well()
    assert life.habits.sessions == sessions
    life.does("session-started", session_id="s")
    life.waits(minutes=5).does("session-ended", session_id="s", duration_seconds=300, actions_count=2)
    assert life.habits.sessions == sessions + 1
    assert not life.state.behavior.held


@pytest.mark.parametrize(("minutes", "over"), [(30, False), (30.001, True)])
def test_a_session_without_an_end_is_over_after_half_an_hour(minutes: float, over: bool) -> None:
    life = settled().waits(hours=1)
    sessions = life.habits.sessions
    life.logs_in_well()
    life.waits(minutes=minutes)
    assert known(life)["habits"].sessions == sessions + over


@pytest.mark.parametrize(("ms", "learned"), [(-1, False), (0, True)])
def test_a_session_in_doubt_is_held_back_for_a_day(ms: int, learned: bool) -> None:
    life = settled()
    life.device = "another"
    began = life.at + 900
    life.visits()
    life.at = began + 24 * HOUR + ms
    assert ("another" in devices(life)) == learned


def test_a_device_used_many_times_a_day_is_learned_all_the_same() -> None:
    life = settled()
    life.device = "another"
    for _ in range(30):
        life.visits()
        life.waits(hours=1)
    assert "another" in devices(life)
    assert len(life.state.behavior.held) <= 1


def test_the_first_of_each_kind_is_known_at_once() -> None:
    life = Life()
    life.does("user-registered", session_id=None, place=None)
    assert devices(life) == ["telephone"]
    assert not life.state.regions, "registration told no place"
    life.waits(minutes=1).does("device-registered", session_id=None)
    assert within(life.state.regions[0], BOSTON.latitude or 0.0, BOSTON.longitude or 0.0)
    life.waits(hours=1).device = "second"
    assert highest(*life.visits()) == "low"
    assert devices(life) == ["telephone"], "the second one is not"


def test_a_standing_order_teaches_its_amount() -> None:
    life = settled()
    history = life.state.amounts.history
    life.waits(hours=1).pays(50, device_id=None, ip_address=None, place=None)
    assert life.state.amounts.history == history + 1


def test_while_somebody_is_in_doubt_not_even_a_standing_order_teaches() -> None:
    life = settled().moves_to(LAGOS, LAGOS_NETWORK, "thief")
    life.logs_in_well()
    amounts = life.state.amounts
    life.pays(5_000, device_id=None, ip_address=None, place=None)
    assert life.state.amounts == amounts


# Building, active, stale.


def test_a_profile_is_built_active_and_stale() -> None:
    life = Life().enrols()
    told = []
    for _ in range(11):
        life.visits()
        told.append(state_of(life.habits, life.at, life.behavior))
        life.waits(days=1)
    assert told == [BUILDING] * 9 + [ACTIVE] * 2
    assert life.habits.learned_at is not None
    at = life.habits.learned_at + life.behavior.staleness_ms
    assert state_of(life.habits, at, life.behavior) == ACTIVE
    assert state_of(life.habits, at + 1, life.behavior) == STALE


def test_only_sessions_that_were_learned_keep_a_profile_fresh() -> None:
    life = settled().moves_to(LAGOS, LAGOS_NETWORK, "thief")
    for _ in range(40):
        life.waits(days=1).mistypes(4)
    assert state_of(life.habits, life.at, life.behavior) == STALE


# Never from a takeover.


def thief(life: Life, random: Random) -> None:
    """Break in, and do all a thief might do; the device and the place are never the user's."""
    life.moves_to(random.choice((LAGOS, MIAMI)), random.choice((LAGOS_NETWORK, HOTEL_NETWORK)), "thief's telephone")
    life.waits(hours=random.uniform(1, 12)).mistypes(random.randrange(9))
    for _ in range(random.randrange(1, 5)):
        change = ("email",) if random.random() < 0.5 else ()
        life.visits(random.uniform(10, 3_000), random.randrange(9), change)
        life.waits(minutes=random.choice((1, 20, 45, 300)))
    life.visits(2_000.0, change=("payout_account",))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), later=st.sampled_from([1, 26, 50, 24 * 20]))
def test_a_profile_never_learns_from_a_session_that_was_scored_as_a_takeover(seed: int, later: int) -> None:
    """With the thief and without, the same is known of the user: an hour after, days after, weeks after."""
    random = Random(seed)
    life, twin = settled(), settled()
    life.visits(100.0)
    twin.visits(100.0)
    thief(life, random)
    assert any(each.alerted for each in life.takeovers)
    twin.at = life.at = life.at + later * HOUR
    assert known(life) == known(twin)
    life.comes_home().visits(120.0)
    twin.visits(120.0)
    assert known(life) == known(twin)


def test_a_thief_who_comes_back_next_week_teaches_nothing_either() -> None:
    life = settled().waits(days=1)
    thief(life, Random(3))
    before = known(life)
    for _ in range(6):
        life.waits(days=3).visits()
    assert known(life) == before


def test_what_the_thief_did_before_the_takeover_was_seen_is_not_learned() -> None:
    life = settled().waits(days=1).moves_to(MIAMI, HOTEL_NETWORK, "thief")
    assert highest(*life.visits()) == "medium"
    life.waits(hours=20)
    assert highest(*life.visits(400.0)) == "high"
    life.waits(days=10)
    assert "thief" not in devices(life)


def test_a_copied_device_is_no_suspect_and_the_thiefs_network_is() -> None:
    life = settled()
    life.visits()
    life.waits(minutes=50).moves_to(LAGOS, LAGOS_NETWORK)
    assert highest(*life.visits()) == "high"
    life.waits(hours=30)
    before = known(life)
    life.comes_home().visits()
    assert known(life)["habits"].sessions == before["habits"].sessions + 1, "the user's own telephone goes on teaching"
    life.waits(days=2).moves_to(LAGOS, LAGOS_NETWORK)
    life.visits()
    life.waits(days=2)
    assert "NG" not in [entry.value for entry in known(life)["countries"].entries]


# Order and bounds.


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_late_and_disordered_events_change_bounds_of_nothing(seed: int) -> None:
    random, life = Random(seed), settled()
    kinds = ["login-success", "login-failed", "session-started", "session-ended", "user-action-performed"]
    now = life.at
    for _ in range(120):
        now += random.randrange(2 * HOUR)
        life.at = now - random.choice((0, 0, MINUTE, 5 * HOUR, 36 * HOUR))
        life.device = random.choice(("telephone", "a", "b", "c", "d", "e"))
        life.moves_to(random.choice((BOSTON, MIAMI, LAGOS)), random.choice((LAGOS_NETWORK, HOTEL_NETWORK)))
        if random.random() < 0.2:
            life.pays(random.uniform(1, 5_000))
        else:
            life.does(random.choice(kinds), session_id=random.choice("xyz"), duration_seconds=60, actions_count=1)
        profile = life.state.behavior
        assert len(profile.held) <= HELD
        assert len(profile.suspects) <= SUSPECTS
        assert all(session.started_at <= session.last_at for session in profile.held)
        assert 0.0 <= profile.habits.logins.mean <= 1.0
        for known_of in (life.state.devices, life.state.networks, life.state.countries):
            assert sum(entry.share for entry in known_of.entries) <= 1.0 + 1e-9


def test_a_session_is_the_same_told_in_another_order() -> None:
    """A payment that overtakes the login of its own session does not make it two."""
    life, twin = settled().waits(hours=2), settled().waits(hours=2)
    at = life.at
    for order, each in ((("login", "pay"), life), (("pay", "login"), twin)):
        for what in order:
            each.at = at + (MINUTE if what == "pay" else 0)
            each.pays(100.0) if what == "pay" else each.does("login-success", session_id=None)
        each.at = at + 2 * HOUR
    assert known(life) == known(twin)
    assert copied(life).habits == life.habits
