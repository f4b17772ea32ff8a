"""Honest people who look odd are honest: what they do is possible, and labelled as a look-alike."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lakay_streams.domain.geography import haversine_km
from lakay_streams.simulator import SimulatorOptions
from lakay_streams.simulator.labels import LOOKALIKE
from lakay_streams.simulator.lookalikes import LOOKALIKES
from lakay_streams.simulator.places import HOUR_MS
from tests.simulator.runs import Run, payload, play


@pytest.fixture(scope="module")
def run() -> Run:
    """A month of people and look-alikes, without fraud."""
    return play(SimulatorOptions(seed=9, users=150, days=30.0, scenario_share=0.0, lookalike_share=0.08))


def test_every_lookalike_is_played_and_labelled(run: Run) -> None:
    complete = {label.scenario for label in run.labels if label.complete}
    assert complete == set(LOOKALIKES)
    assert {(label.kind, label.stealth) for label in run.labels} == {(LOOKALIKE, 0)}


def test_nobody_honest_travels_faster_than_an_airliner(run: Run) -> None:
    seen: dict[bytes | None, list[tuple[int, float, float]]] = {}
    for record in run.records:
        place = payload(record).get("geo_location") if "trebanx.circle" not in record.topic else None
        if place:
            seen.setdefault(record.key, []).append((record.occurred_at, place["latitude"], place["longitude"]))
    journeys = 0
    for sightings in seen.values():
        for (left, *here), (arrived, *there) in pairwise(sightings):
            km = haversine_km(here[0], here[1], there[0], there[1])
            journeys += km > 100
            assert km < 100 or km / ((arrived - left) / HOUR_MS) < 900
    assert journeys > 20


def test_a_traveller_logs_in_abroad_with_a_known_telephone_and_comes_home(run: Run) -> None:
    trips = [label for label in run.labels if label.scenario == "traveller" and label.complete]
    lost = 0
    for trip in trips:
        own = [record for record in run.records if record.key == trip.user_id.encode()]
        abroad = [payload(r) for r in own if r.scenario_id == trip.scenario_id and r.event_type == "login-success"]
        before = {payload(r).get("device_id") for r in own if r.occurred_at < trip.started_at}
        assert abroad
        lost += abroad[0]["device_id"] not in before
    assert len(trips) > 10
    assert lost < 0.3 * len(trips)


def test_a_new_telephone_is_registered_at_home_and_then_used(run: Run) -> None:
    for label in run.labels:
        if label.scenario != "new_telephone" or not label.complete:
            continue
        told = [record for record in run.records if record.scenario_id == label.scenario_id]
        assert told[0].event_type == "device-registered"
        devices = {payload(record).get("device_id") for record in told} - {None}
        assert devices == {payload(told[0])["device_id"]}


def test_who_forgot_the_password_tries_again_at_home_and_resets_it(run: Run) -> None:
    labels = [label for label in run.labels if label.scenario == "forgotten_password" and label.complete]
    assert len(labels) > 5
    for label in labels:
        told = [(r.event_type, payload(r)) for r in run.records if r.scenario_id == label.scenario_id]
        kinds = [kind for kind, _ in told]
        assert 2 <= kinds.count("login-failed") <= 4
        assert kinds.count("login-success") == kinds.count("user-profile-updated") == 1
        assert len({each["device_id"] for kind, each in told if kind.startswith("login-")}) == 1


def test_gifts_go_to_people_one_has_sent_to_before_or_will_again(run: Run) -> None:
    label = next(label for label in run.labels if label.scenario == "holiday_gifts" and label.complete)
    own = [r for r in run.records if r.key == label.user_id.encode() and r.event_type == "transaction-initiated"]
    gifts = {payload(record)["recipient_id"] for record in own if record.scenario_id == label.scenario_id}
    others = {payload(record)["recipient_id"] for record in own if record.scenario_id is None}
    assert len(label.transaction_ids) >= 4
    assert gifts & others


def test_a_vendor_pays_in_many_equal_contributions_to_one_circle(run: Run) -> None:
    label = next(label for label in run.labels if label.scenario == "vendor" and label.complete)
    told = [
        payload(r) for r in run.records if r.event_id in label.event_ids and r.event_type == "transaction-initiated"
    ]
    assert len(told) >= 8
    assert len({(each["amount"], each["recipient_id"], each["type"]) for each in told}) == 1
