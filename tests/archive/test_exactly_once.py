"""kill -9 at any moment, zombies and rebalances lose nothing and double nothing in PostgreSQL."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import sys
from pathlib import Path

from lakay_streams.settings import Settings
from tests.agents.running import until
from tests.archive.compare import all_is_archived
from tests.archive.feed import ordinary, send
from tests.archive.killed import STEPS
from tests.archive.running import Archive, archives

#: How often an archive is killed at a random moment; a long run asks for more.
KILLS = int(os.environ.get("ARCHIVE_KILLS", "6"))

KILLED_ARCHIVE = (sys.executable, "-m", "tests.archive.killed", "archive", "--no-supervise")


async def are_ready(*several: Archive) -> None:
    """Wait until each of them archives."""
    for archive in several:
        await asyncio.to_thread(until, archive.is_ready, "the archive is ready")


async def feed(kafka: str, seed: int, parts: int, pause: float = 0.4) -> None:
    """Send records of every kind, in transactions of which some are aborted."""
    for part in range(parts):
        await send(kafka, ordinary(300, seed + part), seed=part, transaction=50)
        await asyncio.sleep(pause)


async def test_archives_that_are_killed_at_random_moments(
    platform_kafka: str, stored: Settings, tmp_path: Path
) -> None:
    chance = random.Random(KILLS)
    with archives(platform_kafka, stored, tmp_path, 2) as pair:
        feeding = asyncio.create_task(feed(platform_kafka, 1_000, 8 + 2 * KILLS))
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.2, 2.5))
            victim = chance.choice(pair)
            victim.kill()
            victim.start()
        await feeding
        await all_is_archived(platform_kafka, stored)


async def test_archives_that_are_killed_at_each_step_of_a_transaction(
    platform_kafka: str, stored: Settings, tmp_path: Path
) -> None:
    seeds = itertools.count(2_000)
    for step in STEPS:
        killed = {"ARCHIVE_KILL_AT": f"{step}:2"}
        with archives(platform_kafka, stored, tmp_path, 1, KILLED_ARCHIVE, **killed) as (victim,):
            while victim.running:
                await send(platform_kafka, ordinary(60, next(seeds)), transaction=20)
            assert victim.wait() == -signal.SIGKILL
    with archives(platform_kafka, stored, tmp_path):
        await all_is_archived(platform_kafka, stored)


async def test_a_zombie_that_wakes_up_beside_its_successor_and_archives_that_come_and_go(
    platform_kafka: str, stored: Settings, tmp_path: Path
) -> None:
    with archives(platform_kafka, stored, tmp_path, 2) as (zombie, other):
        feeding = asyncio.create_task(feed(platform_kafka, 3_000, 24))
        await are_ready(zombie, other)
        zombie.send(signal.SIGSTOP)
        await asyncio.sleep(5)  # beyond its session: the other has its partitions
        zombie.send(signal.SIGCONT)
        await asyncio.sleep(2)
        assert other.stop() == 0
        other.start()
        await are_ready(other)
        await feeding
        await all_is_archived(platform_kafka, stored)
