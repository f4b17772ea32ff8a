"""Partitions change hands: nothing is processed twice, and no lock stays behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from rocksdict import Options, Rdict

from tests.engine.counting import PARTITIONS
from tests.engine.harness import produce
from tests.faust_faults.subjects import Doubled, Subject, counted, numbered, subjects


@subjects("502: up to one commit interval is processed again at every rebalance", raises=Doubled)
async def test_a_rebalance_counts_no_record_twice(
    kafka: str, tmp_path: Path, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOCK_COMMIT_INTERVAL", "60")  # no commit may come just before a rebalance, by luck
    name = await subject.prepare(kafka)
    records = numbered(range(4_000))
    with subject.workers(name, kafka, tmp_path, 2) as (_, second):
        for part in range(8):
            await produce(kafka, f"{name}.in", records[part * 500 : (part + 1) * 500])
            await asyncio.sleep(1)
            if part == 3:
                second.stop()
            if part == 5:
                second.start()
        await subject.counts_become(counted(records), kafka, name, seconds=25)


@subjects("91, 92, 96: RocksDB's lock is held after a rebalance", raises=AssertionError)
async def test_a_partition_that_was_given_away_is_unlocked(
    kafka: str, tmp_path: Path, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNTING_STANDBY", "0")  # a copy is open, and rightly so
    name = await subject.prepare(kafka)
    await produce(kafka, f"{name}.in", numbered(range(500)))
    with subject.workers(name, kafka, tmp_path, 1) as (first,):
        await subject.counts_become(counted(numbered(range(500))), kafka, name, seconds=25)
        others = tmp_path / "others"
        others.mkdir()
        with subject.workers(name, kafka, others, 2):
            await asyncio.sleep(8)
            unlocked = [number for number in range(PARTITIONS) if is_unlocked(first.folder, subject, number)]
            # Three workers, three partitions: the first keeps one.
            assert len(unlocked) >= PARTITIONS - 1


def is_unlocked(folder: Path, subject: Subject, number: int) -> bool:
    """Whether another process may open a partition's database."""
    (database,) = folder.glob(subject.databases.format(number))
    try:
        Rdict(str(database), options=Options(raw_mode=True)).close()
    except Exception as exc:  # rocksdict raises bare exceptions
        if "lock" in str(exc).lower():
            return False
        raise
    return True
