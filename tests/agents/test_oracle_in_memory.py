"""The topology in memory comes to the states and outputs of a plain replay that follows its journal.

The same is asked of workers on a real Kafka (`tests/e2e/test_oracle.py`); here it takes seconds, and a worker that ends
in mid-stream does so at a place that the test chooses.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import pytest

from lakay_streams.contracts import Contracts
from lakay_streams.contracts.topics import CORRIDORS, JOURNAL, MEMBERS, MOVEMENTS, RATES, REJECTED, REKEYED, SOURCES
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.task.journal import JournalEntry
from lakay_streams.engine.testing import TopologyDriver
from lakay_streams.settings import load_settings
from tests.agents.traffic import drive
from tests.e2e.oracle import NEW, Expected, Oracle
from tests.e2e.platform import ALERT_TOPICS, alert_id


@pytest.fixture
def world(driver: TopologyDriver) -> tuple[TopologyDriver, Expected]:
    """Drive the topology through the traffic, then replay what it journalled."""
    drive(driver)
    journal: dict[int, list[JournalEntry]] = defaultdict(list)
    for record in driver.records(JOURNAL):
        journal[record.partition].append(JournalEntry.decode(record.value or b""))
    oracle = Oracle(Contracts.load(None), load_settings(env_file=None))
    sources = {topic: by_partition(driver.records(topic)) for topic in SOURCES}
    return driver, oracle.replay(sources, journal, driver.records(RATES), driver.records(CORRIDORS))


def by_partition(records: list[Record]) -> Mapping[int, list[Any]]:
    """Return the records of each partition."""
    found: dict[int, list[Any]] = defaultdict(list)
    for record in records:
        found[record.partition].append(record)
    return found


def values(driver: TopologyDriver, *topics: str) -> list[Any]:
    """Return what stands on some topics, as JSON."""
    return [json.loads(record.value or b"") for topic in topics for record in driver.records(topic)]


def test_the_topology_does_what_a_plain_replay_of_its_journal_does(world: tuple[TopologyDriver, Expected]) -> None:
    driver, expected = world
    for table, new in NEW.items():
        assert driver.states(table, type(new)) == expected.states[table], table
    seen = Counter(alert_id(alert) for alert in values(driver, *ALERT_TOPICS))
    assert seen == expected.alerts
    assert set(seen.values()) == {1}
    assert Counter(kept["rejected_id"] for kept in values(driver, REJECTED)) == expected.rejects
    topics = (*REKEYED.values(), MEMBERS, MOVEMENTS, CORRIDORS)
    passed_on = Counter((topic, record.key, record.value) for topic in topics for record in driver.records(topic))
    assert passed_on == expected.sent_on
    # Of each there was something to be wrong about.
    assert min(len(seen), expected.rejects.total(), expected.sent_on.total()) > 40
    assert all(expected.states[table] for table in NEW)
