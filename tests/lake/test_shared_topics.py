"""Topics of one partition are in the lake, whichever process reads them, and whatever Kafka compacts away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from agents.lake import topics_of, types_of
from lakay_streams.contracts.topics import CORRIDORS, RATES, SOURCES
from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.lake.files import files_of
from lakay_streams.lake.verifying import manifest_of, verify
from lakay_streams.settings import Settings
from lakay_streams.topics.provision import create_topics
from tests.archive.feed import Sent, send
from tests.archive.running import archives
from tests.engine import harness
from tests.lake.test_exactly_once import DEADLINE_S, LAKE, are_ready, lake_in, settings_of, shared

AT_ONCE = {
    "cleanup.policy": "compact",
    "segment.ms": "50",
    "min.cleanable.dirty.ratio": "0",
    "min.compaction.lag.ms": "0",
}
"""Of such a topic Kafka deletes what is no key's last, as soon as the next record has come."""


class Compacting(EmbeddedKafka):
    """A Kafka that looks ten times a second for what it may compact."""

    def properties(self) -> str:
        return f"{super().properties()}log.cleaner.backoff.ms=100\n"


@pytest.fixture
def compacting_kafka(stored: Settings) -> Iterator[str]:
    """A Kafka of its own with the platform's topics."""
    with Compacting() as broker:
        settings = stored.model_copy(update={"kafka_bootstrap_servers": broker.bootstrap_servers})
        asyncio.run(create_topics(settings))
        yield broker.bootstrap_servers


async def compact_at_once(kafka: str) -> None:
    """Have Kafka compact the rates as early as it can."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, RATES, AT_ONCE)])
    finally:
        await admin.close()


def rate(number: int) -> Sent:
    return Sent(RATES, "USD/HTG", b'{"rate": "%d"}' % number)


async def rates_in(kafka: str) -> set[int]:
    return {record.offset for record in (await harness.read(kafka, RATES, 1))[0]}


async def rates_are_in_the_lake(settings: Settings, wanted: set[int], until: int = 0) -> None:
    """Wait until the lake stands behind the last of them, and behind `until`, and see that it has each."""
    deadline = time.monotonic() + DEADLINE_S
    while (told := await manifest_of(settings)).positions.get((RATES, 0), 0) <= max(until, *wanted):
        assert time.monotonic() < deadline, "the lake does not come to the last rate"
        await asyncio.sleep(0.1)
    found = [range(kept.first_offset, kept.last_offset + 1) for kept in told.files if kept.topic == RATES]
    assert sum(kept.records for kept in told.files if kept.topic == RATES) >= len(wanted)
    assert all(any(offset in span for span in found) for offset in wanted)
    assert (await asyncio.to_thread(verify, settings)).faults == ()


def test_every_topic_is_in_the_lake_and_none_has_the_type_of_unreadable_records(stored: Settings) -> None:
    topics = topics_of(stored)
    assert {RATES, CORRIDORS} < set(topics)
    # The others' records are events, which name their types.
    assert set(topics) - set(types_of(stored)) == set(SOURCES)


async def test_what_kafka_compacts_away_stays_in_the_lake(
    compacting_kafka: str, stored: Settings, tmp_path: Path
) -> None:
    settings = settings_of(compacting_kafka, stored, tmp_path)
    await send(compacting_kafka, [rate(number) for number in range(50)], aborted=0)
    sent = set(range(50))
    with archives(compacting_kafka, stored, tmp_path, 1, LAKE, **lake_in(tmp_path)) as (one,):
        await rates_are_in_the_lake(settings, sent)
        one.stop()
        await compact_at_once(compacting_kafka)
        deadline = time.monotonic() + DEADLINE_S
        while len(left := await rates_in(compacting_kafka)) > 25:
            assert time.monotonic() < deadline, "Kafka compacts nothing"
            await send(compacting_kafka, [rate(50)], aborted=0)
        assert sent - left
        one.start(**lake_in(tmp_path))
        # Of what is left, more may be compacted before it is read.
        await rates_are_in_the_lake(settings, sent, max(left))
        assert "lake_records_lost" not in one.log.read_text()


async def test_rates_go_on_when_the_process_that_reads_them_is_killed(
    platform_kafka: str, stored: Settings, tmp_path: Path
) -> None:
    settings = settings_of(platform_kafka, stored, tmp_path)
    with archives(platform_kafka, stored, tmp_path, 2, LAKE, **lake_in(tmp_path)) as pair:
        await are_ready(*pair)
        # One of the two has them, whichever it is.
        for number, (victim, other) in enumerate((pair, reversed(pair))):
            await are_ready(other)
            await send(platform_kafka, shared(20, number), transaction=5, seed=number)
            victim.kill()
            await send(platform_kafka, shared(20, 10 + number), transaction=5, seed=number)
            await rates_are_in_the_lake(settings, await rates_in(platform_kafka))
            victim.start(**lake_in(tmp_path))


async def test_a_rate_that_the_lake_lost_is_told(platform_kafka: str, stored: Settings, tmp_path: Path) -> None:
    settings = settings_of(platform_kafka, stored, tmp_path)
    await send(platform_kafka, [rate(1)], aborted=0)
    with archives(platform_kafka, stored, tmp_path, 1, LAKE, **lake_in(tmp_path)) as (one,):
        await rates_are_in_the_lake(settings, await rates_in(platform_kafka))
        assert one.stop() == 0
    (kept, *_) = [kept for kept in (await manifest_of(settings)).files if kept.topic == RATES]
    files_of(settings).delete([kept.path])
    faults = (await asyncio.to_thread(verify, settings)).faults
    assert [fault.split()[0] for fault in faults] == [kept.path, RATES]
