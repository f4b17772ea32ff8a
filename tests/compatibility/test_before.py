"""Today's worker and archive go on where those of the commit before the redesign stopped.

Everything below starts from `before.tar.xz`, which `make.py` makes again: changelogs, journal and internal topics at
their offsets, a database's rows, and a worker's folder. The worker finds its folder for one partition, and restores the
other one from the changelogs.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lakay_streams.contracts import Contracts
from lakay_streams.contracts.topics import CORRIDORS, JOURNAL, RATES, SOURCES
from lakay_streams.db import schema
from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.engine.state.rocksdb import PartitionStore
from lakay_streams.engine.state.table import changelogs_of
from lakay_streams.engine.task.journal import JournalEntry
from lakay_streams.settings import Settings, load_settings
from lakay_streams.topics.provision import topics_in_force
from tests.archive.compare import kept, revision_in
from tests.archive.running import archives
from tests.compatibility import database, fields
from tests.compatibility.kafka import put, put_offsets
from tests.compatibility.snapshot import BEFORE, DECODE, ON_DISK, PARTITIONS, Snapshot, at_rest
from tests.db.servers import fresh_database, settings_for
from tests.e2e.oracle import NEW, Expected, Oracle
from tests.e2e.platform import ALERT_TOPICS, GROUP, Platform, alert_id
from tests.engine.harness import create_topics

NUMBERS = range(PARTITIONS)

#: The first test waits for the worker, the archive and both of their servers, on a machine that may be busy.
pytestmark = pytest.mark.timeout(900)


class World(NamedTuple):
    """What the worker and the archive came to."""

    platform: Platform
    settings: Settings
    expected: Expected
    states: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """What the commit before has left behind."""
    return Snapshot.unpack(BEFORE, tmp_path_factory.mktemp("before"))


@pytest.fixture(scope="module")
def world(before: Snapshot, postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Put it into a Kafka and a PostgreSQL, and let today's worker and archive process what comes next."""
    folder = tmp_path_factory.mktemp("after")
    with EmbeddedKafka() as broker, fresh_database(postgres) as url:
        platform = Platform(broker.bootstrap_servers, folder)
        platform.partitions = PARTITIONS
        settings = settings_for(url)
        schema.upgrade(settings, before.about["revision"])
        database.put(settings, before.rows)
        schema.upgrade(settings)
        yield asyncio.run(go_on(before, platform, settings))


async def go_on(before: Snapshot, platform: Platform, settings: Settings) -> World:
    platform.lakay("topics", "create")
    changelogs = [f"{GROUP}-{table}-changelog" for table in NEW]
    await create_topics(platform.kafka, *changelogs, partitions=PARTITIONS, **{"cleanup.policy": "compact"})
    await put(platform.kafka, before.logs)
    await put_offsets(platform.kafka, GROUP, before.offsets)
    shutil.copytree(before.stores, platform.folder / "worker")
    await platform.send(before.traffic)
    with (
        archives(platform.kafka, settings, platform.folder, TOPIC_PARTITIONS=str(PARTITIONS)),
        platform.worker("worker"),
    ):
        await platform.caught_up()
        await at_rest(platform, settings)
    states = {}
    for table in NEW:
        records = await platform.records(f"{GROUP}-{table}-changelog")
        newest = {record.key.decode(): record.value for record in records}
        states[table] = {key: DECODE[table](value) for key, value in newest.items() if value is not None}
    return World(platform, settings, await continued(before, platform), states)


async def continued(before: Snapshot, platform: Platform) -> Expected:
    """Let the oracle go on from the states of before, along what today's worker has journalled."""
    oracle = Oracle(Contracts.load(None), load_settings(env_file=None))
    for table in NEW:
        oracle.restore(table, {key: state for number in NUMBERS for key, state in restored(before, table, number)})
    sources = {topic: await platform.read(topic) for topic in SOURCES}
    journal = {
        number: [
            JournalEntry.decode(record.value)
            for record in records
            if record.offset >= before.log_of(JOURNAL, number).end
        ]
        for number, records in (await platform.read(JOURNAL)).items()
    }
    assert all(journal.values())
    rates, corridors = [(await platform.read(topic, partitions=1))[0] for topic in (RATES, CORRIDORS)]
    return oracle.replay(sources, journal, rates, corridors)


