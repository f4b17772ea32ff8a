"""Each scenario, at each stealth and from any seed, does what its description says, and its label proves it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lakay_streams.domain.geography import haversine_km
from lakay_streams.simulator import Label, SimulatorOptions
from lakay_streams.simulator.options import SCENARIO_NAMES, STEALTH_LEVELS
from lakay_streams.simulator.places import HOUR_MS
from lakay_streams.simulator.scenarios import SCENARIOS
from tests.simulator.runs import Run, one_scenario, ordinary, payload, play

SEEDS = (101, 102)

Story = list[tuple[str, int, dict[str, Any]]]


def stories(name: str, stealth: int, seed: int) -> list[tuple[Label, Story]]:
    """The complete instances, and what happened in each: event type, time, payload."""
    run = one_scenario(name, stealth, seed)
    told = {record.event_id: record for record in run.records}
    return [
        (label, [(told[i].event_type, told[i].occurred_at, payload(told[i])) for i in label.event_ids])
        for label in run.labels
        if label.complete
    ]


def every(name: str) -> list[tuple[int, Label, Story]]:
    found = [
        (level, label, story)
        for seed in SEEDS
        for level in STEALTH_LEVELS
        for label, story in stories(name, level, seed)
    ]
    assert {level for level, _, _ in found} == set(STEALTH_LEVELS)
    return found


def moved(story: Story, *types: str) -> list[dict[str, Any]]:
    return [told for kind, _, told in story if kind == "transaction-initiated" and told["type"] in types]


def test_all_scenarios_can_be_asked_for() -> None:
    assert tuple(SCENARIOS) == SCENARIO_NAMES
    assert all(name == play.name for name, play in SCENARIOS.items())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stealth", STEALTH_LEVELS)
@pytest.mark.parametrize("name", SCENARIO_NAMES)
def test_each_scenario_is_labelled_at_each_stealth_from_any_seed(name: str, stealth: int, seed: int) -> None:
    run = one_scenario(name, stealth, seed)
    complete = [label for label in run.labels if label.complete]
    assert complete
    for label in complete:
        assert (label.scenario, label.stealth, label.kind) == (name, stealth, SCENARIOS[name].kind)
        assert (label.circle_id is not None) == (name == "failing_circle")


@pytest.mark.parametrize("name", SCENARIO_NAMES)
def test_a_label_names_events_of_the_stream_and_their_time(name: str) -> None:
    run = one_scenario(name, 2, SEEDS[0])
    told = {record.event_id: record for record in run.records}
    for label in run.labels:
        records = [told[event_id] for event_id in label.event_ids]
        times = [record.occurred_at for record in records]
        assert (min(times), max(times)) == (label.started_at, label.ended_at)
        assert {record.scenario_id for record in records} == {label.scenario_id}
        initiated = {payload(r)["transaction_id"] for r in records if r.event_type == "transaction-initiated"}
        assert initiated == set(label.transaction_ids)
    assert {r.scenario_id for r in run.records} - {None} == {label.scenario_id for label in run.labels}


def test_a_scenario_that_the_end_cuts_short_is_not_complete() -> None:
    options = SimulatorOptions(users=60, days=3.0, scenarios=("structuring_weeks",), lookalike_share=0.0)
    labels = play(options).labels
    assert labels
    assert not any(label.complete for label in labels)


def test_the_shares_of_traffic_are_those_of_the_options() -> None:
    options = SimulatorOptions(users=300, days=25.0, scenario_share=0.03, lookalike_share=0.05)
    run = play(options)
    full = [record for record in run.records if record.occurred_at >= options.start_ms]
    fraud = sum(record.label in SCENARIOS for record in full) / len(full)
    honest = sum(record.label is not None for record in full) / len(full) - fraud
    assert fraud == pytest.approx(0.03, abs=0.012)
    assert honest == pytest.approx(0.05, abs=0.01)


def test_every_scenario_comes_before_one_comes_again() -> None:
    run = play(SimulatorOptions(users=300, days=12.0, scenario_share=0.06))
    begun = sorted((label.scenario_id[-5:], label.scenario, label.stealth) for label in run.labels if label.stealth)
    first_round = [(name, level) for _, name, level in begun][: len(SCENARIO_NAMES) * len(STEALTH_LEVELS)]
    assert len(set(first_round)) == len(first_round) > 20


def test_card_testing_is_tiny_amounts_then_a_purchase() -> None:
    for level, _, story in every("card_testing"):
        payments = moved(story, "payment")
        minor = [float(told["amount"]) / {"USD": 1, "CAD": 1.37, "HTG": 131}[told["currency"]] for told in payments]
        assert all(usd < 10.5 for usd in minor[:-1])
        assert len(minor) - 1 >= {1: 24, 2: 10, 3: 5}[level]
        assert minor[-1] > 200


def test_a_stolen_account_is_entered_from_elsewhere_changed_and_drained() -> None:
    for level, label, story in every("stolen_account"):
        kinds = [kind for kind, _, _ in story]
        assert kinds.index("login-success") < kinds.index("user-profile-updated") < kinds.index("transaction-initiated")
        assert kinds.count("login-failed") in {1: range(8, 16), 2: range(3, 5), 3: range(2)}[level]
        assert len({told["device_id"] for _, _, told in story if "device_id" in told}) == 1
        assert len(moved(story, "transfer")) >= 2
        assert {told["user_id"] for _, _, told in story} == {label.user_id}


def test_a_thief_uses_a_device_its_victim_never_had() -> None:
    run = one_scenario("stolen_account", 3, SEEDS[0])
    for label in run.labels:
        ours = {payload(r).get("device_id") for r in run.records if r.scenario_id == label.scenario_id} - {None}
        theirs = {
            told.get("device_id")
            for r in run.records
            if r.scenario_id is None and r.key == label.user_id.encode()
            for told in [payload(r)]
        }
        assert ours
        assert not ours & theirs


Located = tuple[int, str, float, float]
"""Time, device, degrees north and east."""


def arrivals(name: str) -> list[tuple[int, Located, Located]]:
    """Stealth, where the user was last before the scenario, and where the scenario begins."""
    found = []
    for seed in SEEDS:
        for level in STEALTH_LEVELS:
            run = one_scenario(name, level, seed)
            for label in run.labels:
                told = [
                    (record.occurred_at, each["device_id"], each["geo_location"], record.scenario_id)
                    for record in run.records
                    if record.key == label.user_id.encode() and (each := payload(record)).get("geo_location")
                ]
                own = [each for each in told if each[0] < label.started_at and each[3] is None]
                first = next(each for each in told if each[3] == label.scenario_id)
                here, there = (
                    (at, device, place["latitude"], place["longitude"]) for at, device, place, _ in (own[-1], first)
                )
                found.append((level, here, there))
    return found


def kmh(here: Located, there: Located) -> float:
    return haversine_km(*here[2:], *there[2:]) / ((there[0] - here[0]) / HOUR_MS)


def test_impossible_travel_is_faster_than_an_airliner() -> None:
    for _, here, there in arrivals("impossible_travel"):
        assert haversine_km(*here[2:], *there[2:]) > 100
        assert kmh(here, there) > 1_000


def test_a_hijacked_session_has_the_users_own_device_far_away_and_no_login() -> None:
    for level, here, there in arrivals("hijacked_session"):
        assert there[1] == here[1]
        assert haversine_km(*here[2:], *there[2:]) > 1_000
        assert (kmh(here, there) > 900) == (level < 3), "the stealthy one could be a journey"
    for _, _, story in every("hijacked_session"):
        assert not [kind for kind, _, _ in story if kind.startswith("login-")]
        assert [told["changed_fields"] for kind, _, told in story if kind == "user-profile-updated"]
        assert moved(story, "transfer")


def test_credential_stuffing_guesses_and_then_knows() -> None:
    for level, _, story in every("credential_stuffing"):
        kinds = [kind for kind, _, _ in story]
        assert len([kind for kind in kinds if kind == "login-failed"]) >= {1: 15, 2: 5, 3: 1}[level]
        assert kinds.index("login-success") > max(place for place, kind in enumerate(kinds) if kind == "login-failed")
        assert moved(story, "transfer")


def test_a_sim_swap_is_a_new_device_in_the_users_own_city_that_changes_control() -> None:
    for _, here, there in arrivals("sim_swap"):
        assert there[1] != here[1]
        assert haversine_km(*here[2:], *there[2:]) < 50
    for level, _, story in every("sim_swap"):
        (change,) = [told["changed_fields"] for kind, _, told in story if kind == "user-profile-updated"]
        assert set(change) <= {"password", "email", "payout_account"}
        if level == 1:
            hour = datetime.fromisoformat(story[0][2]["attempted_at"]).astimezone(ZoneInfo("America/New_York")).hour
            assert hour == 3


def test_structuring_within_a_day_is_cash_of_one_business_day_above_the_threshold_in_pieces_below_it() -> None:
    for level, _, story in every("structuring_day"):
        deposits = moved(story, "deposit")
        assert sum(told["amount"] for told in deposits) > 10_000
        assert all(told["amount"] < {1: 10_000, 2: 3_000, 3: 2_000}[level] for told in deposits)
        assert {told["payment_method"] for told in deposits} <= {"cash", "money_order"}
        assert {told["currency"] for told in deposits} == {"USD"}
        days = {
            datetime.fromisoformat(t["initiated_at"]).astimezone(ZoneInfo("America/New_York")).date() for t in deposits
        }
        assert len(days) == 1


def test_structuring_over_weeks_stays_below_the_threshold_every_day() -> None:
    for _, label, story in every("structuring_weeks"):
        deposits = moved(story, "deposit")
        assert sum(told["amount"] for told in deposits) > 10_000
        assert max(told["amount"] for told in deposits) < 10_000
        assert 7 * 24 * HOUR_MS < label.ended_at - label.started_at < 30 * 24 * HOUR_MS


def test_pass_through_sends_out_at_least_four_fifths_of_what_came_in() -> None:
    for _, _, story in every("pass_through"):
        came = sum(told["amount"] for told in moved(story, "deposit"))
        went = sum(told["amount"] for told in moved(story, "transfer", "withdrawal"))
        assert 0.8 < went / came < 1.0


def test_a_mule_receives_from_many_and_passes_on() -> None:
    for level, label, story in every("mule"):
        senders = {told["user_id"] for told in moved(story, "transfer") if told["recipient_id"] == label.user_id}
        assert len(senders) >= {1: 10, 2: 6, 3: 4}[level]
        assert label.user_id not in senders
        assert [told for told in moved(story, "transfer") if told["user_id"] == label.user_id]


def test_a_failing_circle_misses_contributions_and_fails() -> None:
    for _, label, story in every("failing_circle"):
        kinds = [kind for kind, _, _ in story]
        assert kinds[0] == "circle-created"
        assert kinds[-1] == "circle-failed"
        assert "circle-contribution-missed" in kinds
        told = [told["circle_id"] for kind, _, told in story if kind.startswith("circle-")]
        assert set(told) == {label.circle_id}


def test_victims_ordinary_life_is_not_labelled() -> None:
    run: Run = ordinary(seed=3)
    victims = {label.user_id.encode() for label in run.labels if label.kind in {"fraud", "takeover"}}
    assert victims
    assert any(record.key in victims and record.scenario_id is None for record in run.records)
