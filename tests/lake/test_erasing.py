"""Erasure: a person's keys are deleted, but for what the Bank Secrecy Act wants kept, and the reason is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from psycopg.errors import InsufficientPrivilege

from lakay_streams.db import audit, schema
from lakay_streams.db.pool import Database
from lakay_streams.db.roles import as_owner
from lakay_streams.errors import CommitterUnavailable, Fenced, LakeError
from lakay_streams.lake import manifest
from lakay_streams.lake.compacting import replaced, together
from lakay_streams.lake.erasing import ERASED, Held, erasable, erase
from lakay_streams.lake.folder import FolderFiles
from lakay_streams.pii.keys import token_keys
from lakay_streams.pii.tokens import Tokens
from lakay_streams.settings import Settings
from tests.db.test_roles import of_application
from tests.lake.test_committer import SETTINGS, Lake, begun, commit, keys_in, raw

TOKENS = Tokens(token_keys(SETTINGS))
TODAY = date(2026, 12, 1)
MONTHS = [date(2026, month, 1) for month in (1, 2, 3, 4)]


@pytest.fixture
async def lake(stored: Settings, tmp_path: Path) -> AsyncIterator[Lake]:
    """A lake with keys of two persons for four months."""
    async with Database(stored, application="tests") as database:
        lake = Lake(database, FolderFiles(tmp_path / "lake"))
        await keys_in(database).of([(user, month) for user in ("user-1", "user-2") for month in MONTHS], 10.0)
        yield lake


async def months_of(lake: Lake, user: str) -> list[date]:
    async with lake.database.connection() as connection:
        return list((await erasable(connection, TOKENS, user, TODAY)).months)


async def add_alert(lake: Lake, kind: str, since: str, until: str, *, told: str, user: str = "user-1") -> None:
    async with lake.database.connection() as connection:
        await connection.execute(
            """
            INSERT INTO alerts (alert_id, kind, alert_type, entity, occurred_at, recorded_at, revised_at, body,
                                token_key, encryption_key, topic, partition, topic_offset)
            VALUES (gen_random_uuid(), %s, 'structuring', %s, %s, %s, %s, %s::jsonb, '', '', 't', 0, 0)
            """,
            (
                *(kind, TOKENS.of("user", user), until, until, told),
                f'{{"since": "{since}T00:00:00Z", "until": "{until}T23:00:00Z"}}',
            ),
        )


async def test_a_person_is_erased_and_nobody_else(lake: Lake) -> None:
    async with lake.database.connection() as connection:
        found = await erase(connection, TOKENS, "user-1", TODAY, actor="officer")
        entry = await audit.newest(connection, ERASED)
    assert found == (tuple(MONTHS), ())
    assert await months_of(lake, "user-1") == []
    assert await months_of(lake, "user-2") == MONTHS
    assert entry is not None
    assert entry["subject"] == TOKENS.of("user", "user-1")
    assert entry["details"] == {"months": ["2026-01", "2026-02", "2026-03", "2026-04"], "held": []}


async def test_months_that_an_alert_of_compliance_is_about_stay_for_five_years(lake: Lake) -> None:
    await add_alert(lake, "compliance", "2026-01-31", "2026-02-01", told="2026-02-03")
    await add_alert(lake, "compliance", "2026-03-02", "2026-03-09", told="2021-11-30")
    await add_alert(lake, "fraud", "2026-04-02", "2026-04-03", told="2026-04-03")
    await add_alert(lake, "edd", "2026-04-02", "2026-04-03", told="2026-04-03", user="user-2")
    async with lake.database.connection() as connection:
        found = await erase(connection, TOKENS, "user-1", TODAY, actor="officer")
    told = date(2026, 2, 3)
    assert found.months == (MONTHS[2], MONTHS[3])
    assert found.held == (Held(MONTHS[0], 1, "structuring", told), Held(MONTHS[1], 1, "structuring", told))
    assert await months_of(lake, "user-2") == MONTHS[:3]


async def test_nobody_is_no_person(lake: Lake) -> None:
    async with lake.database.connection() as connection:
        with pytest.raises(LakeError, match="A person has an id"):
            await erase(connection, TOKENS, "", TODAY, actor="officer")


async def test_a_flush_whose_key_was_erased_meanwhile_is_made_again_with_a_new_one(lake: Lake) -> None:
    owner = await begun(lake)
    await commit(owner, 1, raw(0))
    async with lake.database.connection() as connection:
        await erase(connection, TOKENS, "user-1", TODAY, actor="officer")
    with pytest.raises(CommitterUnavailable, match="erased meanwhile"):
        await commit(owner, 2, raw(1))
    assert len(await lake.kept()) == len(lake.files.find("bronze/"))
    await commit(await begun(lake), 2, raw(1))
    keys = await keys_in(lake.database).of([("user-1", date(2026, 3, 1))], 10.0)
    (new,) = keys.values()
    assert await keys_in(lake.database).by_id([new.id])


async def test_a_late_flush_with_keys_of_its_own_replaces_nothing_that_is_committed(lake: Lake) -> None:
    """Two owners that come first at once may each make a key for the same person and month."""
    zombie, owner = await begun(lake), await begun(lake)
    record = raw(0, user="user-9")
    await commit(owner, 1, record)
    async with lake.database.connection() as connection:
        # As one who had looked before would have: a second key for the same, and later.
        await connection.execute(
            "UPDATE lake_keys SET subject = 'another' WHERE subject = %s", (TOKENS.of("user", "user-9"),)
        )
    with pytest.raises(Fenced):
        await commit(zombie, 1, record)
    (kept,) = await lake.kept()
    assert sha256(lake.files.get(kept.path)).hexdigest() == kept.sha256
    assert await lake.records() == [record]


async def test_what_a_cut_off_flush_sealed_with_an_erased_key_is_not_taken_up(lake: Lake) -> None:
    zombie, owner = await begun(lake), await begun(lake)
    await commit(owner, 0)
    with pytest.raises(Fenced):
        await commit(zombie, 1, raw(0))
    async with lake.database.connection() as connection:
        await erase(connection, TOKENS, "user-1", TODAY, actor="officer")
    with pytest.raises(CommitterUnavailable, match="erased meanwhile"):
        await commit(await begun(lake), 1, raw(0))
    await commit(await begun(lake), 1, raw(0))
    assert await lake.seen() == [0]


async def test_the_applications_role_writes_and_compacts_the_lake_and_erasing_is_the_owners(
    fresh: Settings, tmp_path: Path
) -> None:
    separate = of_application(fresh)
    schema.init_db(separate)
    async with Database(separate, application="tests") as database:
        lake = Lake(database, FolderFiles(tmp_path / "lake"))
        owner = await begun(lake)
        await commit(owner, 1, raw(0))
        await commit(owner, 2, raw(1))
        (run,) = together(await lake.kept(), TODAY)
        assert await replaced(database, lake.files, run)
        async with database.connection() as connection:
            await manifest.deleted(connection, await manifest.unread(connection, timedelta()))
        assert await lake.seen() == [0, 1]
        for forbidden in ("DELETE FROM lake_keys", "UPDATE lake_files SET records = 0", "DELETE FROM lake_files"):
            with pytest.raises(InsufficientPrivilege):
                async with database.connection() as connection:
                    await connection.execute(forbidden)
        with pytest.raises(InsufficientPrivilege):
            async with database.connection() as connection:
                await erase(connection, TOKENS, "user-1", TODAY, actor="officer")
    async with Database(as_owner(separate), application="tests") as database, database.connection() as connection:
        assert (await erase(connection, TOKENS, "user-1", TODAY, actor="officer")).months == (MONTHS[2],)
