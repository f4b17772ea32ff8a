"""Keys of the lake: one for each person and month, through rotations, and gone when they are deleted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest
from pydantic import SecretStr

from lakay_streams.db.pool import Database
from lakay_streams.db.rotation import Keys, rotate
from lakay_streams.errors import PiiError
from lakay_streams.lake.keys import LakeKeys, SealingKey, Whose
from lakay_streams.pii.keys import Key, KeyRing
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import Tokens
from lakay_streams.settings import Settings

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
PEOPLE: list[Whose] = [("user-1", MARCH), ("user-1", APRIL), ("user-2", MARCH), ("", MARCH)]


def ring(current: int, previous: int | None, purpose: str) -> KeyRing:
    def key(number: int) -> Key:
        return Key.derived(SecretStr(f"{number:064x}"), purpose)

    return KeyRing(key(current), None if previous is None else key(previous))


def keys_under(database: Database, current: int, previous: int | None = None) -> LakeKeys:
    rings = rings_of(current, previous)
    return LakeKeys(database, Tokens(rings.tokens), Vault(rings.encryption))


def rings_of(current: int, previous: int | None) -> Keys:
    return Keys(ring(current, previous, "tokens"), ring(current, previous, "encryption"))


def ids(found: dict[Whose, SealingKey]) -> dict[Whose, str]:
    return {whose: str(key.id) for whose, key in found.items()}


@pytest.fixture
async def database(stored: Settings) -> AsyncIterator[Database]:
    """A database with the schema."""
    async with Database(stored, application="tests") as database:
        yield database


async def test_each_person_and_month_has_a_key_which_is_found_again(database: Database) -> None:
    first = await keys_under(database, 1).of(PEOPLE, 10.0)
    assert len({key.id for key in first.values()}) == len(PEOPLE)
    assert ids(await keys_under(database, 1).of([*PEOPLE, ("user-3", MARCH)], 10.0)).items() >= ids(first).items()


async def test_no_row_says_whose_a_key_is_to_who_has_no_other_key(database: Database) -> None:
    await keys_under(database, 1).of(PEOPLE, 10.0)
    async with database.connection() as connection:
        rows = await (await connection.execute("SELECT lake_keys::text FROM lake_keys")).fetchall()
    assert len(rows) == len(PEOPLE)
    assert not [row for (row,) in rows if "user-1" in row or b"user-1".hex() in row]


async def test_rotations_keep_every_key_and_forget_the_old_secrets(database: Database) -> None:
    first = await keys_under(database, 1).of(PEOPLE, 10.0)
    sealed = first["user-1", MARCH].seal(b"what happened", "place")
    for current in (2, 3):
        # Before the rotation has reached them, both are found.
        assert ids(await keys_under(database, current, current - 1).of(PEOPLE, 10.0)) == ids(first)
        assert (await rotate(database, rings_of(current, current - 1), actor="tests"))["lake_keys"] == len(PEOPLE)
        found = await keys_under(database, current).of(PEOPLE, 10.0)
        assert ids(found) == ids(first)
        assert found["user-1", MARCH].open(sealed, "place") == b"what happened"
    # Only the secrets of now open them.
    with pytest.raises(PiiError, match="is sealed with key"):
        await keys_under(database, 1).by_id([first["user-1", MARCH].id])


async def test_what_is_sealed_opens_in_its_place_only(database: Database) -> None:
    found = await keys_under(database, 1).of(PEOPLE, 10.0)
    sealed = found["user-1", MARCH].seal(b"what happened", "topic/0/1")
    for key, place, content in (
        (found["user-1", MARCH], "topic/0/2", sealed),
        (found["user-2", MARCH], "topic/0/1", sealed),
        (found["user-1", MARCH], "topic/0/1", sealed[:-1]),
        (found["user-1", MARCH], "topic/0/1", b""),
    ):
        with pytest.raises(PiiError, match="does not open"):
            key.open(content, place)


async def test_a_key_that_was_deleted_is_not_there(database: Database) -> None:
    found = await keys_under(database, 1).of(PEOPLE, 10.0)
    wanted = [key.id for key in found.values()]
    async with database.connection() as connection:
        await connection.execute("DELETE FROM lake_keys WHERE key_id = %s", (wanted[0],))
    assert set(await keys_under(database, 1).by_id(wanted)) == set(wanted[1:])
