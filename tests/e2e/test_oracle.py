"""Two workers on a real Kafka come to the same states and alerts as a plain-Python replay that follows the journal.

50,000 simulated events with duplicates, late and out-of-order ones, wrong keys and broken records; one worker comes
later and goes again, so that the partitions move twice.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from lakay_streams.contracts import Contracts
from lakay_streams.contracts.topics import (
    COMPLIANCE_ALERTS,
    CONTROL,
    CORRIDORS,
    JOURNAL,
    RATES,
    REJECTED,
    SOURCES,
)
from lakay_streams.engine.task.journal import JournalEntry
from lakay_streams.settings import load_settings
from lakay_streams.simulator import simulate
from tests.e2e.operators import clearings, dispositions
from tests.e2e.oracle import NEW, Expected, Oracle
from tests.e2e.platform import ALERT_TOPICS, GROUP, UNRULY, Platform

EVENTS = 50_000
TRAFFIC = replace(
    UNRULY,
    seed=20260302,
    users=400,
    events=EVENTS,
    scenario_share=0.05,
)


@pytest.fixture(scope="module")
def world(platform: Platform) -> tuple[Platform, Expected]:
    """Run the workers over the traffic, then the oracle over what they journalled."""
    return platform, asyncio.run(run(platform))


async def run(platform: Platform) -> Expected:
    with platform.worker("first"):
        sending = asyncio.create_task(send(platform))
        await opened(platform, "first", 1)
        with platform.worker("second"):
            await opened(platform, "second", 1)
            await asyncio.sleep(2)
        assert not sending.done(), "the second worker comes and goes in mid-stream"
        await opened(platform, "first", 3)
        await sending
        await platform.caught_up()
    sources = {topic: await platform.read(topic) for topic in SOURCES}
    journal = {
        number: [JournalEntry.decode(record.value) for record in records]
        for number, records in (await platform.read(JOURNAL)).items()
    }
    rates, corridors = [(await platform.read(topic, partitions=1))[0] for topic in (RATES, CORRIDORS)]
    settings = load_settings(env_file=None)
    oracle = Oracle(Contracts.load(None), settings)
    return oracle.replay(sources, journal, rates, corridors)


async def opened(platform: Platform, worker: str, times: int) -> None:
    async with asyncio.timeout(60):
        while platform.log(worker).count('"event":"partitions_opened"') < times:  # noqa: ASYNC110 - it stands in another process's log
            await asyncio.sleep(0.2)


async def send(platform: Platform) -> None:
    traffic = simulate(TRAFFIC)
    async for part in parts(traffic, 1_000):
        await platform.send([(record.topic, record.key, record.value) for record in part])
        await platform.send(dispositions(part))
        await asyncio.sleep(0.5)
    await platform.send(clearings(traffic.labels))


async def parts(records: Any, size: int) -> AsyncIterator[list[Any]]:
    part = []
    for record in records:
        part.append(record)
        if len(part) == size:
            yield part
            part = []
    yield part


async def final_states(platform: Platform, table: str) -> Mapping[str, Any]:
    decode = msgspec.msgpack.Decoder(type(NEW[table])).decode
    records = await platform.records(f"{GROUP}-{table}-changelog")
    return {record.key.decode(): decode(record.value) for record in records}


@pytest.mark.parametrize("table", list(NEW))
async def test_every_key_has_the_state_of_the_plain_replay(world: tuple[Platform, Expected], table: str) -> None:
    platform, expected = world
    assert await final_states(platform, table) == expected.states[table]


async def test_every_alert_is_seen_exactly_once(world: tuple[Platform, Expected]) -> None:
    platform, expected = world
    seen = await platform.alert_ids()
    assert seen == expected.alerts
    for topic in ALERT_TOPICS:
        assert len(await platform.records(topic)) > 10
    assert set(seen.values()) == {1}


async def test_what_operators_decided_is_carried_out_among_the_events(world: tuple[Platform, Expected]) -> None:
    """The states above agree also where a profile was reset; here it is made sure that there were such."""
    platform, _ = world
    decided = [record for record in await platform.records(CONTROL) if record.key != b"nobody"]
    assert len(decided) > 50
    done = sum(platform.log(worker).count('"event":"profile_disposed"') for worker in ("first", "second"))
    assert done > 40


async def test_alerts_that_officers_cleared_say_so(world: tuple[Platform, Expected]) -> None:
    platform, _ = world
    told = [json.loads(record.value) for record in await platform.records(COMPLIANCE_ALERTS)]
    assert len([alert for alert in told if alert["status"] == "cleared"]) > 3


async def test_rates_that_differ_too_much_are_held(world: tuple[Platform, Expected]) -> None:
    """An operator who confirmed three times the rate has every honest one held after it."""
    platform, expected = world
    assert len(expected.states["rates"]["USD/HTG"].held) > 3
    assert sum(platform.log(worker).count('"event":"exchange_rate_held"') for worker in ("first", "second")) > 3


async def test_every_bad_record_is_kept_exactly_once(world: tuple[Platform, Expected]) -> None:
    platform, expected = world
    kept = Counter(json.loads(record.value)["rejected_id"] for record in await platform.records(REJECTED))
    assert kept == expected.rejects
    assert sum(kept.values()) > 100


async def test_a_record_under_a_wrong_key_is_sent_on_exactly_once(world: tuple[Platform, Expected]) -> None:
    platform, expected = world
    sent = await platform.sent_on()
    assert sent == expected.sent_on
    assert sum(sent.values()) > 100
