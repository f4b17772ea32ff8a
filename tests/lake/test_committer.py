"""Files, rows and positions together: the laws of every committer, and what is the lake's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import orjson
import pyarrow as pa
import pytest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from pyarrow import parquet

from lakay_streams.contracts.topics import FRAUD_ALERTS, TRANSACTIONS
from lakay_streams.db.pool import Database
from lakay_streams.engine.kafka.committer import Committer
from lakay_streams.errors import CommitterUnavailable, Fenced
from lakay_streams.lake import manifest
from lakay_streams.lake.bronze import Raw
from lakay_streams.lake.committer import OUTPUT, BronzeCommitter, packed
from lakay_streams.lake.files import Files
from lakay_streams.lake.folder import FolderFiles
from lakay_streams.lake.keys import LakeKeys
from lakay_streams.lake.reading import Batch, records
from lakay_streams.lake.verifying import Manifest, compared
from lakay_streams.pii.keys import encryption_keys, token_keys
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import Tokens
from lakay_streams.settings import Settings, load_settings
from tests.archive.test_committer import Log
from tests.engine.kafka.committer_laws import CommitterLaws, Output, Place
from tests.engine.kafka.committer_laws import opened as open_partition

SETTINGS = load_settings(env_file=None)
TYPES = {FRAUD_ALERTS: "fraud-alert"}


def keys_in(database: Database) -> LakeKeys:
    return LakeKeys(database, Tokens(token_keys(SETTINGS)), Vault(encryption_keys(SETTINGS)))


def committer(database: Database, files: Files, partition: int = 1) -> BronzeCommitter:
    return BronzeCommitter(database, files, keys_in(database), TYPES, partition, timeout=10.0)


def raw(number: int, *, user: str = "user-1", day: int = 3, size: int = 0) -> Raw:
    """Return the `number`-th transaction of partition 1, of a user and a day of March 2026."""
    at = f"2026-03-{day:02}T12:00:00.000Z"
    document = {
        "event_id": f"00000000-0000-4000-8000-{number:012}",
        "event_type": "transaction-initiated",
        "event_version": "1.0",
        "timestamp": at,
        "payload": {"user_id": user, "amount": number, "note": "x" * size},
    }
    return Raw(
        TRANSACTIONS, 1, number, 1_772_000_000_000 + number, user.encode(), orjson.dumps(document), (("h", b"1"),)
    )


class Lake(Place):
    """A lake in a folder; an output is a record, and its number is its offset."""

    sources = (TRANSACTIONS, FRAUD_ALERTS)

    def __init__(self, database: Database, files: Files) -> None:
        """Use `database` and `files`."""
        self.database = database
        self.files = files

    def committer(self, partition: int) -> Committer:
        return committer(self.database, self.files, partition)

    async def committed(
        self, committer: Committer, sources: Iterable[TopicPartition]
    ) -> Mapping[TopicPartition, OffsetAndMetadata]:
        return await committer.committed(Log(), sources)

    def output(self, number: int, size: int = 0) -> Output:
        return (OUTPUT, 0), (None, packed(raw(number, size=size)))

    async def seen(self) -> list[int]:
        return [each.offset for each in await self.records()]

    async def kept(self) -> list[manifest.Kept]:
        async with self.database.connection() as connection:
            return await manifest.kept(connection)

    async def records(self) -> list[Raw]:
        """Return every record of the lake, opened, by topic, partition and offset."""
        found: list[Raw] = []
        for _, of_partition in groupby(await self.kept(), key=lambda each: (each.topic, each.partition)):
            batches = await self.read(list(of_partition))
            found += [raw for batch in batches for raw in batch.records]
        return found

    async def read(self, kept: Sequence[manifest.Kept]) -> list[Batch]:
        """Return what is in files of one topic and partition."""
        async with self.database.connection() as connection:
            rows = await (await connection.execute("SELECT key_id FROM lake_keys")).fetchall()
        keys = await keys_in(self.database).by_id(key_id for (key_id,) in rows)
        named = {str(key_id): key for key_id, key in keys.items()}
        return list(records(self.files, kept, lambda _: named))


@pytest.fixture
async def lake(stored: Settings, tmp_path: Path) -> AsyncIterator[Lake]:
    """A lake in a folder, empty."""
    async with Database(stored, application="tests") as database:
        yield Lake(database, FolderFiles(tmp_path / "lake"))


class TestBronzeCommitter(CommitterLaws):
    """The laws of every committer."""

    @pytest.fixture
    async def place(self, lake: Lake) -> Place:
        return lake


async def commit(owner: BronzeCommitter, offset: int, *records: Raw) -> None:
    sent = {(OUTPUT, 0): [(None, packed(each)) for each in records]}
    await owner.commit(sent, {TopicPartition(TRANSACTIONS, 1): OffsetAndMetadata(offset, "")})


async def begun(lake: Lake) -> BronzeCommitter:
    owner = committer(lake.database, lake.files)
    await owner.start()
    await owner.committed(Log(), [TopicPartition(TRANSACTIONS, 1)])
    return owner


async def test_a_record_is_kept_as_it_came(lake: Lake) -> None:
    odd = [
        raw(0),
        raw(1, user="user-2", day=9),
        Raw(TRANSACTIONS, 1, 2, 0, None, None),
        Raw(TRANSACTIONS, 1, 3, -1, b"", b"\xff\x00not JSON", (("a", None), ("a", b"\x00"))),
        Raw(TRANSACTIONS, 1, 4, 5, b"k", b'{"event_type": "../../etc", "payload": [1]}'),
        Raw(TRANSACTIONS, 1, 5, 5, b"k", b"x" * 1_048_000),
    ]
    await commit(await begun(lake), 6, *reversed(odd))
    assert await lake.records() == odd
    assert {kept.event_type for kept in await lake.kept()} == {"transaction-initiated", "unreadable"}


async def test_files_are_by_type_and_day_and_name_what_is_in_them(lake: Lake) -> None:
    await commit(await begun(lake), 4, raw(0), raw(1, day=4), raw(2), raw(3, day=4))
    folder = "bronze/topic=trebanx.transaction.events/event_type=transaction-initiated"
    assert [kept.path for kept in await lake.kept()] == [
        f"{folder}/event_date=2026-03-03/00001-{0:020}-{2:020}-1772000000000.parquet",
        f"{folder}/event_date=2026-03-04/00001-{1:020}-{3:020}-1772000000001.parquet",
    ]


async def test_nothing_of_a_person_is_readable_in_a_file(lake: Lake) -> None:
    await commit(await begun(lake), 1, raw(0, user="maria.celestin@example.org"))
    (kept,) = await lake.kept()
    content = lake.files.get(kept.path)
    table = parquet.read_table(pa.BufferReader(content))
    for text in (content, repr(table.to_pylist()).encode(), kept.path.encode()):
        assert b"maria" not in text
        assert b"celestin" not in text


async def test_a_person_has_a_key_for_each_month_and_without_it_the_records_are_gone(lake: Lake) -> None:
    april = Raw(
        *(TRANSACTIONS, 1, 2, 0, None),
        raw(2).value and raw(2).value.replace(b"2026-03", b"2026-04"),  # type: ignore[union-attr]
    )
    await commit(await begun(lake), 4, raw(0), raw(1, day=30), april, raw(3, user="user-2"))
    async with lake.database.connection() as connection:
        rows = await (await connection.execute("SELECT subject, month::text FROM lake_keys ORDER BY 2, 1")).fetchall()
        tokens = Tokens(token_keys(SETTINGS))
        one, two = (tokens.of("user", user) for user in ("user-1", "user-2"))
        assert sorted(rows) == sorted([(one, "2026-03-01"), (one, "2026-04-01"), (two, "2026-03-01")])
        await connection.execute("DELETE FROM lake_keys WHERE subject = %s AND month = '2026-03-01'", (one,))
    assert {(each.key, each.offset) for each in await lake.records()} == {(None, 2), (b"user-2", 3)}
    assert [each for batch in await lake.read(await lake.kept()) for each in batch.erased] == [0, 1]


async def test_a_flush_that_was_not_committed_is_taken_up_by_the_next_owner(lake: Lake) -> None:
    first, second = await begun(lake), await begun(lake)
    await commit(second, 2, raw(0), raw(1))
    (kept,) = await lake.kept()
    with pytest.raises(Fenced):
        await commit(first, 2, raw(0), raw(1))
    assert await lake.kept() == [kept]
    assert [file.path for file in lake.files.find("bronze")] == [kept.path]
    assert [each.offset for each in await lake.records()] == [0, 1]


async def test_a_file_with_other_records_under_the_same_name_is_never_taken_for_ours(lake: Lake) -> None:
    owner = await begun(lake)
    await commit(owner, 2, raw(0), raw(1))
    (kept,) = await lake.kept()
    other = lake.files.get(kept.path)
    lake.files.delete([kept.path])
    async with lake.database.connection() as connection:
        await connection.execute("DELETE FROM lake_files")
        await connection.execute("UPDATE lake_positions SET next_offset = 0")
    table = parquet.read_table(pa.BufferReader(other)).slice(0, 1)
    buffer = pa.BufferOutputStream()
    parquet.write_table(table, buffer)
    lake.files.put(kept.path, buffer.getvalue().to_pybytes())
    with pytest.raises(CommitterUnavailable, match="with other content"):
        await commit(await begun(lake), 2, raw(0), raw(1))


async def test_where_files_cannot_be_written_nothing_is_committed(stored: Settings, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    async with Database(stored, application="tests") as database:
        lake = Lake(database, FolderFiles(blocked / "lake"))
        owner = await begun(lake)
        blocked.write_text("a file where a folder should be")
        with pytest.raises(CommitterUnavailable, match="blocked"):
            await commit(owner, 1, raw(0))
        assert await lake.kept() == []
        blocked.unlink()
        await commit(await begun(lake), 1, raw(0))
        assert await lake.seen() == [0]


async def test_each_fault_is_told(lake: Lake) -> None:
    owner = await begun(lake)
    await commit(owner, 2, raw(0), raw(1))
    await commit(owner, 4, raw(2), raw(3))
    first, second = await lake.kept()

    async def told(*offsets: int) -> tuple[str, ...]:
        async with lake.database.connection() as connection:
            known = Manifest(await lake.kept(), await manifest.paths(connection), await manifest.positions(connection))
        return compared(lake.files, known, {(TRANSACTIONS, 1): pa.array(offsets, pa.int64())}).faults

    assert await told(0, 1, 2, 3) == ()
    assert await told(2, 3) == ()
    where = f"{TRANSACTIONS} partition 1"
    assert await told(1, 2, 3, 4, 5) == (f"{where}: 2 records are missing from the lake: offsets 4, 5",)

    content = lake.files.get(first.path)
    stray = first.path.replace(f"{1:020}", f"{2:020}")
    under_way = first.path.replace(f"{1:020}", f"{4:020}")
    unknown = first.path.replace("00001-", "copy-of-00001-")
    for path in (stray, under_way, unknown):
        lake.files.put(path, content)
    assert await told(0, 1, 2, 3) == (
        f"{unknown} is no file of a flush: move it away",
        f"{stray} is a stray of a flush that was cut off: `lakay lake expire` deletes it",
    )
    lake.files.delete([stray, under_way, unknown, first.path])
    assert (await told(0, 1))[0].startswith(first.path)
    lake.files.put(first.path, content[:-1] + bytes([content[-1] ^ 1]))
    assert (await told(2))[0] == f"{first.path} is not what was written: its SHA-256 is another"

    lake.files.delete([first.path])
    lake.files.put(first.path, content)
    async with lake.database.connection() as connection:
        await connection.execute(
            "INSERT INTO lake_files SELECT 'again', layer, topic, partition, event_type, event_date, first_offset,"
            " last_offset, records, bytes, sha256, added FROM lake_files WHERE path = %s",
            (second.path,),
        )
    lake.files.put("again", lake.files.get(second.path))
    assert await told() == (f"{where}: 2 records are more than once in the lake: offsets 2, 3",)


async def test_the_laws_hold_one_partition_apart_from_another(lake: Lake) -> None:
    one, other = await open_partition(lake), await open_partition(lake, 2)
    await one.commit(1, 0)
    await other.commit(1, partition=2)
    assert await lake.seen() == [0]
