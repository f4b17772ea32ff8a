"""Growing loses no state and no event, wherever it is interrupted, and is refused where it could."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from lakay_streams.contracts.topics import (
    CIRCLES,
    JOURNAL,
    RATES,
    REKEYED_USERS,
    SOURCES,
    TOPICS,
    TRANSACTIONS,
    USERS,
    Partitions,
)
from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.engine.kafka import unpacking
from lakay_streams.engine.kafka.partitioner import partition_of
from lakay_streams.engine.kafka.producer import TransactionalProducer
from lakay_streams.engine.state import redistribution
from lakay_streams.engine.task.journal import JournalEntry, Segment, last_entries
from lakay_streams.errors import PrerequisiteError, TopicError, UnreadableError
from lakay_streams.settings import Settings, load_settings
from lakay_streams.topics.provision import create_topics, kafka_client, partition_counts
from lakay_streams.topics.rescale import grow
from tests.engine import harness
from tests.engine.harness import group_offsets, produce, read
from tests.engine.state.test_redistribution import final
from tests.topics.dying_growth import Point, die

OLD, NEW = 3, 5
GROUP = "growing"
#: Those that grow.
SHARED = [topic for topic in TOPICS if topic.partitions is Partitions.AS_SOURCES]
TABLES = [f"{GROUP}-circles-changelog", f"{GROUP}-users-changelog"]
KEYS = [b"key-%d" % number for number in range(120)]


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """A Kafka of its own: the topics have fixed names."""
    with EmbeddedKafka() as kafka:
        yield kafka.bootstrap_servers


@pytest.fixture
async def settings(broker: str, tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings for a Kafka in which an application has run and was stopped, with nothing left to process."""
    settings = load_settings(env_file=None).model_copy(
        update={"kafka_bootstrap_servers": broker, "kafka_consumer_group": GROUP, "lakay_data_dir": tmp_path}
    )
    await create_topics(settings)
    await harness.create_topics(broker, *TABLES, partitions=OLD, **{"cleanup.policy": "compact"})
    for number in range(OLD):
        async with owning(settings, number) as producer:
            own = [key for key in KEYS if partition_of(key, OLD) == number]
            entry = JournalEntry(
                number, OLD, [Segment(USERS, 0, 0, 1)], {"rates": 0}, group=GROUP, positions={USERS: 1}
            )
            states = {(table, number): [(key, table.encode() + key) for key in own] for table in TABLES}
            event = {(USERS, number): [(own[0], b"an event")]}
            offsets = {TopicPartition(topic, number): OffsetAndMetadata(0, "") for topic in SOURCES}
            await producer.commit(event, {})
            done = {TopicPartition(USERS, number): OffsetAndMetadata(1, "")}
            await producer.commit(states | {(JOURNAL, number): [(b"", entry.encode())]}, offsets | done)
    yield settings
    async with administering(settings) as admin:
        await admin.delete_topics([topic for topic in await partition_counts(admin) if topic[0] != "_"])
        while any(topic[0] != "_" for topic in await partition_counts(admin)):  # noqa: ASYNC110 - Kafka has no event
            await asyncio.sleep(0.1)


