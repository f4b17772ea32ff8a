"""One transaction for rows and positions, on every PostgreSQL there is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import pytest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from msgspec.structs import replace

from lakay_streams.archive.committer import PostgresCommitter
from lakay_streams.archive.rows import Row, RowMaker
from lakay_streams.contracts.topics import COMPLIANCE_ALERTS, FRAUD_ALERTS
from lakay_streams.db import audit, schema
from lakay_streams.db.pool import Database
from lakay_streams.engine.kafka.committer import Committer
from lakay_streams.errors import Fenced
from lakay_streams.pii.keys import encryption_keys
from lakay_streams.pii.sealing import Vault
from lakay_streams.settings import Settings, load_settings
from tests.archive.feed import alert
from tests.archive.test_rows import told
from tests.engine.kafka.committer_laws import CommitterLaws, Output, Place

SETTINGS = load_settings(env_file=None)
MAKER = RowMaker.of(SETTINGS)
SOURCE = TopicPartition(FRAUD_ALERTS, 1)


class Log:
    """What a consumer says of the topics: their first offset, and the one after their last."""

    def __init__(self, begin: int = 0, end: int = 1_000_000) -> None:
        """All topics are the same."""
        self._begin, self._end = begin, end

    async def committed(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, OffsetAndMetadata]:
        return {}

    async def begins(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self._begin)

    async def ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, self._end)


@pytest.fixture
async def database(anywhere: Settings) -> AsyncIterator[Database]:
    """A database with the schema."""
    schema.init_db(anywhere)
    async with Database(anywhere, application="tests") as database:
        yield database


async def opened(database: Database, log: Log | None = None) -> tuple[PostgresCommitter, dict[TopicPartition, int]]:
    """Return a committer of partition 1 that has read its positions, and these."""
    committer = PostgresCommitter(database, MAKER, 1, timeout=10.0)
    await committer.start()
    found = await committer.committed(log or Log(), [SOURCE])
    return committer, {tp: offset.offset for tp, offset in found.items()}


async def commit(committer: PostgresCommitter, offset: int, *rows: Row, metadata: str = "") -> None:
    records: dict[tuple[str, int], list[tuple[bytes | None, bytes | None]]] = {}
    for row in rows:
        records.setdefault((row.table, 0), []).append((row.origin.encode(), row.packed))
    await committer.commit(records, {TopicPartition(*SOURCE): OffsetAndMetadata(offset, metadata)})


def row(number: int, *, offset: int = 0, topic: str = FRAUD_ALERTS, revision: int = 1, **changes: Any) -> Row:
    document = alert(topic, number, revision=revision) | changes
    return MAKER.alert(replace(told(topic, document), offset=offset))


def case(revision: int, *, offset: int = 0, **changes: Any) -> Row:
    """A revision of one compliance alert."""
    return row(3, offset=offset, topic=COMPLIANCE_ALERTS, revision=revision, **changes)


async def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await (await connection.execute(statement)).fetchall()


async def test_of_two_owners_the_second_to_come_changes_nothing(database: Database) -> None:
    one, _ = await opened(database)
    await commit(one, 0)
    other, _ = await opened(database)
    await commit(one, 5, row(1))
    with pytest.raises(Fenced, match="it stands at 5, and this one was at 0"):
        await commit(other, 5, row(2))
    assert await rows(database, "SELECT count(*) FROM alerts") == [(1,)]
    await commit(one, 6, row(3))


async def test_of_two_owners_that_commit_at_once_one_does(database: Database) -> None:
    first, _ = await opened(database)
    await commit(first, 0)
    owners = [(await opened(database))[0] for _ in range(4)]
    done = await asyncio.gather(
        *(commit(owner, 5, row(number)) for number, owner in enumerate(owners)), return_exceptions=True
    )
    assert [type(outcome) for outcome in done].count(Fenced) == 3
    assert await rows(database, "SELECT count(*) FROM alerts") == [(1,)]


async def test_of_two_owners_that_begin_at_once_one_does(database: Database) -> None:
    owners = [(await opened(database))[0] for _ in range(4)]
    done = await asyncio.gather(*(commit(owner, 0) for owner in owners), return_exceptions=True)
    assert [type(outcome) for outcome in done].count(Fenced) == 3


SHOWN = "SELECT (body ->> 'revision')::int, revision, count(*) OVER () FROM alerts"
KEPT = "SELECT revision, (body ->> 'revision')::int FROM alert_revisions ORDER BY revision"
QUARANTINED = "SELECT topic_offset, reasons FROM quarantine ORDER BY topic_offset"


async def test_every_revision_is_kept_and_the_latest_is_shown(database: Database) -> None:
    committer, _ = await opened(database)
    await commit(committer, 3, case(1), case(3), case(2))
    assert await rows(database, SHOWN) == [(3, 3, 1)]
    await commit(committer, 5, case(4))
    assert await rows(database, SHOWN) == [(4, 4, 1)]
    assert await rows(database, KEPT) == [(number, number) for number in (1, 2, 3, 4)]
    assert await rows(database, "SELECT DISTINCT archived_at <= revised_at FROM alerts") == [(True,)]


async def test_a_revision_that_was_lost_is_told_and_the_later_one_shown(database: Database) -> None:
    committer, _ = await opened(database)
    await commit(committer, 1, case(1))
    await commit(committer, 2, case(4))
    assert await rows(database, SHOWN) == [(4, 4, 1)]
    async with database.connection() as connection:
        entry = await audit.newest(connection, "alerts_archived")
    assert entry is not None
    ((name, missing),) = entry["details"]["missing"].items()
    assert (name.rpartition("/")[2], missing) == ("4", [2, 3])


async def test_an_alert_that_comes_again_changes_nothing(database: Database) -> None:
    committer, _ = await opened(database)
    await commit(committer, 2, case(1), case(1, offset=1), case(2, offset=2))
    entries = await rows(database, "SELECT count(*) FROM audit_trail")
    await commit(committer, 5, case(2, offset=3), case(1, offset=4))
    assert await rows(database, "SELECT topic_offset, revised_at = archived_at FROM alerts") == [(2, True)]
    assert await rows(database, QUARANTINED) == []
    assert await rows(database, "SELECT count(*) FROM audit_trail") == entries


async def test_nothing_overwrites_what_is_kept(database: Database) -> None:
    """Neither in one transaction nor in a later one; and the record itself is not lost."""
    committer, _ = await opened(database)
    other_content = case(1, offset=1, reason="Nothing to see here")
    await commit(committer, 2, case(1), other_content)
    another_user = case(2, offset=2, user_id="user-99")
    another_kind = row(9, offset=3, alert_id=json.loads(case(1).value)["alert_id"])
    await commit(committer, 4, another_user, another_kind, case(1, offset=4, confidence=0.0))
    assert await rows(database, SHOWN) == [(1, 1, 1)]
    assert await rows(database, KEPT) == [(1, 1)]
    assert await rows(database, QUARANTINED) == [
        (1, ["revision: 1 is kept already, and says something else"]),
        (2, ["alert_id: is that of an alert about another user or circle"]),
        (3, ["alert_id: is that of another alert (compliance, structuring)"]),
        (4, ["revision: 1 is kept already, and says something else"]),
    ]
    ((sealed, key_id),) = await rows(database, "SELECT sealed, encryption_key FROM quarantine WHERE topic_offset = 2")
    raw = Vault(encryption_keys(SETTINGS)).open(sealed, key_id, f"quarantine/{COMPLIANCE_ALERTS}/1/2")
    assert raw == another_user.raw


async def test_a_revision_from_before_revisions_were_kept_is_compared_all_the_same(database: Database) -> None:
    committer, _ = await opened(database)
    await commit(committer, 1, case(2))
    async with database.connection() as connection:
        await connection.execute("ALTER TABLE alert_revisions DISABLE TRIGGER USER")
        await connection.execute("UPDATE alert_revisions SET content = NULL, link = NULL")
        await connection.execute("ALTER TABLE alert_revisions ENABLE TRIGGER USER")
    await commit(committer, 2, case(2, offset=1), case(2, offset=2, confidence=0.5), case(1, offset=3))
    assert await rows(database, "SELECT topic_offset FROM quarantine") == [(2,)]
    assert await rows(database, KEPT) == [(1, 1), (2, 2)]
    assert await rows(database, SHOWN) == [(2, 2, 1)]


async def test_what_postgresql_refuses_is_quarantined_and_the_rest_is_written(database: Database) -> None:
    committer, _ = await opened(database)
    broken = row(4, offset=44)
    many = [row(number, offset=number) for number in range(10, 40)]
    await commit(
        committer,
        50,
        *many,
        broken._replace(value=broken.value.replace(b"2026-02-05T", b"2026-02-31T")),
    )
    assert await rows(database, "SELECT count(*) FROM alerts") == [(30,)]
    assert await rows(database, "SELECT count(*) FROM alert_revisions") == [(30,)]
    ((offset, reasons, sealed, key_id),) = await rows(
        database, "SELECT topic_offset, reasons, sealed, encryption_key FROM quarantine"
    )
    assert (offset, reasons) == (44, ["PostgreSQL refuses it: DatetimeFieldOverflow"])
    assert Vault(encryption_keys(SETTINGS)).open(sealed, key_id, f"quarantine/{FRAUD_ALERTS}/1/44") == broken.raw
    async with database.connection() as connection:
        entry = await audit.newest(connection, "alerts_archived")
    assert entry is not None
    assert len(entry["details"]["rows"]) == 30, "what was tried again is told once"


@pytest.mark.parametrize(
    ("log", "action"),
    [(Log(begin=20), "archive_records_lost"), (Log(begin=3, end=5), "archive_topic_recreated")],
    ids=["deleted before it was archived", "another topic of that name"],
)
async def test_a_position_that_the_topic_does_not_have_is_told_and_audited(
    database: Database, log: Log, action: str
) -> None:
    committer, _ = await opened(database)
    await commit(committer, 10)
    again, found = await opened(database, log)
    begin = (await log.begins([SOURCE]))[SOURCE]
    assert found == {SOURCE: begin}
    await commit(again, begin + 1)
    async with database.connection() as connection:
        entry = await audit.newest(connection, action)
    assert entry is not None
    assert entry["subject"] == f"{FRAUD_ALERTS}/1"
    assert (entry["details"]["position"], entry["details"]["begin"]) == (10, begin)


class Postgres(Place):
    """A database with the schema; an output is an alert."""

    sources = (FRAUD_ALERTS, COMPLIANCE_ALERTS)

    def __init__(self, database: Database) -> None:
        """Use `database`."""
        self._database = database

    def committer(self, partition: int) -> Committer:
        return PostgresCommitter(self._database, MAKER, partition, timeout=10.0)

    async def committed(
        self, committer: Committer, sources: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        return await committer.committed(Log(), sources)

    def output(self, number: int, size: int = 0) -> Output:
        made = row(number, offset=number, settings_version=f"{number:012x}", padding="x" * size)
        return (made.table, 0), (made.origin.encode(), made.packed)

    async def seen(self) -> list[int]:
        found = await rows(self._database, "SELECT settings_version FROM alerts ORDER BY 1")
        return [int(version, 16) for (version,) in found]


class TestPostgresCommitter(CommitterLaws):
    """The laws of every committer, on the newest PostgreSQL."""

    @pytest.fixture
    async def place(self, stored: Settings) -> AsyncIterator[Place]:
        async with Database(stored, application="tests") as database:
            yield Postgres(database)
