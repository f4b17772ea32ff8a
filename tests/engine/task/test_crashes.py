"""Records that crash the worker stop it, are tried again, and are parked at the third crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakay_streams.engine.task.crashes import DEAD_LETTER_AFTER, MAX_ACCOUNTS, from_metadata, to_metadata
from lakay_streams.process.child import EXIT_RESTART
from tests.engine.harness import Worker, caught_up, committed, create_topics, produce, read, unique


async def test_each_record_is_parked_after_three_crashes_and_the_next_one_is_processed(
    kafka: str, tmp_path: Path
) -> None:
    name = unique("crashing")
    await create_topics(kafka, f"{name}.in", f"{name}.out", f"{name}.journal", f"{name}.in.parked")
    before = [(b"user", b"%d" % number) for number in range(11)]
    # In one batch, so that nothing is committed between the two.
    await produce(kafka, f"{name}.in", [*before, (b"user", b"boom"), (b"user", b"boom"), (b"user", b"after")])
    worker = Worker(name, kafka, tmp_path / "worker")
    for _ in range(2 * DEAD_LETTER_AFTER):
        assert worker.start().wait() == EXIT_RESTART
    worker.start()
    try:
        await caught_up(kafka, name, f"{name}.in")
    finally:
        assert worker.stop() == 0
    parked = [record for batch in (await read(kafka, f"{name}.in.parked")).values() for record in batch]
    assert [record.value for record in parked] == [b"crashed the worker 3 times"] * 2
    outputs = [record.value for batch in (await read(kafka, f"{name}.out")).values() for record in batch]
    assert outputs == [b"13"], "the twelfth record counted is the one after the parked ones, at offset 13"
    metadata = [offset.metadata for offset in (await committed(kafka, name, f"{name}.in")).values()]
    assert set(metadata) == {""}, "the accounts are closed once the records are behind"


@pytest.mark.parametrize("crashes", [{}, {12: 2}, {7: 1, 12: 3}])
def test_accounts_survive_their_way_through_kafka(crashes: dict[int, int]) -> None:
    assert from_metadata(to_metadata(crashes)) == crashes


def test_the_earliest_are_kept_and_a_broker_takes_them_all() -> None:
    crashes = {10**18 + number: 1 for number in reversed(range(MAX_ACCOUNTS + 1))}
    metadata = to_metadata(crashes)
    assert sorted(from_metadata(metadata)) == sorted(crashes)[:MAX_ACCOUNTS]
    assert len(metadata) <= 4096


@pytest.mark.parametrize("metadata", ["", "crashed", "crashed 1", "crashed a b", "crashed 1 2 3", "x 1 2"])
def test_other_metadata_is_no_account(metadata: str) -> None:
    assert from_metadata(metadata) == {}
