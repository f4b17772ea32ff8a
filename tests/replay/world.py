"""A past on real servers: workers that were killed, moved and set otherwise, and a lake that kept all of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from lakay_streams.archive.settings_in_force import record_settings
from lakay_streams.db.pool import Database
from lakay_streams.settings import Settings
from lakay_streams.simulator import Simulated, simulate
from lakay_streams.simulator.labels import write_labels
from tests.archive.running import archives
from tests.e2e.operators import clearings, dispositions
from tests.e2e.platform import UNRULY, Platform
from tests.lake.test_exactly_once import LAKE, are_ready, everything_is_in_the_lake

TRAFFIC = replace(UNRULY, seed=20260302, users=150, events=8_000, scenario_share=0.12)
PARTS = 6

STRICTER = {"FRAUD_HIGH_THRESHOLD": "0.50", "FRAUD_CRITICAL_THRESHOLD": "0.70"}
"""What the second half of the past decided with."""


class World(NamedTuple):
    """A platform's past, and the settings at its end."""

    platform: Platform
    settings: Settings
    labels: Path


async def live(platform: Platform, settings: Settings, stricter: Settings) -> World:
    """Let workers live through the traffic, and a lake keep it.

    One is killed, two others share, and all come back with `stricter` settings.
    """
    async with Database(settings, application="tests") as database:
        for each in (settings, stricter):
            async with database.connection() as connection:
                await record_settings(connection, each, actor="archive")
    traffic = simulate(TRAFFIC)
    sent = list(traffic)
    size = len(sent) // PARTS + 1
    parts = [sent[start : start + size] for start in range(0, len(sent), size)]
    with platform.worker("first") as first:
        await feed(platform, parts[0])
        await platform.caught_up()
        await feed(platform, parts[1])
        first.kill()
        first.wait()
    with platform.worker("second"), platform.worker("third"):
        await feed(platform, parts[2])
        await platform.caught_up()
    platform.environment |= STRICTER
    with platform.worker("first"):
        for part in parts[3:]:
            await feed(platform, part)
        await platform.send(clearings(traffic.labels))
        await platform.caught_up()
    lake = {"LAKAY_DATA_DIR": str(settings.lakay_data_dir), "LAKE_FLUSH_S": "0.5", "DATALAKE_ENDPOINT": ""}
    with archives(platform.kafka, settings, platform.folder, 1, LAKE, **lake) as (one,):
        await are_ready(one)
        verdict = await everything_is_in_the_lake(settings)
        assert verdict.faults == ()
        assert one.stop() == 0
    labels = platform.folder / "labels.jsonl"
    write_labels(traffic.labels, labels)
    return World(platform, stricter, labels)


async def feed(platform: Platform, part: list[Simulated]) -> None:
    """Send a part of the traffic, and what operators decide about it."""
    await platform.send([(record.topic, record.key, record.value) for record in part])
    await platform.send(dispositions(part))
    await asyncio.sleep(1)


def settings_of(platform: Platform, stored: Settings, folder: Path, **environment: str) -> Settings:
    """Return the settings of the platform's processes, with a database and some variables."""
    return stored.model_copy(
        update={
            "kafka_bootstrap_servers": platform.kafka,
            "lakay_data_dir": folder,
            "topic_partitions": platform.partitions,
            "datalake_endpoint": "",
            **environment,
        }
    )
