"""A record that crashes the worker stops it, is tried again, and is parked at the third crash."""

from __future__ import annotations

from pathlib import Path

from lakay_streams.engine.crash import PARK_AFTER, Crash
from lakay_streams.processes import EXIT_RESTART
from tests.engine.harness import Worker, caught_up, committed, create_topics, produce, read, unique


async def test_the_record_is_parked_after_three_crashes_and_the_next_one_is_processed(
    kafka: str, tmp_path: Path
) -> None:
    name = unique("crashing")
    await create_topics(kafka, f"{name}.in", f"{name}.out", f"{name}.journal", f"{name}.in.parked")
    before = [(b"user", b"%d" % number) for number in range(11)]
    await produce(kafka, f"{name}.in", [*before, (b"user", b"boom"), (b"user", b"after")])
    worker = Worker(name, kafka, tmp_path / "worker")
    for _ in range(PARK_AFTER):
        assert worker.start().wait() == EXIT_RESTART
    worker.start()
    try:
        await caught_up(kafka, name, f"{name}.in")
    finally:
        assert worker.stop() == 0
    parked = [record for batch in (await read(kafka, f"{name}.in.parked")).values() for record in batch]
    assert [record.value for record in parked] == [b"crashed the worker 3 times"]
    outputs = [record.value for batch in (await read(kafka, f"{name}.out")).values() for record in batch]
    assert outputs == [b"12"], "the twelfth record counted is the one after the parked one, at offset 12"
    metadata = [offset.metadata for offset in (await committed(kafka, name, f"{name}.in")).values()]
    assert set(metadata) == {""}, "the account is closed once the record is behind"


def test_an_account_survives_its_way_through_kafka() -> None:
    assert Crash.from_metadata(Crash(12, 2).metadata()) == Crash(12, 2)


def test_other_metadata_is_no_account() -> None:
    assert [Crash.from_metadata(text) for text in ("", "crashed", "crashed 1", "crashed a b", "x 1 2")] == [None] * 5
