"""One transaction for rows and positions, on every PostgreSQL there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.types import TP
from msgspec.structs import replace

from lakay_streams.archive.committer import PostgresCommitter
from lakay_streams.archive.rows import Row, RowMaker, alert_kinds
from lakay_streams.contracts.topics import FRAUD_ALERTS
from lakay_streams.db import audit, schema
from lakay_streams.db.pool import Database
from lakay_streams.engine.transport import Consumer
from lakay_streams.errors import Fenced
from lakay_streams.pii.keys import encryption_keys, token_keys
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import Tokens
from lakay_streams.settings import Settings, load_settings
from tests.archive.feed import alert
from tests.archive.test_rows import told

SETTINGS = load_settings(env_file=None)
MAKER = RowMaker(alert_kinds(SETTINGS), Tokens(token_keys(SETTINGS)), Vault(encryption_keys(SETTINGS)))
SOURCE = TP(FRAUD_ALERTS, 1)


class Log:
    """What a consumer says of the topics: their first offset, and the one after their last."""

    def __init__(self, begin: int = 0, end: int = 1_000_000) -> None:
        """All topics are the same."""
        self._begin, self._end = begin, end

    async def earliest_offsets(self, *partitions: TP) -> dict[TP, int]:
        return dict.fromkeys(partitions, self._begin)

    async def highwaters(self, *partitions: TP) -> dict[TP, int]:
        return dict.fromkeys(partitions, self._end)


@pytest.fixture
async def database(anywhere: Settings) -> AsyncIterator[Database]:
    """A database with the schema."""
    schema.init_db(anywhere)
    async with Database(anywhere, application="tests") as database:
        yield database


async def opened(database: Database, log: Log | None = None) -> tuple[PostgresCommitter, dict[TP, int]]:
    """Return a committer of partition 1 that has read its positions, and these."""
    committer = PostgresCommitter(database, 1, timeout=10.0)
    await committer.start()
    found = await committer.committed(cast(Consumer, log or Log()), [SOURCE])
    return committer, {tp: offset.offset for tp, offset in found.items()}


async def commit(committer: PostgresCommitter, offset: int, *rows: Row, metadata: str = "") -> None:
    records: dict[tuple[str, int], list[tuple[bytes | None, bytes | None]]] = {}
    for row in rows:
        records.setdefault((row.table, 0), []).append((row.origin.encode(), row.value))
    await committer.commit(records, {TopicPartition(*SOURCE): OffsetAndMetadata(offset, metadata)})


def row(number: int, *, revision: int = 0, at: int = 0, offset: int = 0, **changes: Any) -> Row:
    record = told(FRAUD_ALERTS, alert(FRAUD_ALERTS, number, revision=revision) | changes)
    return MAKER.alert(replace(record, offset=offset, timestamp=1_770_000_000_000 + at))


async def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        return await (await connection.execute(statement)).fetchall()


async def test_rows_and_position_are_committed_together(database: Database) -> None:
    committer, found = await opened(database)
    assert found == {}
    await commit(committer, 0)
    await commit(committer, 2, row(1), row(2), metadata="crashed 2 1")
    again, found = await opened(database)
    assert found == {SOURCE: 2}
    assert await rows(database, "SELECT count(*) FROM alerts") == [(2,)]
    assert await rows(database, "SELECT metadata FROM archive_positions") == [("crashed 2 1",)]
    await commit(again, 3, row(3))


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


async def test_an_alert_gives_way_to_a_later_one_and_to_no_earlier(database: Database) -> None:
    committer, _ = await opened(database)
    await commit(committer, 3, row(1, revision=0, at=0), row(1, revision=2, at=5), row(1, revision=1, at=3))
    body = "SELECT (body ->> 'revision')::int, count(*) OVER () FROM alerts"
    assert await rows(database, body) == [(2, 1)]
    await commit(committer, 4, row(1, revision=1, at=4))
    assert await rows(database, body) == [(2, 1)]
    await commit(committer, 5, row(1, revision=3, at=5, offset=1))
    assert await rows(database, body) == [(3, 1)]


async def test_an_alert_that_comes_again_is_not_revised(database: Database) -> None:
    committer, _ = await opened(database)
    await commit(committer, 1, row(1))
    await commit(committer, 2, row(1, at=1_000, offset=1))
    assert await rows(database, "SELECT archived_at = revised_at FROM alerts") == [(True,)]


async def test_what_postgresql_refuses_is_quarantined_and_the_rest_is_written(database: Database) -> None:
    committer, _ = await opened(database)
    broken = row(4).value.replace(b"2026-02-05T", b"2026-02-31T")
    nested = row(5).value.replace(b'"revision":0', b'"revision":' + b"[" * 100_000 + b"]" * 100_000)
    many = [row(number, offset=number) for number in range(10, 40)]
    await commit(
        committer,
        50,
        *many,
        Row("alerts", "lakay.fraud.alerts/1/44", broken),
        Row("alerts", "lakay.fraud.alerts/1/45", nested),
    )
    assert await rows(database, "SELECT count(*) FROM alerts") == [(30,)]
    assert dict(await rows(database, "SELECT topic_offset, reasons FROM quarantine")) == {
        44: ["PostgreSQL refuses it: DatetimeFieldOverflow"],
        45: ["PostgreSQL refuses it: StatementTooComplex"],
    }


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
    begin = (await log.earliest_offsets(SOURCE))[SOURCE]
    assert found == {SOURCE: begin}
    await commit(again, begin + 1)
    async with database.connection() as connection:
        entry = await audit.newest(connection, action)
    assert entry is not None
    assert entry["subject"] == f"{FRAUD_ALERTS}/1"
    assert (entry["details"]["position"], entry["details"]["begin"]) == (10, begin)
