"""Partitions change hands: nothing is processed twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.harness import produce
from tests.faust_faults.subjects import Doubled, Subject, counted, numbered, subjects


@subjects("502: up to one commit interval is processed again at every rebalance", raises=Doubled)
async def test_a_rebalance_counts_no_record_twice(
    kafka: str, tmp_path: Path, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOCK_COMMIT_INTERVAL", "600")  # no commit may come just before a rebalance, by luck
    name = await subject.prepare(kafka)
    records = numbered(range(4_000))
    with subject.workers(name, kafka, tmp_path, 2) as (_, second):
        await produce(kafka, f"{name}.in", records[:1_000])
        # Both must have processed something before one leaves, however long they took to start.
        await subject.counts_become(counted(records[:1_000]), kafka, name, seconds=60)
        await produce(kafka, f"{name}.in", records[1_000:2_000])
        second.stop()
        await produce(kafka, f"{name}.in", records[2_000:3_000])
        second.start()
        await produce(kafka, f"{name}.in", records[3_000:])
        await subject.counts_become(counted(records), kafka, name, seconds=60)
