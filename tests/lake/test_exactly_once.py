"""kill -9 at any moment, zombies and rebalances: every record is in the lake once, and every file is whole."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from lakay_streams.contracts.topics import CORRIDORS, RATES
from lakay_streams.lake.compacting import compact, expire
from lakay_streams.lake.verifying import Verdict, verify
from lakay_streams.settings import Settings
from lakay_streams.topics.provision import topics_in_force
from tests.agents.running import until
from tests.archive.feed import Sent, ordinary, send
from tests.archive.running import Archive, archives
from tests.engine.harness import read
from tests.lake.buckets import client, settings_for
from tests.s3_server import EmbeddedS3

LAKE = (sys.executable, "-m", "lakay_streams.cli", "lake", "run", "--no-supervise")

#: How often one is killed at a random moment; a long run asks for more.
KILLS = int(os.environ.get("LAKE_KILLS", "6"))

DEADLINE_S = 90.0


def lake_in(folder: Path) -> dict[str, str]:
    """Return the environment of processes that share one lake, and flush often."""
    return {"LAKAY_DATA_DIR": str(folder / "shared"), "LAKE_FLUSH_S": "0.3", "DATALAKE_ENDPOINT": ""}


def settings_of(kafka: str, stored: Settings, folder: Path) -> Settings:
    """Return the settings of those processes."""
    changes = {"kafka_bootstrap_servers": kafka, "lakay_data_dir": folder / "shared", "datalake_endpoint": ""}
    return stored.model_copy(update=changes)


async def are_ready(*several: Archive) -> None:
    for process in several:
        await asyncio.to_thread(until, process.is_ready, "the lake is ready")


def shared(count: int, seed: int) -> Iterator[Sent]:
    """Yield records of the topics of one partition."""
    for number in range(count):
        yield Sent(RATES, "USD/HTG", json.dumps({"rate": f"{seed}.{number}"}).encode())
        yield Sent(CORRIDORS, f"USD>{number}", None if number % 5 == 0 else b"{}")


async def feed(kafka: str, seed: int, parts: int, pause: float = 0.4) -> None:
    """Send records of every kind, in transactions of which some are aborted."""
    for part in range(parts):
        records = [*ordinary(300, seed + part), *shared(10, seed + part)]
        random.Random(seed + part).shuffle(records)
        await send(kafka, records, seed=part, transaction=50)
        await asyncio.sleep(pause)


async def everything_is_in_the_lake(settings: Settings) -> Verdict:
    """Wait until the lake has as many records as the topics have committed ones; return what verification says."""
    expected = 0
    for topic in topics_in_force(settings):
        records = await read(settings.kafka_bootstrap_servers, topic.name, topic.partition_count())
        expected += sum(map(len, records.values()))
    deadline = time.monotonic() + DEADLINE_S
    while True:
        verdict = await asyncio.to_thread(verify, settings)
        if verdict.records >= expected or time.monotonic() > deadline:
            assert verdict.records == expected
            return verdict


async def assert_every_record_is_in_the_lake_once(settings: Settings) -> None:
    """What flushes that were cut off have left is told, and can be deleted without a trace."""
    verdict = await everything_is_in_the_lake(settings)
    deleted = await asyncio.to_thread(expire, settings)
    assert sorted(fault.split()[0] for fault in verdict.faults) == sorted(deleted)
    assert (await asyncio.to_thread(verify, settings)).faults == ()
    # And so it is after compaction.
    compacted = await asyncio.to_thread(compact, settings, date.max)
    # One that never came to flush before it was killed has few files.
    assert compacted.into <= compacted.files // 2
    assert (await asyncio.to_thread(verify, settings))[1:] == (verdict.records, ())
    assert len(await asyncio.to_thread(expire, settings, timedelta())) == compacted.files
    assert (await asyncio.to_thread(verify, settings))[1:] == (verdict.records, ())


async def test_one_that_ends_in_good_order_leaves_nothing_behind(
    platform_kafka: str, stored: Settings, tmp_path: Path
) -> None:
    settings = settings_of(platform_kafka, stored, tmp_path)
    with archives(platform_kafka, stored, tmp_path, 1, LAKE, **lake_in(tmp_path)) as (one,):
        await are_ready(one)
        await feed(platform_kafka, 500, 2)
        verdict = await everything_is_in_the_lake(settings)
        assert verdict.faults == ()
        assert one.stop() == 0
    assert verdict.records >= 600


async def test_lakes_that_are_killed_at_random_moments(platform_kafka: str, stored: Settings, tmp_path: Path) -> None:
    chance = random.Random(KILLS)
    settings = settings_of(platform_kafka, stored, tmp_path)
    with archives(platform_kafka, stored, tmp_path, 2, LAKE, **lake_in(tmp_path)) as pair:
        feeding = asyncio.create_task(feed(platform_kafka, 1_000, 8 + 2 * KILLS))
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.2, 2.5))
            victim = chance.choice(pair)
            victim.kill()
            victim.start(**lake_in(tmp_path))
        await feeding
        await assert_every_record_is_in_the_lake_once(settings)


async def test_a_zombie_that_wakes_up_beside_its_successor(
    platform_kafka: str, stored: Settings, tmp_path: Path
) -> None:
    settings = settings_of(platform_kafka, stored, tmp_path)
    with archives(platform_kafka, stored, tmp_path, 2, LAKE, **lake_in(tmp_path)) as (zombie, other):
        feeding = asyncio.create_task(feed(platform_kafka, 3_000, 16))
        await are_ready(zombie, other)
        zombie.send(signal.SIGSTOP)
        await asyncio.sleep(5)  # beyond its session: the other has its partitions
        zombie.send(signal.SIGCONT)
        await feeding
        await assert_every_record_is_in_the_lake_once(settings)


async def test_an_s3_server_that_is_killed_stopped_and_read_only_costs_delay_and_no_record(
    platform_kafka: str, stored: Settings, tmp_path: Path, own_s3: EmbeddedS3
) -> None:
    client(own_s3.address).create_bucket(Bucket="lake")
    on_s3 = settings_for(own_s3.address, "lake")
    keys = {"DATALAKE_ACCESS_KEY": own_s3.access_key, "DATALAKE_SECRET_KEY": own_s3.secret_key}
    where = lake_in(tmp_path) | keys | {"DATALAKE_ENDPOINT": on_s3.datalake_endpoint, "DATALAKE_BUCKET": "lake"}
    changes = {
        name: getattr(on_s3, name)
        for name in ("datalake_endpoint", "datalake_access_key", "datalake_secret_key", "datalake_bucket")
    }
    settings = settings_of(platform_kafka, stored, tmp_path).model_copy(update=changes)
    with archives(platform_kafka, stored, tmp_path, 1, LAKE, **where) as (one,):
        feeding = asyncio.create_task(feed(platform_kafka, 5_000, 6))
        await are_ready(one)
        own_s3.restart(kill=True)
        await asyncio.sleep(1)
        assert own_s3.pid
        os.kill(own_s3.pid, signal.SIGSTOP)
        await asyncio.sleep(2)
        os.kill(own_s3.pid, signal.SIGCONT)
        own_s3.readonly = True
        own_s3.restart()
        await asyncio.to_thread(until, lambda: "bronze_flush_error" in one.log.read_text(), "a refusal is told")
        own_s3.readonly = False
        own_s3.restart()
        await feeding
        await assert_every_record_is_in_the_lake_once(settings)
        log = one.log.read_text()
    assert "give the key of DATALAKE_ACCESS_KEY the right to list, read, write and delete" in log
    assert own_s3.secret_key not in log