def restored(before: Snapshot, table: str, number: int) -> list[tuple[str, Any]]:
    return [(key.decode(), DECODE[table](state)) for key, state in before.changelog(table, number).last().items()]


def test_every_topic_of_before_is_still_read_and_written(before: Snapshot) -> None:
    topics = {log.topic for log in before.logs}
    changelogs = set(changelogs_of(GROUP, topics))
    assert changelogs == {f"{GROUP}-{table}-changelog" for table in NEW}
    assert topics - changelogs == {topic.name for topic in topics_in_force(load_settings(env_file=None))}


@pytest.mark.parametrize("table", list(NEW))
def test_every_state_has_the_fields_that_the_commit_before_read_in_it(before: Snapshot, table: str) -> None:
    states = dict(state for number in NUMBERS for state in restored(before, table, number))
    told = {key: told for name, key, told in before.fields if name == table}
    assert told.keys() == states.keys()
    assert told
    for key, state in states.items():
        assert fields.differences(told[key], fields.fields(state)) == []


def test_every_journal_entry_has_the_fields_that_the_commit_before_read_in_it(before: Snapshot) -> None:
    told = {key: told for name, key, told in before.fields if name == fields.JOURNAL}
    assert len(told) > 2
    for number in NUMBERS:
        for offset, _, entry in before.log_of(JOURNAL, number).records:
            now = JournalEntry.decode(entry or b"")
            assert fields.differences(told.pop(f"{number}/{offset}"), fields.fields(now)) == []
    assert not told


@pytest.mark.parametrize("table", list(NEW))
def test_a_rocksdb_of_before_opens_and_has_what_its_changelog_has(before: Snapshot, table: str, tmp_path: Path) -> None:
    (path,) = before.stores.rglob(f"{table}/{ON_DISK}.db")
    shutil.copytree(path, tmp_path / table / path.name)
    store = PartitionStore(tmp_path / table / path.name)
    store.open()
    assert dict(store.items()) == before.changelog(table, ON_DISK).last()
    store.close()


def test_a_partition_opens_from_its_folder_or_from_its_changelogs(world: World, before: Snapshot) -> None:
    lines = [json.loads(line) for line in world.platform.log("worker").splitlines() if line.startswith("{")]
    replayed = {line["partition"]: line["replayed"] for line in lines if line.get("event") == "partition_opened"}
    everything = sum(len(before.changelog(table, 1 - ON_DISK).records) for table in NEW)
    assert replayed == {ON_DISK: 0, 1 - ON_DISK: everything}
    assert not {line["event"] for line in lines} & {"changelog_records_lost", "source_records_lost", "store_rebuilt"}


@pytest.mark.parametrize("table", list(NEW))
def test_every_state_goes_on_as_a_plain_replay_does_from_the_restored_one(world: World, table: str) -> None:
    assert world.states[table] == world.expected.states[table]


async def test_no_alert_of_before_is_repeated_and_none_is_missing(world: World, before: Snapshot) -> None:
    told = Counter(
        alert_id(json.loads(value or b""))
        for topic in ALERT_TOPICS
        for number in NUMBERS
        for _, _, value in before.log_of(topic, number).records
    )
    assert set((told + world.expected.alerts).values()) == {1}
    assert await world.platform.alert_ids() == told + world.expected.alerts
    assert sum(told.values()) > 20
    assert sum(world.expected.alerts.values()) > 20


async def test_the_database_keeps_every_row_and_takes_what_comes(world: World, before: Snapshot) -> None:
    now, then = database.rows_of(world.settings, before.rows), database.kept(before.rows)
    for table in ("alert_revisions", "rejects", "reports", "filings", "audit_trail"):
        assert then[table], f"{table} was empty"
        assert set(then[table]) <= set(now[table])
    told = {alert for topic in ALERT_TOPICS for alert in map(revision_of, await world.platform.records(topic))}
    assert set(kept(world.settings).revisions) == told


def revision_of(record: Any) -> tuple[str, int]:
    return revision_in(json.loads(record.value))


def test_the_trail_of_before_verifies(world: World) -> None:
    done = world.platform.lakay("audit", "verify", DATABASE_URL=world.settings.database_url.get_secret_value())
    assert done.returncode == 0, done.stdout + done.stderr
