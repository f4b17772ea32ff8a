"""The stream is lazy, ordered, repeatable, and made of valid events."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import chain, islice, pairwise
from uuid import UUID

import orjson
import pytest

from lakay_streams.contracts import Contracts, Rejected, Unknown
from lakay_streams.contracts.topics import EVENT_TYPES
from lakay_streams.simulator import SimulatorOptions, simulate
from lakay_streams.simulator.places import DAY_MS
from tests.simulator.runs import ordinary, play


def test_the_same_options_give_the_same_records_byte_for_byte() -> None:
    options = SimulatorOptions(seed=5, users=80, events=4_000, duplicates=0.02, late=0.02, out_of_order=0.02)
    first, second = play(options), play(options)
    assert first == second


def test_another_seed_gives_other_records() -> None:
    one, other = (play(SimulatorOptions(seed=seed, users=40, events=500)) for seed in (1, 2))
    assert not {record.value for record in one.records} & {record.value for record in other.records}


def test_a_shorter_run_is_the_beginning_of_a_longer_one() -> None:
    short, long = (play(SimulatorOptions(users=60, events=events)).records for events in (900, 2_000))
    assert long[:900] == short


def test_without_a_limit_records_come_as_long_as_they_are_asked_for() -> None:
    assert len(list(islice(simulate(SimulatorOptions(users=10)), 3_000))) == 3_000


def test_a_limit_of_days_ends_the_stream_there() -> None:
    options = SimulatorOptions(users=50, days=2.5)
    last = play(options).records[-1]
    assert options.start_ms + 2 * DAY_MS < last.occurred_at < options.start_ms + 2.5 * DAY_MS


def test_records_come_in_the_order_of_their_times() -> None:
    records = ordinary().records
    assert all(before.occurred_at <= after.occurred_at for before, after in pairwise(records))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_event_type_occurs(seed: int) -> None:
    assert {record.event_type for record in ordinary(seed).records} == set(chain(*EVENT_TYPES.values()))


def test_every_record_is_a_valid_event_of_its_topic_under_its_entitys_key() -> None:
    contracts = Contracts.load(None)
    for record in ordinary().records:
        event = contracts.decode(record.value, record.topic)
        assert not isinstance(event, Rejected | Unknown), event
        assert record.key == event.entity_id.encode()
        assert (event.event_id, event.event_type) == (record.event_id, record.event_type)
        if record.event_type != "circle-contribution-missed":
            assert event.occurred_at == record.occurred_at
        assert record.event_type in EVENT_TYPES[record.topic]


def test_every_envelope_has_what_the_runbook_requires() -> None:
    for record in ordinary().records[:3_000]:
        envelope = orjson.loads(record.value)
        assert envelope["event_version"] == "1.0"
        assert envelope["source_service"]
        assert envelope["timestamp"].endswith("Z")
        assert isinstance(envelope["payload"], dict)
        assert UUID(envelope["event_id"])


def test_event_ids_are_unique() -> None:
    records = ordinary().records
    assert len({record.event_id for record in records}) == len(records)


def test_nothing_in_an_event_tells_that_it_is_labelled() -> None:
    run = ordinary()
    words = {label.scenario.encode() for label in run.labels} | {b"stealth", b"lookalike", b"label"}
    words |= {label.scenario_id.encode() for label in run.labels}
    labelled = [record for record in run.records if record.label is not None]
    assert labelled
    assert not [word for word in words for record in labelled if word in record.value]


def test_what_a_session_tells_belongs_together() -> None:
    run = ordinary()
    begun = {told["session_id"]: told["user_id"] for told in run.of("session-started")}
    ended = run.of("session-ended")
    assert len(ended) > 500
    assert all(begun[told["session_id"]] == told["user_id"] and told["duration_seconds"] > 0 for told in ended)


def test_every_outcome_is_of_a_transaction_that_was_initiated() -> None:
    run = ordinary()
    initiated = {told["transaction_id"]: told for told in run.of("transaction-initiated")}
    outcomes = run.of("transaction-completed", "transaction-failed", "transaction-flagged")
    assert len(outcomes) > 1_000
    assert all(initiated[told["transaction_id"]]["user_id"] == told["user_id"] for told in outcomes)


def test_most_users_have_a_history_before_the_full_traffic_begins() -> None:
    run, start = ordinary(), SimulatorOptions().start_ms
    before = {record.key for record in run.records if record.occurred_at < start and "transaction" in record.topic}
    assert len(before) > 0.8 * 500


def test_another_process_makes_the_same_records() -> None:
    """Nothing depends on the order of a set or on a hash that changes from one process to the next."""
    script = (
        "from lakay_streams.simulator import SimulatorOptions, simulate; from hashlib import sha256;"
        "simulation = simulate(SimulatorOptions(users=60, events=3_000, late=0.02, poison=0.02));"
        "digest = sha256(b''.join(record.value for record in simulation));"
        "print(digest.hexdigest(), len(simulation.labels))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
