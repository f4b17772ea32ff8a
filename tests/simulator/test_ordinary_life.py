"""People live by their own clocks and habits, circles keep their books, and rates move a little every day."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from math import log
from statistics import median, pstdev
from zoneinfo import ZoneInfo

import pytest

from lakay_streams.simulator import SimulatorOptions
from lakay_streams.simulator.people import Person
from lakay_streams.simulator.places import DAY_MS, HOMES, UNITS_PER_USD
from tests.simulator.runs import Run, payload, play


@pytest.fixture(scope="module")
def run() -> Run:
    return play(SimulatorOptions(seed=4, users=150, days=40.0, scenario_share=0.0, lookalike_share=0.0))


def test_people_live_in_every_home_city() -> None:
    options = SimulatorOptions()
    homes = Counter(Person(number, options).home.name for number in range(1_000))
    assert set(homes) == {city.name for city, _ in HOMES}


def test_a_person_is_the_same_whatever_else_is_simulated() -> None:
    one, other = Person(7, SimulatorOptions(users=10)), Person(7, SimulatorOptions(users=500, scenario_share=0.5))
    assert (one.user_id, one.home, one.habits, one.recipients) == (
        other.user_id,
        other.home,
        other.habits,
        other.recipients,
    )


def test_people_come_by_day_in_their_own_time_zone(run: Run) -> None:
    zones = {city.name: ZoneInfo(city.timezone) for city, _ in HOMES}
    hours = Counter(
        datetime.fromisoformat(told["started_at"]).astimezone(zones[told["geo_location"]["city"]]).hour
        for told in run.of("session-started")
    )
    assert sum(hours[hour] for hour in range(6)) < 0.05 * hours.total()
    assert hours.total() > 1_000


def test_amounts_are_the_users_own_and_mostly_between_20_and_800_dollars(run: Run) -> None:
    amounts: dict[str, list[float]] = defaultdict(list)
    for told in run.of("transaction-initiated"):
        if told["type"] != "circle_contribution":
            amounts[told["user_id"]].append(told["amount"] / UNITS_PER_USD[told["currency"]])
    everything = [usd for each in amounts.values() for usd in each]
    assert sum(19 <= usd <= 800 for usd in everything) > 0.95 * len(everything)
    regular = [each for each in amounts.values() if len(each) >= 10]
    spreads = [pstdev([log(usd) for usd in each]) for each in regular]
    assert max(spreads) < 0.9
    assert pstdev([log(median(each)) for each in regular]) > median(spreads)


def test_every_currency_of_the_diaspora_is_used(run: Run) -> None:
    assert {told["currency"] for told in run.of("transaction-initiated")} == {"USD", "CAD", "HTG"}


def test_a_circle_pays_out_what_was_paid_in(run: Run) -> None:
    paid: Counter[tuple[str, int]] = Counter()
    for told in run.of("circle-contribution-received"):
        paid[told["circle_id"], told["round"]] += round(told["amount"] * 100)
    payouts = run.of("circle-payout-executed")
    assert len(payouts) > 50
    for told in payouts:
        assert round(told["amount"] * 100) == paid[told["circle_id"], told["round"]]


def test_a_completed_circle_had_a_round_for_every_member(run: Run) -> None:
    created = {told["circle_id"]: told for told in run.of("circle-created")}
    joined = Counter(told["circle_id"] for told in run.of("circle-member-joined"))
    payouts = Counter(told["circle_id"] for told in run.of("circle-payout-executed"))
    completed = run.of("circle-completed")
    assert len(completed) >= 5
    for told in completed:
        circle = told["circle_id"]
        assert created[circle]["members"] == joined[circle] == payouts[circle] == told["rounds_completed"]


def test_every_contribution_is_a_wallet_transaction_too(run: Run) -> None:
    transactions = [told for told in run.of("transaction-initiated") if told["type"] == "circle_contribution"]
    received = run.of("circle-contribution-received")
    assert 0 <= len(transactions) - len(received) <= 0.05 * len(received)


def test_rates_are_told_daily_and_move_little(run: Run) -> None:
    told = [
        (record.occurred_at, float(payload(record)["rate"]))
        for record in run.records
        if record.event_type == "exchange-rate-updated" and record.key == b"USD/HTG"
    ]
    assert len(told) > 90
    for (before, was), (after, now) in pairwise(told):
        assert after - before == DAY_MS
        assert abs(now / was - 1) < 0.03
    assert all(110 < rate < 155 for _, rate in told)


def test_a_remittance_reaches_haiti_at_its_rate_and_ends_once(run: Run) -> None:
    initiated = {told["remittance_id"]: told for told in run.of("remittance-initiated")}
    for told in initiated.values():
        assert told["destination_country"] == "HT"
        assert told["origin_country"] in {"US", "CA"}
        assert float(told["receive_amount"]) == pytest.approx(float(told["amount"]) * told["exchange_rate"], abs=0.01)
    ended = Counter(told["remittance_id"] for told in run.of("remittance-completed", "remittance-failed"))
    assert set(ended.values()) == {1}
    assert set(ended) <= set(initiated)
    assert len(ended) > 0.95 * len(initiated) > 100
