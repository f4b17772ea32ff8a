"""A past that is run again along its journal gives the outputs and states that it gave, to the byte."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from agents.topology import build
from lakay_streams.contracts.topics import CORRIDORS, JOURNAL, MEMBERS, MOVEMENTS, RATES, REJECTED, REKEYED, SOURCES
from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.replay import Checkpoint, Counts, Output, PartitionReplay
from lakay_streams.engine.state.rocksdb import PartitionStore
from lakay_streams.engine.task.journal import JournalEntry
from lakay_streams.engine.testing import TopologyDriver
from lakay_streams.settings import load_settings
from tests.agents.traffic import drive
from tests.e2e.oracle import NEW
from tests.e2e.platform import ALERT_TOPICS

PARTITIONS = 3


def of_partition(driver: TopologyDriver, topic: str, number: int) -> list[Record]:
    return [record for record in driver.records(topic) if record.partition == number]


def again(driver: TopologyDriver, number: int, folder: Path) -> tuple[Counts, dict[str, list[Output]], StreamApp]:
    """Run a partition again; return what it was, its outputs by topic, and the app whose tables have its states."""
    settings = load_settings(env_file=None).model_copy(
        update={"lakay_data_dir": folder, "topic_partitions": PARTITIONS}
    )
    app = build(settings)
    outputs: dict[str, list[Output]] = defaultdict(list)

    def log(topic: str) -> Callable[[], Iterator[Record]]:
        return lambda: iter(driver.records(topic))

    replay = PartitionReplay(
        number,
        lambda _: app,
        {topic: log(topic) for topic in (RATES, CORRIDORS)},
        lambda output: outputs[output.topic].append(output),
    )
    checkpoints = [
        Checkpoint(record.timestamp, JournalEntry.decode(record.value or b""))
        for record in of_partition(driver, JOURNAL, number)
    ]
    counts = replay.run(checkpoints, {topic: iter(of_partition(driver, topic, number)) for topic in SOURCES})
    return counts, outputs, app


def states_of(app: StreamApp, number: int) -> dict[str, dict[str, object]]:
    """Return the states that a partition's databases have, by table."""
    found: dict[str, dict[str, object]] = {}
    for table in app.task_manager.values():
        store = PartitionStore(table.store_path(number))
        store.open()
        found[table.name] = {key.decode(): table.decode(raw) for key, raw in store.items()}
        store.close()
    return found


def test_the_past_runs_again_to_the_byte(driver: TopologyDriver, tmp_path: Path) -> None:
    drive(driver)
    sent_on = (*ALERT_TOPICS, REJECTED, *REKEYED.values(), MEMBERS, MOVEMENTS, CORRIDORS, RATES)
    seen: dict[str, list[tuple[bytes | None, bytes | None]]] = defaultdict(list)
    states: dict[str, dict[str, object]] = {table: {} for table in NEW}
    for number in range(PARTITIONS):
        counts, outputs, app = again(driver, number, tmp_path / f"again-{number}")
        assert counts.records == sum(len(of_partition(driver, topic, number)) for topic in SOURCES)
        assert (counts.lost, counts.behind) == (0, 0)
        for topic in sent_on:
            seen[topic] += [(output.key, output.value) for output in outputs[topic]]
        for table, found in states_of(app, number).items():
            states[table] |= found
    for table, new in NEW.items():
        assert states[table] == driver.states(table, type(new)), table
    for topic in sent_on:
        written = driver.records(topic)
        if topic in ALERT_TOPICS:
            # Alerts go to their user's partition, which is the one that sent them: the order is theirs, too.
            by_owner = sorted(written, key=lambda record: record.partition)
            assert seen[topic] == [(record.key, record.value) for record in by_owner], topic
        assert Counter(seen[topic]) == Counter((record.key, record.value) for record in written), topic
        assert written, topic
