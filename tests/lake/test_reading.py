"""Bronze is read back by offset, whatever files it is in: what was erased is told, what was changed refused."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lakay_streams.errors import LakeError, PiiError
from lakay_streams.lake import manifest, reading
from lakay_streams.lake.bronze import File, Raw, files_of, read
from lakay_streams.lake.folder import FolderFiles
from lakay_streams.lake.keys import SealingKey, Whose
from lakay_streams.lake.manifest import Kept
from lakay_streams.lake.reading import records
from tests.lake.test_committer import Lake, begun, commit, lake, raw

__all__ = ["lake"]

MARCH = date(2026, 3, 1)
KEYS: dict[Whose, SealingKey] = {
    (f"user-{number}", MARCH): SealingKey(uuid4(), AESGCM(os.urandom(32))) for number in range(5)
}
BY_ID = {str(key.id): key for key in KEYS.values()}


def every(_: Collection[str]) -> dict[str, SealingKey]:
    return BY_ID


@pytest.fixture(params=[1, 7, 1000])
def batch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many records are opened at once."""
    size: int = request.param
    monkeypatch.setattr(reading, "BATCH", size)
    return size


def written(files: FolderFiles, flushes: Sequence[Sequence[Raw]]) -> list[Kept]:
    def row(file: File) -> Kept:
        files.put(file.path, file.content)
        return Kept(
            *(file.path, file.topic, file.partition, file.event_type, file.event_date, file.first_offset),
            *(file.last_offset, file.records, len(file.content), file.sha256),
        )

    return [row(file) for flush in flushes for file in files_of([(each, read(each, None)) for each in flush], KEYS)]


def thirty() -> list[Raw]:
    """Return records of five users and days, so that offsets of each file lie between those of the others."""
    return [raw(number, user=f"user-{number % 5}", day=1 + number * 7 % 5) for number in range(30)]


def test_files_that_overlap_are_read_by_offset(tmp_path: Path, batch: int) -> None:
    files, sent = FolderFiles(tmp_path), thirty()
    kept = written(files, [sent[:11], sent[11:12], sent[12:]])
    assert len(kept) > 5
    found = list(records(files, kept[::-1], every))
    assert [each for one in found for each in one.records] == sent
    assert all(one.records for one in found)
    assert not list(records(files, [], every))


def test_records_whose_key_was_erased_are_told_and_the_others_read(tmp_path: Path, batch: int) -> None:
    files, sent = FolderFiles(tmp_path), thirty()
    kept = written(files, [sent])
    left = {str(key.id): key for (user, _), key in KEYS.items() if user != "user-3"}
    found = list(records(files, kept, lambda _: left))
    assert [each for one in found for each in one.records] == [each for each in sent if each.key != b"user-3"]
    assert [offset for one in found for offset in one.erased] == [3, 8, 13, 18, 23, 28]


def test_only_what_kafka_has_of_a_time_is_read(tmp_path: Path, batch: int) -> None:
    files, sent = FolderFiles(tmp_path), thirty()
    kept = written(files, [sent[:15], sent[15:]])
    for period, expected in ((range(7, 20), sent[7:20]), (range(40, 50), []), (range(29, 30), sent[29:])):
        first = sent[0].recorded_at
        found = list(records(files, kept, every, range(first + period.start, first + period.stop)))
        assert [each for one in found for each in one.records] == expected
        assert all(one.records for one in found)


def test_a_file_that_lies_alone_is_opened_a_batch_at_once(tmp_path: Path, batch: int) -> None:
    files = FolderFiles(tmp_path)
    sent = [raw(number) for number in range(20)]
    found = list(records(files, written(files, [sent]), every))
    assert [len(one.records) for one in found] == [min(batch, 20 - begin) for begin in range(0, 20, batch)]


def test_a_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    (kept,) = written(files, [[raw(0)]])
    with pytest.raises(LakeError, match="is not what was written"):
        list(records(files, [kept._replace(sha256="0" * 64)], every))


def test_a_record_that_is_in_another_place_does_not_open(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    (kept,) = written(files, [[raw(0)]])
    with pytest.raises(PiiError, match="/2/0 does not open"):
        list(records(files, [kept._replace(partition=2)], every))


async def test_the_manifest_names_the_files_of_topics_types_partition_and_days(lake: Lake) -> None:
    owner = await begun(lake)
    await commit(owner, 4, *(raw(number, day=number + 1) for number in range(4)))
    async with lake.database.connection() as connection:
        whole = await manifest.kept(connection)
        (topic,), (event_type,) = {each.topic for each in whole}, {each.event_type for each in whole}
        of_all = await manifest.kept(connection, topics=[topic], partition=1, event_types=[event_type])
        days = await manifest.kept(connection, since=date(2026, 3, 2), until=date(2026, 3, 3))
        none = [
            await manifest.kept(connection, topics=["another"]),
            await manifest.kept(connection, event_types=["another"]),
            await manifest.kept(connection, partition=2),
            await manifest.kept(connection, topics=[]),
        ]
    assert (len(whole), of_all, days, none) == (4, whole, whole[1:3], [[], [], [], []])
