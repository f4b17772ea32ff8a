"""The audit trail takes rows at its end and no other change; whoever forces one is found."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest

from lakay_streams.db import audit, schema
from lakay_streams.db.audit import Head
from lakay_streams.db.pool import Database
from lakay_streams.settings import Settings

ROWS = 12


async def append(database: Database, number: int) -> Head:
    async with database.connection() as connection:
        return await audit.append(
            connection, "counted", actor="test", subject=f"n-{number}", details={"number": number, "note": "é ≠ e"}
        )


async def verify(database: Database, expected: Head | None = None) -> audit.Verdict:
    async with database.connection() as connection:
        return await audit.verify(connection, expected)


async def force(database: Database, *statements: str) -> None:
    """Change what the triggers protect, as the tables' owner can."""
    async with database.connection() as connection:
        for table in ("audit_trail", "audit_head"):
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            await connection.execute(statement)
        for table in ("audit_trail", "audit_head"):
            await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.fixture
async def database(stored: Settings) -> AsyncIterator[Database]:
    """A trail of `ROWS` rows."""
    async with Database(stored, application="tests") as database:
        for number in range(1, ROWS + 1):
            await append(database, number)
        yield database


async def test_a_trail_that_nobody_touched_is_whole(database: Database) -> None:
    verdict = await verify(database)
    assert (verdict.rows, verdict.problems, verdict.head.seq) == (ROWS, (), ROWS)


async def test_a_row_can_be_checked_with_nothing_of_this_project(database: Database) -> None:
    """As the docs say: SHA-256 of the canonical JSON, which holds the hash before."""
    import hashlib

    async with database.connection() as connection:
        rows = await (await connection.execute("SELECT entry, hash FROM audit_trail ORDER BY seq")).fetchall()
    previous = ""
    for entry, digest in rows:
        assert hashlib.sha256(entry.encode()).hexdigest() == digest
        assert json.loads(entry)["previous"] == previous
        previous = digest


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_trail SET entry = entry WHERE seq = 3",
        "DELETE FROM audit_trail WHERE seq = 12",
        "TRUNCATE audit_trail",
        "DELETE FROM audit_head",
        "TRUNCATE audit_head",
    ],
)
async def test_no_row_is_changed_or_removed(database: Database, statement: str) -> None:
    async with database.connection() as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            await connection.execute(statement)


def entry(**changed: object) -> dict[str, object]:
    return {
        "seq": 13,
        "at": "2026-01-01T00:00:00.000Z",
        "actor": "a",
        "action": "b",
        "subject": "",
        "details": {},
    } | changed


@pytest.mark.parametrize(
    "broken",
    [
        lambda head: (14, entry(seq=14, previous=head), None),
        lambda head: (13, entry(previous="0" * 64), None),
        lambda head: (13, entry(seq=12, previous=head), None),
        lambda head: (13, entry(previous=head), "0" * 64),
    ],
    ids=["leaves a gap", "follows another", "has another number", "has another hash"],
)
async def test_no_row_is_taken_that_does_not_follow(
    database: Database, broken: Callable[[str], tuple[int, dict[str, object], str | None]]
) -> None:
    head = (await verify(database)).head
    seq, told, digest = broken(head.hash)
    text = audit.canonical(told)
    async with database.connection() as connection:
        with pytest.raises(psycopg.errors.RaiseException, match="does not follow"):
            await connection.execute(
                "INSERT INTO audit_trail (seq, entry, hash) VALUES (%s, %s, %s)",
                (seq, text, digest or audit.digest_of(text)),
            )


async def test_every_server_keeps_the_chain_under_concurrent_writers(anywhere: Settings) -> None:
    schema.init_db(anywhere)
    async with Database(anywhere, application="one") as one, Database(anywhere, application="two") as two:
        heads = await asyncio.gather(*(append(database, number) for number in range(30) for database in (one, two)))
        verdict = await verify(one)
    assert (verdict.rows, verdict.problems) == (60, ())
    assert sorted(head.seq for head in heads) == list(range(1, 61))


async def test_a_transaction_that_is_rolled_back_leaves_no_gap(database: Database) -> None:
    async def append_and_fail() -> None:
        async with database.connection() as connection:
            await audit.append(connection, "counted", actor="test")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await append_and_fail()
    await append(database, 13)
    assert (await verify(database)).problems == ()


async def test_a_trail_that_grows_meanwhile_is_whole(database: Database) -> None:
    growing = asyncio.gather(*(append(database, number) for number in range(40)))
    while not growing.done():
        assert (await verify(database)).problems == ()
    await growing


SWAP = """
    UPDATE audit_trail SET seq = -4 WHERE seq = 4;
    UPDATE audit_trail SET seq = 4 WHERE seq = 5;
    UPDATE audit_trail SET seq = 5 WHERE seq = -4;
"""
REHASH = "UPDATE audit_trail SET hash = encode(sha256(convert_to(entry, 'UTF8')), 'hex') WHERE seq = {0}"


