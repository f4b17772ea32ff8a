"""Each way in which records travel badly happens as often as asked for, and changes nothing else."""

from __future__ import annotations

from collections import Counter

import pytest

from lakay_streams.contracts import Contracts, Rejected
from lakay_streams.simulator import Simulated, SimulatorOptions
from lakay_streams.simulator.delivery import POISON
from lakay_streams.simulator.places import HOUR_MS
from tests.simulator.runs import Run, play

DAYS = 8.0


def disturbed(**shares: float) -> Run:
    return play(SimulatorOptions(seed=3, users=200, days=DAYS, **shares))  # type: ignore[arg-type]  # names of shares


@pytest.fixture(scope="module")
def calm() -> Run:
    return disturbed()


def behind(records: tuple[Simulated, ...]) -> list[int]:
    """By how many ms each record comes after a younger one; only those that do."""
    newest, lags = 0, []
    for record in records:
        if record.occurred_at < newest:
            lags.append(newest - record.occurred_at)
        newest = max(newest, record.occurred_at)
    return lags


def share(count: int, run: Run) -> float:
    return count / len(run.records)


def test_duplicates_are_second_copies(calm: Run) -> None:
    run = disturbed(duplicates=0.05)
    copies = Counter(record.event_id for record in run.records)
    assert set(copies.values()) == {1, 2}
    assert sum(count == 2 for count in copies.values()) / len(calm.records) == pytest.approx(0.05, abs=0.01)
    assert set(run.records) == set(calm.records)


def test_records_out_of_order_are_the_same_records(calm: Run) -> None:
    run = disturbed(out_of_order=0.05)
    assert share(len(behind(run.records)), run) == pytest.approx(0.05, abs=0.01)
    assert sorted(run.records) == sorted(calm.records)


def test_late_records_come_hours_after_their_time(calm: Run) -> None:
    run = disturbed(late=0.03)
    lags = behind(run.records)
    assert share(len(lags), run) == pytest.approx(0.03, abs=0.01)
    # What is still held when the stream ends comes at once.
    assert sum(lag > 0.9 * HOUR_MS for lag in lags) > 0.9 * len(lags)
    assert max(lags) <= 36 * HOUR_MS
    assert sorted(run.records) == sorted(calm.records)


def test_wrong_keys_are_none_or_anothers(calm: Run) -> None:
    run = disturbed(wrong_keys=0.04)
    pairs = list(zip(calm.records, run.records, strict=True))
    wrong = [told for true, told in pairs if true.key != told.key]
    assert share(len(wrong), run) == pytest.approx(0.04, abs=0.01)
    assert share(sum(record.key is None for record in wrong), run) == pytest.approx(0.02, abs=0.007)
    assert all(true._replace(key=None) == told._replace(key=None) for true, told in pairs)


def test_poison_comes_on_top_and_is_always_rejected(calm: Run) -> None:
    run, contracts = disturbed(poison=0.02), Contracts.load(None)
    poison = [record for record in run.records if record.event_type == POISON]
    assert share(len(poison), run) == pytest.approx(0.02, abs=0.006)
    assert all(isinstance(contracts.decode(record.value, record.topic), Rejected) for record in poison)
    assert tuple(record for record in run.records if record.event_type != POISON) == calm.records


def test_labels_stay_true_however_records_travel(calm: Run) -> None:
    run = disturbed(duplicates=0.1, out_of_order=0.1, late=0.05, wrong_keys=0.1, poison=0.01)
    assert len(calm.labels) > 10

    def facts(run: Run) -> dict[str, tuple[frozenset[str], bool, int, int]]:
        return {
            label.scenario_id: (frozenset(label.event_ids), label.complete, label.started_at, label.ended_at)
            for label in run.labels
        }

    assert facts(run) == facts(calm)