@asynccontextmanager
async def administering(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


@asynccontextmanager
async def owning(settings: Settings, number: int) -> AsyncIterator[TransactionalProducer]:
    producer = TransactionalProducer.of_partition(GROUP, number, timeout=10, client=kafka_client(settings))
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def add_partitions(settings: Settings, partitions: int, *topics: str) -> None:
    """Do by hand what only growing should do."""
    async with administering(settings) as admin:
        await admin.create_partitions({topic: NewPartitions(partitions) for topic in topics})


async def states(settings: Settings, partitions: int) -> dict[str, dict[int, dict[bytes, bytes]]]:
    """Return what each partition of each changelog holds at its end."""
    return {table: final(await read(settings.kafka_bootstrap_servers, table, partitions)) for table in TABLES}


def split_into(partitions: int) -> dict[str, dict[int, dict[bytes, bytes]]]:
    return {
        table: {
            number: {key: table.encode() + key for key in KEYS if partition_of(key, partitions) == number}
            for number in range(partitions)
        }
        for table in TABLES
    }


async def worker_starts(settings: Settings, partitions: int) -> None:
    """Do what a worker does before it starts; raises what refuses it."""
    await create_topics(settings.model_copy(update={"topic_partitions": partitions}))


async def assert_grown(settings: Settings) -> None:
    kafka = settings.kafka_bootstrap_servers
    assert await states(settings, NEW) == split_into(NEW)
    async with administering(settings) as admin:
        counts = await partition_counts(admin)
    assert {counts[topic.name] for topic in SHARED} == {NEW}
    assert counts[RATES] == 1
    entries = await last_entries(JOURNAL, range(NEW), GROUP, kafka_client(settings))
    assert {number: (entry.partitions, entry.segments) for number, entry in entries.items()} == dict.fromkeys(
        range(NEW), (NEW, [])
    )
    assert [entries[number].positions for number in range(NEW)] == [{USERS: 1}] * OLD + [{}] * (NEW - OLD)
    offsets = await group_offsets(kafka, GROUP)
    assert {tp: offset.offset for tp, offset in offsets.items()} == {
        TopicPartition(topic, number): int(topic == USERS and number < OLD)
        for topic in SOURCES
        for number in range(NEW)
    }
    await worker_starts(settings, NEW)
    with pytest.raises(
        TopicError, match=f"TOPIC_PARTITIONS is {OLD}: set TOPIC_PARTITIONS={NEW}, since Kafka takes no"
    ):
        await worker_starts(settings, OLD)


async def test_every_state_goes_where_its_key_belongs(settings: Settings) -> None:
    told: list[tuple[str, int, int]] = []
    grown = await grow(settings, OLD, NEW, tell=lambda *so_far: told.append(so_far))
    misplaced = sum(partition_of(key, OLD) != partition_of(key, NEW) for key in KEYS)
    assert [tuple(each) for each in grown.moved] == [(table, len(KEYS), misplaced) for table in TABLES]
    assert grown.topics == len(SHARED) + len(TABLES)
    await assert_grown(settings)
    assert (f"{TABLES[1]}: copying", misplaced, misplaced) in told
    assert not list(settings.lakay_data_dir.iterdir())

    again = await grow(settings, OLD, NEW)
    assert [each.moved for each in again.moved] == [0, 0]
    await assert_grown(settings)


async def test_a_growth_that_is_killed_at_each_step_is_gone_on_with(settings: Settings) -> None:
    for point in Point:
        assert await asyncio.to_thread(die, settings, OLD, NEW, point) == -signal.SIGKILL, point
        held = await states(settings, OLD if point in {Point.CHECKED, Point.SOME_CHANGELOGS} else NEW)
        for table in TABLES:
            found = {key: value for each in held[table].values() for key, value in each.items()}
            assert found == {key: table.encode() + key for key in KEYS}, point
        if point is Point.CHECKED:
            await worker_starts(settings, OLD)
        elif point is not Point.IN_FORCE:
            for partitions in (OLD, NEW):
                with pytest.raises(TopicError, match=f"run `lakay topics grow {OLD} {NEW}`, again if it was interr"):
                    await worker_starts(settings, partitions)
    await grow(settings, OLD, NEW)
    await assert_grown(settings)


async def test_topics_that_were_given_partitions_by_hand_are_refused_and_grown(settings: Settings) -> None:
    everything = [topic.name for topic in SHARED] + TABLES
    await add_partitions(settings, NEW, *everything)
    with pytest.raises(
        TopicError,
        match=f"The topics have {NEW} partitions and the states are spread over {OLD}: .*grow {OLD} {NEW}`",
    ):
        await worker_starts(settings, NEW)
    await grow(settings, OLD, NEW)
    await assert_grown(settings)


async def test_what_is_no_growth_is_refused_with_what_to_do(settings: Settings) -> None:
    await refused(
        settings, 3, 3, "3 partitions are not more than 3, and Kafka takes none away: keep TOPIC_PARTITIONS=3"
    )
    await refused(settings, 12, 3, "3 partitions are not more than 12")
    await refused(settings, 4, 12, r"The topics have 3 partitions, not 4: run `lakay topics grow 3 12`\.")
    await refused(settings, 1, 2, r"The topics have 3 partitions already: set TOPIC_PARTITIONS=3\.")
    await add_partitions(settings, 4, TABLES[0])
    await refused(settings, 3, 12, r"A growth from 3 to 4 partitions is not finished: run `lakay topics grow 3 4`\.")
    await add_partitions(settings, 12, TRANSACTIONS)
    await refused(
        settings,
        3,
        12,
        rf"different partition counts, 3 \(.* more\), 4 \({TABLES[0]}\), 12 \({TRANSACTIONS}\): "
        r"give those with fewer than 12 one count, such as 4, .* `lakay topics grow 4 12`\.",
    )
    assert await states(settings, OLD) == split_into(OLD)


async def refused(settings: Settings, old: int, new: int, why: str, **options: Any) -> None:
    with pytest.raises(TopicError, match=why):
        await grow(settings, old, new, **options)


async def test_it_is_refused_while_workers_run(settings: Settings) -> None:
    worker = AIOKafkaConsumer(CIRCLES, bootstrap_servers=settings.kafka_bootstrap_servers, group_id=GROUP)
    await worker.start()
    await refused(settings, OLD, NEW, "The group growing has 1 members: stop every worker and the archive")
    await worker.stop()
    await grow(settings, OLD, NEW)


async def test_it_is_refused_while_events_wait_unless_that_is_wanted(settings: Settings) -> None:
    await produce(settings.kafka_bootstrap_servers, REKEYED_USERS, [(b"key-1", b"an event")])
    await refused(settings, OLD, NEW, f"Up to 1 events wait to be processed, in {REKEYED_USERS}: .*--with-lag")
    await worker_starts(settings, OLD)
    await grow(settings, OLD, NEW, with_lag=True)
    await assert_grown(settings)


async def test_a_worker_that_starts_meanwhile_ends_it(settings: Settings) -> None:
    async def start_worker() -> None:
        async with owning(settings, 1):
            pass

    starting: list[asyncio.Task[None]] = []

    def tell(what: str, done: int, of: int) -> None:
        if "copying" in what and not starting:
            starting.append(asyncio.create_task(start_worker()))

    with pytest.MonkeyPatch.context() as context:
        context.setattr(redistribution, "TRANSACTION_BYTES", 100)
        await refused(
            settings, OLD, NEW, "A worker started while the topics were growing: stop every worker", tell=tell
        )
    await starting[0]
    # aiokafka forgets futures of what it could not send, and asyncio logs each when it is collected: here, not later.
    gc.collect()
    await grow(settings, OLD, NEW)
    await assert_grown(settings)


async def test_a_disk_that_takes_no_states_is_told_and_harms_nothing(settings: Settings) -> None:
    taken = settings.lakay_data_dir / "taken"
    taken.touch()
    with pytest.raises(
        PrerequisiteError, match=f"see that there is room for the states in {taken}, and run this again"
    ):
        await grow(settings.model_copy(update={"lakay_data_dir": taken}), OLD, NEW)
    await grow(settings, OLD, NEW)
    await assert_grown(settings)


async def test_without_topics_there_is_nothing_to_grow(broker: str) -> None:
    nothing = load_settings(env_file=None).model_copy(update={"kafka_bootstrap_servers": broker})
    await refused(
        nothing, OLD, NEW, "There are no topics to grow: set TOPIC_PARTITIONS=5 and run `lakay topics create`"
    )


async def test_without_a_kafka_the_error_says_what_to_do() -> None:
    nowhere = load_settings(env_file=None).model_copy(update={"kafka_bootstrap_servers": "127.0.0.1:1"})
    with pytest.raises(PrerequisiteError, match="KAFKA_BOOTSTRAP_SERVERS"):
        await grow(nowhere, OLD, NEW)


@pytest.mark.parametrize("topic", [TABLES[0], JOURNAL])
@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_what_unpacks_to_more_than_the_bound_is_one_sentence(settings: Settings, topic: str, codec: str) -> None:
    bounded = settings.model_copy(update={"kafka_unpacked_max_bytes": 1 << 20})
    zeros = bytes(2 << 20)
    await produce(
        settings.kafka_bootstrap_servers, topic, [(KEYS[0], zeros)], compression_type=codec, max_request_size=4 << 20
    )
    try:
        with pytest.raises(UnreadableError) as refused:
            await grow(bounded, OLD, NEW)
    finally:
        unpacking.bound(unpacking.UNPACKED_BYTES)
    told = str(refused.value)
    assert told.startswith(f"{topic} partition {partition_of(KEYS[0], OLD)} cannot be read, offsets ")
    assert f"unpacks to more than {1 << 20} bytes ({codec}, " in told
    assert "raise KAFKA_UNPACKED_MAX_BYTES" in told
