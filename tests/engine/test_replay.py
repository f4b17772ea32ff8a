"""A partition runs again along its journal, and says where the past is not all there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from lakay_streams.engine.kafka.batch import Record
from lakay_streams.engine.replay import VALUES_KEPT, Checkpoint, Counts, Lost, Output, PartitionReplay, ReferenceValues
from lakay_streams.engine.state.reference import GlobalTable, Snapshot
from lakay_streams.engine.task.journal import JournalEntry, Segment
from lakay_streams.errors import ReplayError
from tests.engine.counting import EMIT_EVERY, build

IN = "counting.in"
USER = b"user"


def records(offsets: Iterator[int] | range, value: bytes = b"1") -> list[Record | Lost]:
    return [Record(IN, 0, offset, 0, USER, value) for offset in offsets]


def checkpoint(first: int, last: int, *, count: int | None = None, **changed: Any) -> Checkpoint:
    of = last - first + 1 if count is None else count
    entry = JournalEntry(0, 3, [Segment(IN, first, last, of)], {})
    return Checkpoint(1_000 + last, replace(entry, **changed))


def again(folder: Path, checkpoints: list[Checkpoint], kept: list[Record | Lost]) -> tuple[Counts, list[Output]]:
    outputs: list[Output] = []
    app = build("counting", "127.0.0.1:1", folder)
    return PartitionReplay(0, lambda _: app, {}, outputs.append).run(checkpoints, {IN: iter(kept)}), outputs


def test_outputs_carry_the_time_of_the_checkpoint_that_sent_them(tmp_path: Path) -> None:
    last = EMIT_EVERY - 1
    counts, outputs = again(tmp_path, [checkpoint(0, 5), checkpoint(6, 20)], records(range(21)))
    assert outputs == [Output(1_020, "counting.out", USER, b"%d" % last)]
    assert counts == Counts(checkpoints=2, records=21, outputs=1)


def test_what_was_never_processed_is_passed_over(tmp_path: Path) -> None:
    counts, outputs = again(tmp_path, [checkpoint(100, 111)], records(range(200)))
    assert counts.records == EMIT_EVERY
    assert [output.value for output in outputs] == [b"111"]


def test_a_record_that_is_missing_ends_the_replay(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"counts 12 records of counting\.in partition 0 at 0 to 11, and 11 are kept"):
        again(tmp_path, [checkpoint(0, 11)], records(range(11)))


def test_a_record_whose_key_was_erased_is_counted_and_left_out(tmp_path: Path) -> None:
    counts, outputs = again(tmp_path, [checkpoint(0, 11)], [*records(range(11)), Lost(11)])
    assert (counts.records, counts.lost, outputs) == (11, 1, [])


def test_a_record_that_was_set_aside_is_set_aside_again(tmp_path: Path) -> None:
    kept = [*records(range(4)), *records(range(4, 5), b"boom"), *records(range(5, 13))]
    counts, outputs = again(tmp_path, [checkpoint(0, 12, parked=[(IN, 4)])], kept)
    assert [output.topic for output in outputs] == ["counting.in.parked", "counting.out"]
    assert counts.records == 13


def test_what_could_not_be_unpacked_is_in_no_lake_and_its_journal_says_so(tmp_path: Path) -> None:
    past = checkpoint(0, 4, parked=[(IN, 3), (IN, 9)])
    entry = past.entry
    both = past._replace(
        entry=replace(entry, segments=[*entry.segments, Segment("other", 0, 0, 0), Segment(IN, 5, 9, 5)])
    )
    counts, _ = again(tmp_path, [both], [*records(range(3)), *records(range(4, 9))])
    assert (counts.records, counts.lost) == (8, 2)


def test_code_that_raises_ends_the_replay_where_a_worker_would_have_stopped(tmp_path: Path) -> None:
    kept = [*records(range(4)), *records(range(4, 5), b"boom")]
    with pytest.raises(ReplayError, match=r"raised \w+ at counting\.in partition 0 offset 4"):
        again(tmp_path, [checkpoint(0, 4)], kept)


def test_topics_that_grew_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="grew from 3 to 6 partitions"):
        again(tmp_path, [checkpoint(0, 4), checkpoint(5, 6, partitions=6)], records(range(7)))


def test_other_settings_go_on_from_the_states_that_there_are(tmp_path: Path) -> None:
    outputs: list[Output] = []
    built: list[str] = []

    def of_version(version: str) -> Any:
        if not built or built[-1] != version:
            built.append(version)
            apps.append(build("counting", "127.0.0.1:1", tmp_path))
        return apps[-1]

    apps: list[Any] = []
    past = [checkpoint(0, 5, versions={"settings": "a"}), checkpoint(6, 11, versions={"settings": "b"})]
    PartitionReplay(0, of_version, {}, outputs.append).run(past, {IN: iter(records(range(12)))})
    assert built == ["a", "b"]
    assert [output.value for output in outputs] == [b"11"]


def test_a_reference_has_the_value_of_each_version_whatever_their_order() -> None:
    last = VALUES_KEPT * 2
    table: GlobalTable[int] = GlobalTable("sum", "sums", 0, lambda value, record: value + record.offset)

    def log() -> Iterator[Record]:
        return (Record("sums", 0, offset, 0, None, b"") for offset in range(last))

    values = ReferenceValues(table, log)
    for version in (0, 10, 5, last, 1, last - 1):
        assert values.at(version) == Snapshot(version, sum(range(version)))
    assert values.at(last + 7).version == last
