"""The lake's keys: one for each person and month, so that deleting a person's keys erases what the lake has of them.

Files call a key by a random id. Whose it is stands in `lake_keys` alone, as a token; the key itself is sealed there
with PII_ENCRYPTION_KEY. A key is made before the first record is sealed with it, in a transaction of its own.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import AsyncConnection

from lakay_streams.db.pool import Database
from lakay_streams.errors import PiiError
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import Tokens

NOBODY = ""
"""Whose records are about nobody in particular: the journal, what cannot be read."""

NONCE_BYTES = 12
"""Bytes of the nonce that what is sealed begins with."""

_KEY_BYTES = 32
_KEPT = 50_000
"""Keys in memory: beyond, all are forgotten and found again."""

Whose = tuple[str, date]
"""A person's id, and the first day of a month."""

_FIND = """
    SELECT key_id, subject, month, sealed, encryption_key FROM lake_keys
    JOIN unnest(%s::text[], %s::date[]) AS wanted (s, m) ON subject = s AND month = m
    ORDER BY created_at, key_id
"""
_ADD = """
    INSERT INTO lake_keys (key_id, subject, month, sealed, token_key, encryption_key)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::date[], %s::bytea[], %s::text[], %s::text[])
"""
# Two that come first at once make a key each; either is as good, and both are erased together.
_HOLD = "SELECT key_id FROM lake_keys WHERE key_id = ANY(%s::uuid[]) ORDER BY key_id FOR KEY SHARE"
_BY_ID = "SELECT key_id, sealed, encryption_key FROM lake_keys WHERE key_id = ANY(%s)"


class SealingKey(NamedTuple):
    """A key, by the id that files have."""

    id: UUID
    cipher: AESGCM

    def seal(self, plain: bytes, context: str) -> bytes:
        """Return `plain` sealed: twelve bytes of nonce, then what AES-256-GCM makes of it, bound to `context`."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Return what was sealed. Raises `PiiError` for anything else."""
        try:
            return self.cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):
            raise PiiError(f"{context} does not open: it was changed after it was sealed, or moved there.") from None


class LakeKeys:
    """Finds and makes keys; those used lately stay in memory."""

    def __init__(self, database: Database, tokens: Tokens, vault: Vault) -> None:
        """Keep keys in `database`, sealed by `vault`, under `tokens` of whose they are."""
        self._database = database
        self._tokens = tokens
        self._vault = vault
        self._known: dict[Whose, SealingKey] = {}

    async def of(self, wanted: Collection[Whose], timeout_s: float) -> dict[Whose, SealingKey]:
        """Return the key of each, made where there is none. Raises `DatabaseUnavailable`, `PiiError`."""
        found = {whose: self._known[whose] for whose in wanted if whose in self._known}
        missing = [whose for whose in wanted if whose not in found]
        if missing:
            found |= await self._find(missing, timeout_s)
            if new := [whose for whose in missing if whose not in found]:
                await self._add(new, timeout_s)
                found |= await self._find(new, timeout_s)
            if len(self._known) + len(found) > _KEPT:
                self._known.clear()
            self._known |= found
        return found

    async def by_id(self, ids: Iterable[UUID]) -> dict[UUID, SealingKey]:
        """Return the keys of these ids, without those that were erased."""
        async with self._database.connection() as connection:
            rows = await (await connection.execute(_BY_ID, ([*ids],))).fetchall()
        return {key_id: self._opened(key_id, sealed, sealed_with) for key_id, sealed, sealed_with in rows}

    async def hold(self, connection: AsyncConnection[Any], ids: Collection[str]) -> frozenset[str]:
        """Keep keys until the connection's transaction ends; return those that were erased before.

        Where there are any, all are forgotten: the next `of` makes new ones.
        """
        held = await (await connection.execute(_HOLD, (sorted(ids),))).fetchall()
        erased = frozenset(ids) - {str(key_id) for (key_id,) in held}
        if erased:
            self._known.clear()
        return erased

    async def _find(self, wanted: Collection[Whose], timeout_s: float) -> dict[Whose, SealingKey]:
        # A rotation may not have reached it yet.
        tokens = {
            (token, month): (user_id, month)
            for user_id, month in wanted
            for token in self._tokens.all_of("user", user_id)
        }
        subjects, months = [token for token, _ in tokens], [month for _, month in tokens]
        async with self._database.connection(timeout_s) as connection:
            rows = await (await connection.execute(_FIND, (subjects, months))).fetchall()
        return {
            tokens[subject, month]: self._opened(key_id, sealed, sealed_with)
            for key_id, subject, month, sealed, sealed_with in rows
        }

    async def _add(self, wanted: Collection[Whose], timeout_s: float) -> None:
        columns: list[tuple[UUID, str, date, bytes]] = []
        # In one order, so that no two transactions wait for each other.
        for user_id, month in sorted(wanted):
            key_id, plain = uuid4(), msgspec.msgpack.encode((user_id, os.urandom(_KEY_BYTES)))
            sealed = self._vault.seal(plain, _context(key_id))
            columns.append((key_id, self._tokens.of("user", user_id), month, sealed))
        ids, subjects, months, keys = zip(*columns, strict=True)
        made_with = [self._tokens.key_id] * len(columns), [self._vault.key_id] * len(columns)
        async with self._database.connection(timeout_s) as connection:
            await connection.execute(_ADD, ([*ids], [*subjects], [*months], [*keys], *made_with))

    def _opened(self, key_id: UUID, sealed: bytes, sealed_with: str) -> SealingKey:
        _, key = msgspec.msgpack.decode(self._vault.open(sealed, sealed_with, _context(key_id)))
        return SealingKey(key_id, AESGCM(key))


def _context(key_id: UUID) -> str:
    return f"lake_keys/{key_id}"
