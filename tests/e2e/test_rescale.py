"""A platform that grows twice comes to the same states and alerts as a plain-Python replay that follows the journal.

One simulated stream, with duplicates, late records and wrong keys, goes on over both growths: from 3 partitions to 5
with events waiting in the old ones, then to 12 with none. The worker keeps its disk over the first growth; after the
second another takes its place, with nothing on disk.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from itertools import islice

import msgspec
import pytest

from lakay_streams.contracts import Contracts
from lakay_streams.contracts.topics import CORRIDORS, JOURNAL, RATES, REJECTED, SOURCES, TOPICS, Partitions
from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.state.rocksdb import PartitionStore
from lakay_streams.engine.task.journal import JournalEntry
from lakay_streams.settings import load_settings
from lakay_streams.simulator import simulate
from lakay_streams.topics.rescale import grow
from tests.e2e.oracle import NEW, Expected, Oracle
from tests.e2e.platform import GROUP, UNRULY, Platform
from tests.engine.state.test_redistribution import final

PROCESSED, WAITING, AFTER_FIRST, AFTER_SECOND = 3_000, 1_500, 2_500, 2_500
TRAFFIC = replace(
    UNRULY,
    seed=20260614,
    users=120,
    events=PROCESSED + WAITING + AFTER_FIRST + AFTER_SECOND,
    scenario_share=0.1,
)


@pytest.fixture(scope="module")
def world(platform: Platform) -> tuple[Platform, Expected]:
    """Run and grow the platform, then the oracle over what was journalled."""
    return platform, asyncio.run(run(platform))


async def run(platform: Platform) -> Expected:
    records = ((record.topic, record.key, record.value) for record in simulate(TRAFFIC))
    with platform.worker("first"):
        await platform.send(islice(records, PROCESSED))
        await platform.caught_up()
    await platform.send(islice(records, WAITING))

    refused = platform.lakay("topics", "grow", "3", "5")
    assert refused.returncode == 1
    assert refused.stderr.endswith("a user's waiting events may be scored behind newer ones.\n"), refused.stderr
    grown = platform.lakay("topics", "grow", "3", "5", "--with-lag")
    assert grown.returncode == 0, grown.stderr
    shared = sum(topic.partitions is Partitions.AS_SOURCES for topic in TOPICS) + len(NEW)
    assert f"{shared} topics have 5 partitions now. Set TOPIC_PARTITIONS=5 for every worker" in grown.stdout
    platform.partitions = 5
    with platform.worker("first"):
        unchanged = asyncio.to_thread(platform.lakay, "worker", "--without-web", TOPIC_PARTITIONS="3")
        _, stopped = await asyncio.gather(platform.send(islice(records, AFTER_FIRST)), unchanged)
        assert stopped.returncode == 1
        assert "TOPIC_PARTITIONS is 3: set TOPIC_PARTITIONS=5, since Kafka takes no partitions away" in stopped.stderr
        await platform.caught_up()

    await grow(platform.settings, 5, 12)
    platform.partitions = 12
    with platform.worker("second"):
        await platform.send(records)
        await platform.caught_up()
    return await expected(platform)


async def expected(platform: Platform) -> Expected:
    sources = {topic: await platform.read(topic) for topic in SOURCES}
    journal = {
        number: [JournalEntry.decode(record.value) for record in records]
        for number, records in (await platform.read(JOURNAL)).items()
    }
    rates, corridors = [(await platform.read(topic, partitions=1))[0] for topic in (RATES, CORRIDORS)]
    oracle = Oracle(Contracts.load(None), load_settings(env_file=None))
    return oracle.replay(sources, journal, rates, corridors)


@pytest.mark.parametrize("table", list(NEW))
async def test_every_key_has_the_state_of_the_plain_replay(world: tuple[Platform, Expected], table: str) -> None:
    platform, expected = world
    decode = msgspec.msgpack.Decoder(type(NEW[table])).decode
    held = final(await platform.read(f"{GROUP}-{table}-changelog"))
    assert all(partition_of(key, 12) == number for number, states in held.items() for key in states)
    states = {key.decode(): decode(value) for each in held.values() for key, value in each.items()}
    assert states == expected.states[table]


@pytest.mark.parametrize("worker", ["first", "second"])
async def test_a_workers_disk_follows_the_changelog_over_the_growths(
    world: tuple[Platform, Expected], worker: str
) -> None:
    platform, _ = world
    compared = 0
    for table in NEW:
        changelog = await platform.read(f"{GROUP}-{table}-changelog")
        for path in (platform.folder / worker).glob(f"v1/tables/{table}/*.db"):
            records = changelog[int(path.stem)]
            store = PartitionStore(path)
            store.open()
            offset = store.offset()
            held = {0: [record for record in records if offset is not None and record.offset <= offset]}
            assert dict(store.items()) == final(held)[0]
            store.close()
            compared += len(held[0])
    assert compared > 100


async def test_every_output_is_seen_exactly_once(world: tuple[Platform, Expected]) -> None:
    platform, expected = world
    alerts = await platform.alert_ids()
    assert alerts == expected.alerts
    assert sum(alerts.values()) > 10
    assert set(alerts.values()) == {1}
    rejects = Counter(json.loads(record.value)["rejected_id"] for record in await platform.records(REJECTED))
    assert rejects == expected.rejects


async def test_every_event_is_processed_and_those_of_another_partition_are_sent_on_once(
    world: tuple[Platform, Expected],
) -> None:
    platform, expected = world
    sent = await platform.sent_on()
    assert sent == expected.sent_on
    # Wrong keys alone are 2% of the events.
    assert sum(sent.values()) > WAITING / 3
    journalled: Counter[tuple[str, int]] = Counter()
    for number, entries in (await platform.read(JOURNAL)).items():
        for segment in (segment for entry in entries for segment in JournalEntry.decode(entry.value).segments):
            journalled[segment.topic, number] += segment.records
    lengths = {
        (topic, number): len(records)
        for topic in SOURCES
        for number, records in (await platform.read(topic)).items()
        if records
    }
    assert journalled == lengths
