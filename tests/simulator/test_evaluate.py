"""Evaluation counts what was caught, what was right and who was wrongly alerted; the real rules pass it."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from lakay_streams.simulator import Label, SimulatorOptions, demo_options, simulate
from lakay_streams.simulator.evaluate import AFTERMATH_MS, Alert, Caught, evaluate, render, run
from lakay_streams.simulator.labels import COMPLIANCE, FRAUD, LOOKALIKE
from lakay_streams.simulator.options import STEALTH_LEVELS
from lakay_streams.simulator.scoring import FraudScorer

DAY = 1_000_000_000


def label(name: str, kind: str, user: str, stealth: int = 1, *, complete: bool = True) -> Label:
    number = f"{name}-{stealth}-{user}"
    return Label(number, name, kind, stealth, user, None, DAY, DAY + 100, complete, ("e",), ())


def alert(user: str, at: int = DAY + 50, tier: str = "high") -> Alert:
    return Alert(user, "e", tier, at)


THEFT = label("stolen_account", FRAUD, "anne")
TRIP = label("traveller", LOOKALIKE, "yves", 0)


def test_an_alert_within_its_time_catches_a_scenario() -> None:
    outcome = evaluate([alert("anne")], [THEFT], 10)
    assert outcome.rows == (Caught("stolen_account", FRAUD, 1, 1, 1),)
    assert (outcome.fraud_recall, outcome.precision) == (1.0, 1.0)


@pytest.mark.parametrize("wrong", [alert("anne", DAY - 1), alert("anne", DAY + 101), alert("anne", tier="medium")])
def test_an_alert_too_early_too_late_or_too_weak_does_not(wrong: Alert) -> None:
    assert evaluate([wrong], [THEFT], 10).fraud_recall == 0.0


def test_the_day_after_an_alert_is_still_right() -> None:
    late, too_late = alert("anne", DAY + 100 + AFTERMATH_MS), alert("anne", DAY + 101 + AFTERMATH_MS)
    assert evaluate([late], [THEFT], 10).precision == 1.0
    assert evaluate([too_late], [THEFT], 10).precision == 0.0


def test_an_alert_on_a_lookalike_is_a_false_alarm_listed_by_kind() -> None:
    outcome = evaluate([alert("yves"), alert("anne")], [THEFT, TRIP], 500)
    assert outcome.false_alarms == (Caught("traveller", LOOKALIKE, 0, 1, 1),)
    assert (outcome.precision, outcome.alerts_per_1000_transactions) == (0.5, 4.0)


def test_recall_of_the_fraud_kind_leaves_other_kinds_out() -> None:
    outcome = evaluate([alert("anne")], [THEFT, label("mule", COMPLIANCE, "jean")], 10)
    assert outcome.fraud_recall == 1.0
    assert [row.scenario for row in outcome.rows] == ["stolen_account", "mule"]


def test_an_instance_that_was_cut_short_is_not_held_against_anybody() -> None:
    outcome = evaluate([], [label("stolen_account", FRAUD, "anne", complete=False)], 10)
    assert (outcome.rows, outcome.fraud_recall, outcome.precision) == ((), None, None)


def test_the_table_shows_every_row_and_the_totals() -> None:
    console = Console(file=StringIO(), width=120)
    console.print(render(evaluate([alert("anne"), alert("yves")], [THEFT, TRIP], 1_000)))
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert all(word in text for word in ("stolen_account", "traveller", "100.0%", "precision 50.0%", "2.0 per 1,000"))


@pytest.mark.parametrize("seed", [2_026, 31_337])
def test_the_rules_catch_every_scenario_of_the_fraud_kind_at_every_stealth(seed: int) -> None:
    options = SimulatorOptions(
        seed=seed,
        users=150,
        events=12_000,
        scenario_share=0.2,
        scenarios=("card_testing", "stolen_account", "impossible_travel"),
    )
    outcome = run(simulate(options), FraudScorer())
    assert {(row.scenario, row.stealth) for row in outcome.rows} == {
        (name, level) for name in options.scenarios for level in STEALTH_LEVELS
    }
    assert outcome.fraud_recall == 1.0


@pytest.mark.parametrize("seed", [5, 6])
def test_of_a_thousand_transactions_of_the_default_mix_fewer_than_fifty_are_alerted(seed: int) -> None:
    simulation, score, transactions, alerts = simulate(SimulatorOptions(seed=seed, users=150)), FraudScorer(), 0, 0
    for record in simulation:
        alerted = score(record.topic, record.value) is not None
        if record.occurred_at >= simulation.options.start_ms:
            transactions += record.event_type == "transaction-initiated"
            alerts += alerted
        if transactions == 1_000:
            break
    assert alerts < 50


def test_a_demo_shows_fraud_within_its_first_few_thousand_events() -> None:
    simulation, score = simulate(demo_options()), FraudScorer()
    first = next(number for number, record in enumerate(simulation) if score(record.topic, record.value))
    assert first < 7_000
