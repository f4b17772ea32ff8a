"""The takeover score: its parts, its bounds, its tiers, and how often it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain import frozen
from lakay_streams.domain.behavior.anomaly import (
    AMOUNT_WARM_UP,
    Anomaly,
    anomaly_score,
    contributions,
    unusual_activity,
    unusual_amount,
)
from lakay_streams.domain.behavior.decide import CHANGE, HIGH, LOGIN, TIERS, TRANSFER, combined, severity_of
from lakay_streams.domain.behavior.limits import DEFAULT_LIMITS
from lakay_streams.domain.behavior.profile import Habits, Session
from lakay_streams.domain.behavior.sequence import (
    CHANGE as CHANGE_WEIGHT,
)
from lakay_streams.domain.behavior.sequence import (
    ENTRY,
    GUESSING,
    IMPOSSIBLE_ENTRY,
    NO_STEPS,
    Steps,
    guesses_allowed,
    sequence_score,
)
from lakay_streams.domain.behavior.sequence import (
    TRANSFER as TRANSFER_WEIGHT,
)
from lakay_streams.domain.ema import Ema
from lakay_streams.domain.events import Place
from lakay_streams.domain.frozen import astuple
from lakay_streams.domain.usual import learn
from tests.domain.behavior.life import HOME_NETWORK, HOTEL_NETWORK, LAGOS_NETWORK, Life, copied, highest, settled
from tests.domain.story import BOSTON, HOUR, LAGOS, MIAMI, PORT_AU_PRINCE

unit = st.floats(0, 1)
ACTIVE = Habits(sessions=30)
anomalies = st.builds(Anomaly, unit, unit, unit, unit, unit)
steps = st.builds(
    Steps,
    st.floats(0, GUESSING),
    st.floats(0, IMPOSSIBLE_ENTRY),
    st.floats(0, CHANGE_WEIGHT),
    st.floats(0, TRANSFER_WEIGHT),
)


# The anomaly score.


@given(anomalies, st.integers(0, 40))
def test_the_anomaly_score_is_in_bounds_and_the_sum_of_its_contributions(anomaly: Anomaly, sessions: int) -> None:
    habits = Habits(sessions=sessions)
    score = anomaly_score(anomaly, habits, DEFAULT_LIMITS)
    parts = contributions(anomaly, habits, DEFAULT_LIMITS)
    assert 0.0 <= score <= 1.0 + 1e-9
    assert list(parts) == list(Anomaly.__struct_fields__)
    assert sum(parts.values()) == pytest.approx(score, abs=1e-9)


@given(anomalies, st.sampled_from(Anomaly.__struct_fields__), unit)
def test_more_of_any_dimension_never_lowers_it(anomaly: Anomaly, dimension: str, more: float) -> None:
    worse = frozen.replace(anomaly, **{dimension: max(more, getattr(anomaly, dimension))})
    assert anomaly_score(worse, ACTIVE, DEFAULT_LIMITS) >= anomaly_score(anomaly, ACTIVE, DEFAULT_LIMITS)


def test_everything_unusual_is_one_and_nothing_zero() -> None:
    assert anomaly_score(Anomaly(1, 1, 1, 1, 1), ACTIVE, DEFAULT_LIMITS) == pytest.approx(1.0)
    assert anomaly_score(Anomaly(), ACTIVE, DEFAULT_LIMITS) == 0.0


def test_a_profile_that_is_being_built_counts_in_proportion_to_its_sessions() -> None:
    told = [anomaly_score(Anomaly(1, 1, 1, 1, 1), Habits(sessions=number), DEFAULT_LIMITS) for number in (0, 5, 10, 99)]
    assert told == pytest.approx([0.0, 0.5, 1.0, 1.0])


def test_the_weights_are_the_settings() -> None:
    limits = replace(DEFAULT_LIMITS, device_weight=0.6, geo_weight=0.0, amount_weight=0.15)
    assert anomaly_score(Anomaly(device=1.0), ACTIVE, limits) == pytest.approx(0.6)


def usual_hundred() -> Ema:
    amounts = Ema()
    for _ in range(AMOUNT_WARM_UP):
        amounts = learn(amounts, 100_00, 0.15)
    return amounts


@pytest.mark.parametrize(("usd", "expected"), [(50, 0.0), (100, 0.0), (180, 0.0), (300, 0.5), (495, 1.0), (9_000, 1.0)])
def test_an_amount_is_unusual_by_how_many_times_the_usual_it_is(usd: int, expected: float) -> None:
    found = unusual_amount(usual_hundred(), usd * 100, ACTIVE, 0, DEFAULT_LIMITS)
    assert found == pytest.approx(expected, abs=0.02)


def test_few_amounts_tell_nothing() -> None:
    assert unusual_amount(frozen.replace(usual_hundred(), history=4), 10**9, ACTIVE, 0, DEFAULT_LIMITS) == 0.0


def test_a_session_is_unusual_when_it_is_much_shorter_or_longer_or_busier_than_others() -> None:
    habits = settled().habits
    session = Session("d", "n", 0, 0, seconds=200, actions=3)
    for changes, unusual in (
        ({}, False),
        ({"seconds": 1}, True),
        ({"seconds": 40_000}, True),
        ({"actions": 300}, True),
        ({"actions": None}, False),
        ({"seconds": None, "last_at": 200_000}, False),
    ):
        found = unusual_activity(frozen.replace(session, **changes), habits, 0, DEFAULT_LIMITS)
        assert (found > 0.0) == unusual, changes


# Wider when stale.


def test_a_stale_profile_has_bands_wider_by_its_tolerance() -> None:
    life = settled()
    assert life.habits.learned_at is not None
    fresh, stale = life.habits.learned_at + HOUR, life.habits.learned_at + DEFAULT_LIMITS.staleness_ms + HOUR
    spreads = []
    for at in (fresh, stale):
        least = next(
            usd
            for usd in range(100, 2_000)
            if unusual_amount(usual_hundred(), usd * 100, life.habits, at, DEFAULT_LIMITS)
        )
        spreads.append(least / 100)
    # 1.5 spreads of 0.4 above the logarithm, then 1.5 times as many.
    assert spreads == pytest.approx([1.83, 2.47], abs=0.02)


def test_new_things_count_for_less_to_a_stale_profile() -> None:
    strangers = []
    for days in (1, 60):
        life = settled().waits(days=days).moves_to(MIAMI, HOTEL_NETWORK, "new")
        (first, *_) = life.visits()
        strangers.append((first.anomaly.device, first.anomaly.geo))
    assert strangers[0] == (1.0, 0.8)
    assert strangers[1] == pytest.approx((1 / 1.5, 0.8 / 1.5))


def test_the_tolerance_is_a_setting() -> None:
    life = settled().waits(days=60).moves_to(MIAMI, HOTEL_NETWORK, "new")
    life.behavior = replace(life.behavior, stale_tolerance=4.0)
    assert life.visits()[0].anomaly.device == 0.25


# Who acts.


@pytest.mark.parametrize(
    ("device", "place", "address", "strangeness", "geo"),
    [
        ("telephone", BOSTON, HOME_NETWORK, 0.0, 0.0),
        ("telephone", BOSTON, HOTEL_NETWORK, 0.0, 0.2),
        ("telephone", MIAMI, HOTEL_NETWORK, 0.4, 0.8),
        ("telephone", LAGOS, LAGOS_NETWORK, 0.6, 1.0),
        ("telephone", None, HOTEL_NETWORK, 0.0, 0.2),
        ("new", BOSTON, HOME_NETWORK, 0.4, 0.0),
        ("new", BOSTON, HOTEL_NETWORK, 0.8, 0.2),
        ("new", MIAMI, HOTEL_NETWORK, 1.0, 0.8),
        ("new", LAGOS, LAGOS_NETWORK, 1.0, 1.0),
        ("new", None, HOTEL_NETWORK, 0.6, 0.2),
        ("new", None, None, 0.6, 0.0),
        (None, BOSTON, HOME_NETWORK, 0.0, 0.0),
        (None, BOSTON, HOTEL_NETWORK, 0.2, 0.2),
        (None, MIAMI, HOTEL_NETWORK, 0.6, 0.8),
        (None, LAGOS, LAGOS_NETWORK, 0.7, 1.0),
        (None, None, HOTEL_NETWORK, 0.2, 0.2),
    ],
)
def test_who_acts_is_told_by_device_and_place_together(
    device: str | None, place: Place | None, address: str | None, strangeness: float, geo: float
) -> None:
    life = settled().waits(days=2)
    life.does("login-success", device_id=device, place=place, ip_address=address, session_id=None)
    (session,) = life.state.behavior.held
    assert (session.signs.strangeness, session.signs.geo) == pytest.approx((strangeness, geo))
    assert session.signs.device == float(device == "new")


def test_an_impossible_journey_is_a_stranger_whatever_the_device() -> None:
    life = settled()
    life.visits()
    life.waits(minutes=45).moves_to(PORT_AU_PRINCE, HOTEL_NETWORK)
    (first, *_) = life.visits()
    assert (first.session.impossible, first.session.signs.strangeness, first.steps.entry) == (
        True,
        1.0,
        IMPOSSIBLE_ENTRY,
    )


def test_a_device_in_the_drawer_counts_a_little() -> None:
    life = settled()
    life.device = "tablet"
    life.visits()
    life.waits(days=2).device = "telephone"
    for _ in range(25):
        life.visits()
        life.waits(days=1)
    life.device = "tablet"
    life.logs_in_well()
    assert 0.2 < life.state.behavior.held[0].signs.device < 0.4


# The sequence.


@given(steps, steps)
def test_the_sequence_is_in_bounds_and_never_falls_with_a_step(one: Steps, more: Steps) -> None:
    both = Steps(*map(max, astuple(one), astuple(more)))
    assert 0.0 <= sequence_score(one) <= sequence_score(both) < 1.0


@given(unit, steps, unit, unit)
def test_the_score_is_in_bounds_and_never_falls_with_anomaly_or_strangeness(
    anomaly: float, some: Steps, strangeness: float, more: float
) -> None:
    score = combined(anomaly, some, strangeness)
    assert 0.0 <= score <= 1.0
    assert score <= combined(max(anomaly, more), some, strangeness)
    assert score <= combined(anomaly, some, max(strangeness, more))


def test_what_the_user_does_at_home_is_no_step() -> None:
    life = settled().moves_to(LAGOS, LAGOS_NETWORK, "thief").waits(days=1)
    life.mistypes(8).visits(change=("email",))
    life.comes_home().waits(minutes=5).logs_in_well()
    assert not life.visits(500.0), "the user's own sessions are not judged at all"


@pytest.mark.parametrize(("minutes", "counts"), [(0, True), (24 * 60 - 1, True), (24 * 60 + 1, False)])
def test_a_step_counts_within_the_window(minutes: int, counts: bool) -> None:
    life = settled().moves_to(MIAMI, HOTEL_NETWORK, "thief").waits(days=1)
    life.visits(change=("email",))
    changed = life.state.profile_change
    assert changed is not None
    life.at = changed.at + minutes * 60_000
    life.pays(100.0)
    assert (life.takeovers[-1].steps.change > 0) == counts


@pytest.mark.parametrize(("refused", "guessing"), [(2, 0.0), (3, 0.6 * GUESSING), (6, GUESSING), (20, GUESSING)])
def test_refused_logins_of_a_stranger_are_guesses_from_the_third_on(refused: int, guessing: float) -> None:
    life = settled().moves_to(MIAMI, HOTEL_NETWORK, "thief").waits(days=1)
    life.mistypes(refused).logs_in_well()
    assert life.takeovers[-1].steps.guessing == pytest.approx(guessing)


def test_a_user_who_often_mistypes_is_allowed_more() -> None:
    assert [guesses_allowed(Ema(9, ratio), DEFAULT_LIMITS) for ratio in (1.0, 0.75, 0.5, 0.1)] == [3, 4, 6, 6]


def test_an_hour_without_one_begins_the_count_of_guesses_anew() -> None:
    life = settled().moves_to(MIAMI, HOTEL_NETWORK, "thief").waits(days=1)
    life.mistypes(2).waits(minutes=61).mistypes(1)
    guesses = life.state.behavior.guesses
    assert guesses is not None
    assert guesses.refused == 1


def test_a_deposit_takes_no_money_away() -> None:
    life = settled().moves_to(MIAMI, HOTEL_NETWORK, "thief").waits(days=1)
    life.logs_in_well()
    life.pays(900.0, type="deposit")
    assert life.takeovers[-1].steps.transfer == 0.0
    assert life.takeovers[-1].kind == LOGIN
    life.pays(900.0, type="withdrawal")
    assert life.takeovers[-1].steps.transfer == pytest.approx(TRANSFER_WEIGHT)
    assert life.takeovers[-1].kind == TRANSFER


def test_a_change_of_the_picture_is_no_step() -> None:
    life = settled().moves_to(MIAMI, HOTEL_NETWORK, "thief").waits(days=1)
    life.visits(change=("picture",))
    assert not any(each.steps.change for each in life.takeovers)
    assert life.takeovers[-1].steps.entry == pytest.approx(ENTRY)


# Tiers.


@pytest.mark.parametrize(
    ("score", "tier"),
    [(0.0, "low"), (0.299999, "low"), (0.3, "medium"), (0.599999, "medium"), (0.6, "high"), (0.8, "critical")],
)
def test_a_score_at_a_threshold_is_in_the_higher_tier(score: float, tier: str) -> None:
    assert TIERS[severity_of(score, DEFAULT_LIMITS)] == tier


def test_a_known_device_at_a_known_place_stays_low_and_one_of_them_alone_medium() -> None:
    """The most that each can come to, with everything else unusual too, short of guesses and changes."""
    spree = Anomaly(temporal=1.0, amount=1.0, activity=1.0)
    paid = Steps(entry=ENTRY, transfer=TRANSFER_WEIGHT)
    own = anomaly_score(Anomaly(temporal=1.0, device=0.4, geo=0.2), ACTIVE, DEFAULT_LIMITS)
    assert combined(own, NO_STEPS, 0.0) < DEFAULT_LIMITS.medium_threshold
    for dimension, strangeness in (("device", 0.4), ("geo", 0.4)):
        one = anomaly_score(frozen.replace(spree, **{dimension: 1.0}), ACTIVE, DEFAULT_LIMITS)
        scaled = Steps(*(strangeness * weight for weight in astuple(paid)))
        assert combined(one, scaled, strangeness) < 0.65
        usual = anomaly_score(frozen.replace(Anomaly(), **{dimension: 1.0}), ACTIVE, DEFAULT_LIMITS)
        assert combined(usual, scaled, strangeness) < DEFAULT_LIMITS.high_threshold


# Told once.


def stranger() -> Life:
    return settled().moves_to(MIAMI, HOTEL_NETWORK, "thief").waits(days=1)


def test_a_kind_is_told_once_within_the_window() -> None:
    life = stranger()
    for _ in range(4):
        life.visits(120.0)
        life.waits(hours=1)
    assert [each.kind for each in life.takeovers if each.alerted] == [TRANSFER]
    assert sum(each.severity >= HIGH for each in life.takeovers) == 4


@pytest.mark.parametrize(("ms", "again"), [(-1, False), (0, True)])
def test_it_is_told_again_after_the_window_to_the_millisecond(ms: int, again: bool) -> None:
    life = stranger()
    life.visits(120.0)
    told = [each for each in life.takeovers if each.alerted]
    life.at = told[0].event.occurred_at + DEFAULT_LIMITS.ato_dedup_ms + ms
    life.pays(120.0)
    assert life.takeovers[-1].severity >= HIGH
    assert life.takeovers[-1].alerted == again


def test_it_is_told_again_when_its_tier_rises_and_not_when_it_falls() -> None:
    life = stranger()
    life.visits(120.0)
    life.waits(minutes=5).mistypes(9).visits(5_000.0)
    life.waits(minutes=5).pays(120.0)
    told = [(each.kind, each.risk_tier) for each in life.takeovers if each.alerted]
    assert told == [(TRANSFER, "high"), (LOGIN, "high"), (TRANSFER, "critical")]


def test_kinds_are_told_apart() -> None:
    life = stranger()
    life.mistypes(9).visits(120.0, change=("email",))
    assert [each.kind for each in life.takeovers if each.alerted] == [LOGIN, CHANGE, TRANSFER]


def test_the_window_is_a_setting_and_runs_on_event_time() -> None:
    life = stranger()
    life.behavior = replace(life.behavior, ato_dedup_ms=HOUR)
    life.visits(120.0)
    twin = copied(life)
    life.waits(minutes=61).pays(120.0)
    twin.waits(minutes=50).pays(120.0)
    assert (life.takeovers[-1].alerted, twin.takeovers[-1].alerted) == (True, False)


def test_a_late_event_is_a_repetition_too() -> None:
    life = stranger()
    life.visits(120.0)
    life.waits(hours=-5).pays(120.0)
    assert life.takeovers[-1].severity >= HIGH
    assert not life.takeovers[-1].alerted


def test_the_same_life_is_judged_the_same_again() -> None:
    one, other = stranger(), stranger()
    for life in (one, other):
        life.mistypes(4).visits(900.0, change=("pin",))
    assert one.takeovers == other.takeovers
    assert one.state == other.state
    assert highest(*one.takeovers) == "critical"
