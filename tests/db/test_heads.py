"""Whoever cuts the end of the trail off, or rewrites it, is found by a head that was signed before."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from lakay_streams.db import audit
from lakay_streams.db.digests import Digests
from lakay_streams.db.heads import Heads, SignedHead
from lakay_streams.db.pool import Database
from lakay_streams.errors import AuditError
from lakay_streams.settings import Settings
from tests.db.test_audit import append, force, verify

CUT = (
    "DELETE FROM audit_trail WHERE seq > 3",
    "UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit_trail WHERE seq = 3)",
)


@pytest.fixture
async def database(stored: Settings) -> AsyncIterator[Database]:
    """A trail of five rows."""
    async with Database(stored, application="tests") as database:
        for number in range(1, 6):
            await append(database, number)
        yield database


@pytest.fixture
def heads(stored: Settings, tmp_path: Path) -> Heads:
    return Heads.of(stored.model_copy(update={"audit_signing_key": SecretStr("a" * 64), "lakay_data_dir": tmp_path}))


async def sign(database: Database, heads: Heads, *, restored: bool = False) -> SignedHead | None:
    async with database.connection() as connection:
        return await heads.sign(connection, restored=restored)


async def test_a_head_is_signed_once_and_read_again(database: Database, heads: Heads) -> None:
    signed = await sign(database, heads)
    assert signed is not None
    assert signed.head.seq == 5
    assert heads.last() == signed
    assert await sign(database, heads) is None
    await append(database, 6)
    later = await sign(database, heads)
    assert later is not None
    assert (later.head.seq, heads.last()) == (6, later)
    assert (await verify(database, later.head)).problems == ()


async def test_its_files_are_their_owners_only(database: Database, heads: Heads) -> None:
    await sign(database, heads)
    (file,) = heads.folder.iterdir()
    assert [stat.S_IMODE(each.stat().st_mode) for each in (heads.folder, file)] == [0o700, 0o600]


async def test_an_empty_trail_has_nothing_to_sign(stored: Settings, heads: Heads) -> None:
    async with Database(stored, application="tests") as database:
        assert await sign(database, heads) is None
    assert heads.last() is None


async def test_a_cut_tail_is_found_even_where_new_rows_took_its_place(database: Database, heads: Heads) -> None:
    signed = await sign(database, heads)
    assert signed is not None
    await force(database, *CUT)
    assert (await verify(database)).problems == (), "the trail itself looks whole"
    (problem,) = (await verify(database, signed.head)).problems
    assert problem.startswith("Rows 4 to 5 are missing at the end")
    for number in (40, 50, 60):
        await append(database, number)
    (problem,) = (await verify(database, signed.head)).problems
    assert problem.startswith("Row 5 is not the one that was noted")
    with pytest.raises(AuditError, match="The audit trail was cut or rewritten: its head was 5:"):
        await sign(database, heads)
    assert heads.last() == signed, "no head is signed that hides it"


async def test_after_a_restored_backup_it_goes_on_and_the_trail_tells_why(database: Database, heads: Heads) -> None:
    lost = await sign(database, heads)
    assert lost is not None
    await force(database, *CUT)
    async with database.connection() as connection:
        await heads.note_restored(connection, "the disk failed", actor="tests")
    signed = await sign(database, heads, restored=True)
    assert signed is not None
    assert (await verify(database, signed.head)).problems == ()
    async with database.connection() as connection:
        entry = await audit.newest(connection, "audit_trail_restored")
    assert entry is not None
    assert entry["details"] == {"reason": "the disk failed", "noted": str(lost.head), "at": lost.at}


async def test_a_changed_signed_head_is_one_sentence(database: Database, heads: Heads) -> None:
    await sign(database, heads)
    (file,) = heads.folder.iterdir()
    line = json.loads(file.read_text())
    for changed, why in (
        (line | {"head": "3:" + "0" * 64}, "does not have its signature"),
        (line | {"at": "2026-01-01T00:00:00.000Z"}, "does not have its signature"),
        (line | {"signature": "0" * 73}, "is signed with key"),
        ({"head": "3"}, "is no signed head"),
    ):
        file.write_text(json.dumps(changed) + "\n")
        with pytest.raises(AuditError, match=why):
            heads.last()


async def test_a_line_that_a_power_failure_cut_off_is_passed_over(database: Database, heads: Heads) -> None:
    signed = await sign(database, heads)
    (file,) = heads.folder.iterdir()
    with file.open("a") as torn:
        torn.write('{"at": "2026-')
    assert heads.last() == signed
    await append(database, 6)
    later = await sign(database, heads)
    assert heads.last() == later


async def test_a_replaced_key_still_checks_what_it_signed(database: Database, heads: Heads, stored: Settings) -> None:
    signed = await sign(database, heads)
    new = stored.model_copy(update={"audit_signing_key": SecretStr("b" * 64)})
    with pytest.raises(AuditError, match="add the key that it was signed with"):
        Heads(heads.folder, Digests.of(new)).last()
    both = new.model_copy(update={"audit_signing_key_previous": SecretStr("a" * 64)})
    assert Heads(heads.folder, Digests.of(both)).last() == signed
