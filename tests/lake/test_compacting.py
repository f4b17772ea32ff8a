"""Compaction changes how many files there are, and nothing else, whatever is killed and whoever else compacts."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from lakay_streams.errors import LakeError
from lakay_streams.lake import compacting, manifest
from lakay_streams.lake.compacting import replaced, together
from lakay_streams.lake.verifying import Manifest, strays
from tests.lake.test_committer import Lake, begun, commit, lake, raw

__all__ = ["lake"]


async def filled(lake: Lake) -> None:
    """Flush twelve records of two days in six flushes."""
    owner = await begun(lake)
    for number in range(0, 12, 2):
        await commit(owner, number + 2, raw(number, day=3), raw(number + 1, day=4))


async def told(lake: Lake) -> Manifest:
    async with lake.database.connection() as connection:
        return Manifest(
            await manifest.kept(connection), await manifest.paths(connection), await manifest.positions(connection)
        )


async def test_the_files_of_a_day_become_one_with_the_same_records(lake: Lake) -> None:
    await filled(lake)
    before = await lake.records()
    runs = list(together(await lake.kept(), date(2026, 3, 5)))
    assert [len(run) for run in runs] == [6, 6]
    assert [await replaced(lake.database, lake.files, run) for run in runs] == [True, True]
    assert await lake.records() == before
    assert [(kept.records, kept.first_offset, kept.last_offset) for kept in await lake.kept()] == [
        (6, 0, 10),
        (6, 1, 11),
    ]
    assert list(together(await lake.kept(), date(2026, 3, 5))) == []


async def test_days_that_are_not_over_stay(lake: Lake) -> None:
    await filled(lake)
    assert {kept.event_date for run in together(await lake.kept(), date(2026, 3, 4)) for kept in run} == {
        date(2026, 3, 3)
    }


async def test_what_becomes_one_is_bounded(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(lake)
    largest = max(kept.bytes for kept in await lake.kept())
    monkeypatch.setattr(compacting, "LARGEST", 2 * largest)
    assert [len(run) for run in together(await lake.kept(), date(2026, 3, 5))] == [2] * 6
    monkeypatch.setattr(compacting, "LARGEST", 1)
    assert list(together(await lake.kept(), date(2026, 3, 5))) == []


async def test_of_two_compactions_that_meet_one_wins(lake: Lake) -> None:
    await filled(lake)
    before = await lake.records()
    run = next(together(await lake.kept(), date(2026, 3, 5)))
    won = await asyncio.gather(*(replaced(lake.database, lake.files, run) for _ in range(4)))
    assert sorted(won) == [False, False, False, True]
    assert await lake.records() == before


async def test_one_that_was_cut_off_is_no_stray_and_the_next_goes_on(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(lake)
    before = await lake.records()
    run = next(together(await lake.kept(), date(2026, 3, 5)))

    async def dies(*_: object) -> bool:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(manifest, "put_in_place", dies)
        with pytest.raises(ConnectionError):
            await replaced(lake.database, lake.files, run)
    assert strays(lake.files, await told(lake)) == ((), ())
    assert await lake.records() == before
    assert await replaced(lake.database, lake.files, run)
    assert await lake.records() == before


async def test_a_file_that_is_not_what_was_written_is_not_merged(lake: Lake) -> None:
    await filled(lake)
    run = next(together(await lake.kept(), date(2026, 3, 5)))
    lake.files.delete([run[0].path])
    lake.files.put(run[0].path, lake.files.get(run[1].path))
    with pytest.raises(LakeError, match="is not what was written"):
        await replaced(lake.database, lake.files, run)
    assert len(await lake.kept()) == 12