@pytest.mark.parametrize(
    ("statements", "problem"),
    [
        (["UPDATE audit_trail SET entry = replace(entry, 'n-7', 'n-8') WHERE seq = 7"], "Row 7 was changed"),
        (
            ["UPDATE audit_trail SET entry = replace(entry, 'n-7', 'n-8') WHERE seq = 7", REHASH.format(7)],
            "Row 8 does not follow row 7",
        ),
        (
            ["UPDATE audit_trail SET entry = replace(entry, 'n-12', 'n-8') WHERE seq = 12", REHASH.format(12)],
            "The head of the trail was changed",
        ),
        (["UPDATE audit_trail SET entry = ' ' || entry WHERE seq = 7", REHASH.format(7)], "Row 7 was changed"),
        (["UPDATE audit_trail SET hash = repeat('0', 64) WHERE seq = 7"], "Row 7 was changed"),
        (["DELETE FROM audit_trail WHERE seq = 1"], "Row 1 is missing."),
        (["DELETE FROM audit_trail WHERE seq BETWEEN 5 AND 6"], "Rows 5 to 6 are missing."),
        (["DELETE FROM audit_trail WHERE seq > 10"], "Rows 11 to 12 are missing at the end."),
        (["DELETE FROM audit_trail"], "Rows 1 to 12 are missing at the end."),
        ([SWAP], "Row 4 was moved: its entry says that it is row 5."),
        (["UPDATE audit_head SET seq = 99"], "Rows 13 to 99 are missing at the end."),
        (["UPDATE audit_head SET seq = 11"], "The head of the trail was changed"),
        (["DELETE FROM audit_head"], "The head of the trail is missing."),
    ],
    ids=[
        "an entry",
        "an entry and its hash",
        "the last entry and its hash",
        "an entry's form",
        "a hash",
        "the first is missing",
        "some are missing",
        "the last are missing",
        "all are missing",
        "two are swapped",
        "the head is too far",
        "the head is too near",
        "no head",
    ],
)
async def test_a_forced_change_is_found(database: Database, statements: list[str], problem: str) -> None:
    await force(database, *statements)
    problems = (await verify(database)).problems
    assert any(told.startswith(problem) for told in problems), problems


async def add(database: Database, change: Callable[[dict[str, Any]], object]) -> None:
    """Append what follows and has the right hash, and is no entry of ours: who may add rows may add any."""
    async with database.connection() as connection:
        head = await audit.lock(connection)
        told = entry(seq=head.seq + 1, previous=head.hash)
        changed = change(told)
        text = changed if isinstance(changed, str) else audit.canonical(told)
        await connection.execute(
            "INSERT INTO audit_trail (seq, entry, hash) VALUES (%s, %s, %s)",
            (head.seq + 1, text, audit.digest_of(text)),
        )


DEEP = '"details":{"deep":' + "[" * 3_000 + "]" * 3_000 + "}"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda told: told.pop("at") and None, "Row 13 is malformed: it does not say when who did what."),
        (lambda told: told.update(at="yesterday"), "Row 13 is malformed"),
        (lambda told: told.update(at=7), "Row 13 is malformed"),
        (lambda told: told.pop("actor") and None, "Row 13 is malformed"),
        (lambda told: told.update(subject=None), "Row 13 is malformed"),
        (lambda told: told.update(details=[]), "Row 13 is malformed"),
        (lambda told: audit.canonical(told).replace('"details":{}', '"details":{"n":1e400}'), "Row 13 was changed"),
    ],
    ids=["no time", "not a time", "a number as time", "no actor", "no subject", "no details", "infinite"],
)
async def test_a_malformed_entry_is_a_finding(
    database: Database, change: Callable[[dict[str, Any]], object], problem: str
) -> None:
    await add(database, change)
    await append(database, 14)
    (found,) = (await verify(database)).problems
    assert found.startswith(problem)


async def test_an_entry_that_is_nested_deeper_than_python_may_read_ends_no_verification(database: Database) -> None:
    await add(database, lambda told: audit.canonical(told).replace('"details":{}', DEEP))
    await append(database, 14)
    # How deep that is differs from version to version.
    assert [found[:18] for found in (await verify(database)).problems] in ([], ["Row 13 was changed"])


async def test_a_rewritten_end_is_found_by_the_head_that_was_noted(database: Database) -> None:
    noted = (await verify(database)).head
    await force(
        database,
        "DELETE FROM audit_trail WHERE seq > 10",
        "UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit_trail WHERE seq = 10)",
    )
    assert (await verify(database)).problems == ()
    (problem,) = (await verify(database, noted)).problems
    assert problem.startswith("Rows 11 to 12 are missing at the end: the noted head is 12:")
    for number in (11, 12, 13):
        await append(database, number)
    assert (await verify(database)).problems == ()
    (problem,) = (await verify(database, noted)).problems
    assert problem.startswith("Row 12 is not the one that was noted")


async def test_a_noted_head_stays_good_while_the_trail_grows(database: Database) -> None:
    noted = (await verify(database)).head
    await append(database, 13)
    assert (await verify(database, noted)).problems == ()
    assert Head.parse(str(noted)) == noted


@pytest.mark.parametrize("noted", ["", "12", "12:", "x:" + "0" * 64, "-1:" + "0" * 64])
def test_what_is_no_head_is_refused(noted: str) -> None:
    with pytest.raises(ValueError, match="is no head"):
        Head.parse(noted)


async def test_what_cannot_be_written_again_the_same_is_refused(database: Database) -> None:
    async def record(details: dict[str, Any]) -> None:
        async with database.connection() as connection:
            await audit.append(connection, "counted", actor="test", details=details)

    with pytest.raises(ValueError, match="not JSON compliant"):
        await record({"ratio": float("nan")})
    assert (await verify(database)).problems == ()
