"""The driver of a topology does in memory what a worker does on Kafka, and no more than the test asks of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from lakay_streams.engine.app import StreamApp
from lakay_streams.engine.kafka.batch import Record, RecordBatch
from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.state.reference import GlobalTable
from lakay_streams.engine.task.context import BatchContext
from lakay_streams.engine.task.crashes import DEAD_LETTER_AFTER, from_metadata
from lakay_streams.engine.task.journal import JournalEntry
from lakay_streams.engine.task.options import Options
from lakay_streams.engine.testing import TopologyDriver
from lakay_streams.errors import EngineError
from tests.engine.counting import EMIT_EVERY, PARTITIONS, Count, build, dead_letter
from tests.engine.harness import counted

IN, OUT, JOURNAL, PARKED = "counting.in", "counting.out", "counting.journal", "counting.in.parked"


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[TopologyDriver]:
    with TopologyDriver(build("counting", "127.0.0.1:1", tmp_path)) as driver:
        yield driver


def feed(driver: TopologyDriver, records: int, key: bytes | None = None) -> None:
    for number in range(records):
        driver.send(IN, b"%d" % number, key=key or b"user-%d" % (number * 7 % 50))


def test_states_and_outputs_are_those_of_a_plain_replay(driver: TopologyDriver) -> None:
    feed(driver, 2_000)
    driver.run()
    sent = driver.records(IN)
    states, outputs = counted(
        {n: [each for each in sent if each.partition == n] for n in range(PARTITIONS)}, EMIT_EVERY
    )
    assert {key.encode(): state for key, state in driver.states("counts", Count).items()} == states
    assert sorted((record.key or b"", record.value or b"") for record in driver.records(OUT)) == outputs
    entries = [JournalEntry.decode(record.value or b"") for record in driver.records(JOURNAL)]
    assert sum(segment.records for entry in entries for segment in entry.segments) == len(sent)


def test_the_changelog_tells_what_rocksdb_holds(driver: TopologyDriver) -> None:
    for records in (500, 300):
        feed(driver, records)
        driver.run()
    decode = msgspec.msgpack.Decoder(Count).decode
    changelog = driver.records("counting-counts-changelog")
    assert {(each.key or b"").decode(): decode(each.value or b"") for each in changelog} == driver.states(
        "counts", Count
    )


def test_nothing_is_seen_before_the_checkpoint(driver: TopologyDriver) -> None:
    feed(driver, EMIT_EVERY, key=b"user")
    driver.process()
    assert driver.state("counts", "user", Count) == Count(EMIT_EVERY, tuple(range(EMIT_EVERY)))
    assert (driver.records(OUT), driver.states("counts", Count)) == ([], {})
    driver.checkpoint()
    assert [record.value for record in driver.records(OUT)] == [b"%d" % (EMIT_EVERY - 1)]
    assert driver.states("counts", Count)["user"].times == EMIT_EVERY


def test_a_checkpoint_is_due_when_the_interval_is_over_and_not_before(tmp_path: Path) -> None:
    app = build("counting", "127.0.0.1:1", tmp_path, interval=0.1)
    with TopologyDriver(app, at=1_000) as driver:
        feed(driver, EMIT_EVERY, key=b"user")
        driver.process()
        driver.advance(0.09)
        assert driver.records(OUT) == []
        driver.advance(0.02)
        assert [(record.timestamp, driver.now) for record in driver.records(OUT)] == [(1_110, 1_110)]


def test_more_than_a_checkpoint_takes_is_committed_meanwhile(tmp_path: Path) -> None:
    with TopologyDriver(build("counting", "127.0.0.1:1", tmp_path, max_records=100)) as driver:
        feed(driver, 1_000, key=b"user")
        driver.process()
        assert len(driver.records(JOURNAL)) == 10


def test_a_bug_ends_the_worker_and_its_successor_parks_the_record(driver: TopologyDriver) -> None:
    feed(driver, EMIT_EVERY - 1, key=b"user")
    driver.run()
    at = driver.send(IN, b"boom", key=b"user")
    driver.send(IN, b"after", key=b"user")
    for crash in range(1, DEAD_LETTER_AFTER + 1):
        with pytest.raises(ValueError, match="a bug in a rule"):
            driver.run()
        with pytest.raises(EngineError, match="restart it first"):
            driver.run()
        offset = driver.committed(IN, at.partition)
        assert offset is not None
        assert (offset.offset, from_metadata(offset.metadata)) == (at.offset, {at.offset: crash})
        assert driver.states("counts", Count)["user"].times == EMIT_EVERY - 1
        driver.restart()
    driver.run()
    assert [record.value for record in driver.records(PARKED)] == [b"crashed the worker 3 times"]
    assert [record.value for record in driver.records(OUT)] == [b"%d" % (at.offset + 1)]


def test_a_restart_goes_on_from_the_last_checkpoint(driver: TopologyDriver) -> None:
    feed(driver, 10, key=b"user")
    driver.run()
    feed(driver, 5, key=b"user")
    driver.process()
    driver.restart()
    assert driver.state("counts", "user", Count) == Count(10, tuple(range(10)))
    driver.run()
    assert driver.states("counts", Count)["user"].times == 15


def test_an_output_that_does_not_wait_is_seen_at_once_and_again_after_a_crash(tmp_path: Path) -> None:
    app = build("counting", "127.0.0.1:1", tmp_path, at_least_once_topics=frozenset({OUT}))
    with TopologyDriver(app) as driver:
        feed(driver, EMIT_EVERY, key=b"user")
        driver.process()
        assert len(driver.records(OUT)) == 1
        driver.restart()
        driver.run()
        assert len(driver.records(OUT)) == 2


def chain(folder: Path, *, stages: int) -> tuple[StreamApp, list[tuple[str, bytes | None]]]:
    """Return a topology that sends what it is sent from one topic to the next, and what its processors saw."""
    app = StreamApp(
        "chain",
        brokers="127.0.0.1:1",
        datadir=folder,
        partitions=PARTITIONS,
        replication_factor=1,
        options=Options(journal_topic=None, dead_letter=dead_letter),
    )
    seen: list[tuple[str, bytes | None]] = []

    @app.process(*(f"stage-{number}" for number in range(stages)), name="pass on")
    def pass_on(work: BatchContext) -> None:
        stage = int(work.topic.removeprefix("stage-"))
        for record in work:
            seen.append((work.topic, record.value))
            work.emit(f"stage-{(stage + 1) % 5}", (record.key or b"") + b"+", record.value)

    return app, seen


def test_what_a_topology_sends_itself_is_processed_until_all_is_quiet(tmp_path: Path) -> None:
    app, seen = chain(tmp_path, stages=4)
    with TopologyDriver(app) as driver:
        driver.send("stage-0", b"1", key=b"user")
        driver.run()
        assert seen == [(f"stage-{number}", b"1") for number in range(4)]
        (last,) = driver.records("stage-4")
        assert (last.key, last.partition) == (b"user++++", partition_of(b"user++++", PARTITIONS))


def test_a_topology_that_never_rests_is_told_of(tmp_path: Path) -> None:
    app, _ = chain(tmp_path, stages=5)
    with TopologyDriver(app) as driver:
        driver.send("stage-0", b"1")
        with pytest.raises(EngineError, match="still sends itself records"):
            driver.run()


def test_the_oldest_record_comes_first_whatever_its_topic(tmp_path: Path) -> None:
    app, seen = chain(tmp_path, stages=4)
    with TopologyDriver(app) as driver:
        driver.send("stage-3", b"second", timestamp=20)
        driver.send("stage-2", b"third", timestamp=30)
        driver.send("stage-1", b"first", timestamp=10)
        driver.process()
        assert [value for _, value in seen] == [b"first", b"second", b"third"]


def test_a_reference_is_in_force_from_the_next_checkpoint_on(tmp_path: Path) -> None:
    app = StreamApp(
        "prices",
        brokers="127.0.0.1:1",
        datadir=tmp_path,
        partitions=PARTITIONS,
        replication_factor=1,
        options=Options(journal_topic="journal", dead_letter=dead_letter),
    )
    prices = GlobalTable("prices", "prices", 1, lambda _value, record: int(record.value or b""))
    app.task_manager.global_tables.append(prices)

    @app.process("orders", name="orders")
    def price(work: BatchContext) -> None:
        for record in work:
            work.emit("priced", record.key, b"%d" % work.reference(prices))
            work.emit("prices", None, record.value)

    with TopologyDriver(app) as driver, capture_logs() as logged:
        driver.send("orders", b"2", key=b"a")
        driver.process()
        driver.send("orders", b"3", key=b"a")
        driver.run()
        driver.send("orders", b"4", key=b"a")
        driver.run()
        driver.send("prices", b"none")
        driver.send("prices", b"7")
        driver.send("orders", b"5", key=b"a")
        driver.run()
        assert [record.value for record in driver.records("priced")] == [b"1", b"1", b"3", b"7"]
        assert {record.partition for record in driver.records("prices")} == {0}
        versions = [JournalEntry.decode(record.value or b"").versions["prices"] for record in driver.records("journal")]
        assert versions == sorted(versions)
    assert [entry["event"] for entry in logged] == ["reference_record_skipped"]


def test_a_batch_from_before_a_restart_reaches_no_processor(tmp_path: Path) -> None:
    app = build("stale", "127.0.0.1:1", tmp_path)
    worked: list[BatchContext] = []
    with TopologyDriver(app) as driver:
        record = driver.send("stale.in", b"1", key=b"user")
        driver.run()
        old, new = (RecordBatch("stale.in", record.partition, epoch, [record]) for epoch in (1, 2))
        driver.restart()
        asyncio.run(app.task_manager.process(old, worked.append))
        assert not worked
        asyncio.run(app.task_manager.process(new, worked.append))
        assert len(worked) == 1


def test_what_cannot_be_asked_is_told_with_what_can(driver: TopologyDriver) -> None:
    with pytest.raises(EngineError, match=r"nothing reads counting\.inn: send to one of counting\.in"):
        driver.send("counting.inn", b"1")
    with pytest.raises(EngineError, match="there is no table count, only counts"):
        driver.states("count", Count)
    with pytest.raises(EngineError, match="the states of counts are Count"):
        driver.states("counts", Record)
