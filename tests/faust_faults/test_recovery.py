"""Whatever became of a changelog, a worker that starts ends its recovery and goes on."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.engine.harness import produce
from tests.faust_faults.subjects import Lost, Subject, counted, numbered, subjects

BEFORE, AFTER = numbered(range(300)), numbered(range(300), keys=7)


@subjects("158: a store ahead of its changelog is a ConsistencyError at every start", raises=Lost)
async def test_a_changelog_made_anew_stops_no_worker(kafka: str, tmp_path: Path, subject: Subject) -> None:
    name = await subject.prepare(kafka)
    with subject.workers(name, kafka, tmp_path, 1) as (worker,):
        await produce(kafka, f"{name}.in", BEFORE)
        await subject.counts_become(counted(BEFORE), kafka, name, seconds=25)
        await asyncio.sleep(3)
        worker.stop()
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.delete_topics([f"{name}-counts-changelog"])
        await admin.close()
        await asyncio.sleep(2)
        worker.start()
        await produce(kafka, f"{name}.in", AFTER)
        await processed_again(subject, kafka, name)


@subjects("176, 597: recovery waits for a last offset that is a commit marker, which no consumer is given", raises=Lost)
async def test_a_lost_disk_is_restored_from_a_changelog_written_in_transactions(
    kafka: str, tmp_path: Path, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOCK_GUARANTEE", "exactly_once")
    name = await subject.prepare(kafka)
    with subject.workers(name, kafka, tmp_path, 1) as (worker,):
        await produce(kafka, f"{name}.in", BEFORE)
        await subject.counts_become(counted(BEFORE), kafka, name, seconds=25)
        await asyncio.sleep(3)
        worker.stop()
        for database in worker.folder.glob("*/tables/*"):
            database.rename(tmp_path / f"lost-{database.name}")
        # Under its own guarantee stock Faust gives the marker up after ten seconds of silence; under any other, never.
        monkeypatch.delenv("STOCK_GUARANTEE")
        worker.start()
        await produce(kafka, f"{name}.in", AFTER)
        await subject.counts_become(counted([*BEFORE, *AFTER]), kafka, name, seconds=25)


async def processed_again(subject: Subject, kafka: str, name: str) -> None:
    """Wait until every key of what came after is counted."""
    keys = set(counted(AFTER))
    for _ in range(60):
        # A topic that is not made anew yet has no partitions to read.
        with contextlib.suppress(KafkaError):
            if keys <= (await subject.counts(kafka, name)).keys():
                return
        await asyncio.sleep(0.25)
    raise Lost("nothing is processed")
