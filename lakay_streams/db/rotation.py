"""Rotation: what was made with the previous keys of personal values is made again with the keys in force.

    alerts,
    alert_revisions   tokens in body and entity, and the sealed values that they stand for
    quarantine        the sealed bytes
    reports           the sealed document
    lake_keys         the token of whose key it is, and the sealed key; files of the lake have neither
    rejects           tokens in reasons: their values are kept nowhere, so they cannot be made again and are forgotten,
                      and `email_1f2e3d4c_…` becomes `[email]`. A key is also replaced because it leaked, and whoever
                      has it can try out which value a token stands for

An archive writes meanwhile. A row is read and written under its lock, so no revision of an alert is lost; a row that
somebody else has locked is left for the next pass, so nobody waits for a rotation in a circle. What is done is told by
the rows themselves (`token_key`, `encryption_key`): interrupted anywhere, the same call goes on. Nothing else of a row
changes, and no time of it, since retention counts from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, LiteralString, NamedTuple

import msgspec
import orjson
from psycopg.sql import SQL, Composed, Identifier, Literal
from psycopg.types.json import Jsonb

from lakay_streams.db import audit
from lakay_streams.db.pool import Database
from lakay_streams.errors import PiiError
from lakay_streams.pii.keys import KeyRing
from lakay_streams.pii.personal import in_every_text
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import TOKEN, Tokens

#: Rows of one transaction: who wants to write one of them waits for some tenths of a second.
CHUNK = 200

#: Passes over a table until none of its rows is left, and seconds between them. The locks of a process that was stopped
#: are free again after 10 s (`pool.SESSION_LIMITS`).
PASSES = 20
PAUSE_S = 1.0

Row = tuple[Any, ...]


class Keys(NamedTuple):
    """The keys of tokens and those of sealed values."""

    tokens: KeyRing
    encryption: KeyRing


class Renewal:
    """Makes the columns of a row again, as they would be made now. `context` is where sealed bytes belong."""

    def __init__(self, keys: Keys) -> None:
        """Open with either key, make with the current ones."""
        self._tokens = Tokens(keys.tokens)
        self._vault = Vault(keys.encryption)

    def alert(self, context: str, body: Any, entity: str, sealed: bytes | None, _token_key: str, key_id: str) -> Row:
        """Return an alert's columns; its tokens are made of its sealed values."""
        values: dict[str, Any] = {} if sealed is None else orjson.loads(self._vault.open(sealed, key_id, context))
        renewed = {token: self._again(token, value) for token, value in values.items()}
        if sealed is not None:
            again = {renewed[token]: value for token, value in values.items()}
            sealed = self._vault.seal(orjson.dumps(again), context)

        def put(text: str) -> str:
            return self._renew(text, renewed)

        return Jsonb(in_every_text(body, put)), put(entity), sealed, self._tokens.key_id, self._vault.key_id

    def sealed(self, context: str, sealed: bytes | None, key_id: str) -> Row:
        """Return the columns of a row that is sealed as a whole."""
        if sealed is not None:
            sealed = self._vault.seal(self._vault.open(sealed, key_id, context), context)
        return sealed, self._vault.key_id

    def lake_key(self, context: str, _subject: str, sealed: bytes, _token_key: str, key_id: str) -> Row:
        """Return the columns of a key of the lake, which stays the same key."""
        opened = self._vault.open(sealed, key_id, context)
        user_id, _ = msgspec.msgpack.decode(opened)
        subject = self._tokens.of("user", user_id)
        return subject, self._vault.seal(opened, context), self._tokens.key_id, self._vault.key_id

    def reasons(self, _context: str, reasons: list[str]) -> Row:
        """Return sentences that have forgotten whom they were about."""
        return ([self._renew(reason, {}) for reason in reasons],)

    def _again(self, token: str, value: Any) -> str:
        kind, _, _ = token.partition("_")
        return self._tokens.of(kind, value if isinstance(value, str) else repr(value))

    def _renew(self, text: str, renewed: Mapping[str, str]) -> str:
        """Replace the tokens under other keys than the current one; those without a value are forgotten."""
        return TOKEN.sub(
            lambda found: found[0] if found[2] == self._tokens.key_id else renewed.get(found[0], f"[{found[1]}]"), text
        )


class Place(NamedTuple):
    """A table with personal values: its key, what is made again in which rows (SQL), and how."""

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    stale: LiteralString
    renew: Callable[..., Row]
    bound_to: str = ""

    def context(self, key: Row) -> str:
        """Return what the seal of the row with this key is bound to."""
        # The revisions of an alert have its seal, which is bound to its id.
        return f"{self.bound_to}/{key[0]}" if self.bound_to else "/".join(map(str, (self.table, *key)))


# Where no key is named, nothing was made with one.
_SEALED: LiteralString = "encryption_key NOT IN (%(encryption_key)s, '')"
_ALERT: LiteralString = f"(token_key NOT IN (%(token_key)s, '') OR {_SEALED})"
_REASONS: LiteralString = "array_to_string(reasons, chr(10)) ~ %(stale_token)s"

_ALERT_COLUMNS = ("body", "entity", "sealed", "token_key", "encryption_key")
_SEALED_COLUMNS = ("sealed", "encryption_key")

PLACES = (
    Place("alerts", ("alert_id",), _ALERT_COLUMNS, _ALERT, Renewal.alert),
    Place("alert_revisions", ("alert_id", "revision"), _ALERT_COLUMNS, _ALERT, Renewal.alert, bound_to="alerts"),
    Place("quarantine", ("topic", "partition", "topic_offset"), _SEALED_COLUMNS, _SEALED, Renewal.sealed),
    Place("reports", ("report_id",), _SEALED_COLUMNS, _SEALED, Renewal.sealed),
    Place(
        "lake_keys",
        ("key_id",),
        ("subject", "sealed", "token_key", "encryption_key"),
        _ALERT,
        Renewal.lake_key,
    ),
    Place("rejects", ("rejected_id",), ("reasons",), _REASONS, Renewal.reasons),
)
"""Every table with personal values. What is sealed is bound to `table/key`, the key's parts in this order, unless to
`bound_to/` and the first part of it."""

_VARIABLES = {"token_key": "PII_TOKEN_SECRET", "encryption_key": "PII_ENCRYPTION_KEY"}


async def rotate(
    database: Database, keys: Keys, *, actor: str, tell: Callable[[str, int, int], None] = lambda *_: None
) -> dict[str, int]:
    """Make everything again with the current keys; return how many rows of each table that were. Then none is left.

    `tell` hears a table's name, how many of its rows are done, and of how many. Beginning and end go into the audit
    trail. Raises `PiiError` when a row was made with a key that is not held, before anything is changed; when a row
    does not open; and when rows under other keys keep coming.
    """
    rotation = _Rotation(database, keys)
    for place in PLACES:
        await rotation.refuse_unknown_keys(place)
    stale = {place.table: await rotation.left(place) for place in PLACES}
    done = dict.fromkeys(stale, 0)
    if any(stale.values()):
        await rotation.note("pii_rotation_started", actor, stale)
        for place in PLACES:
            async for rows in rotation.passes(place):
                done[place.table] += rows
                tell(place.table, done[place.table], max(stale[place.table], done[place.table]))
        await rotation.note("pii_rotated", actor, done)
    for place in PLACES:
        if left := await rotation.left(place):
            raise PiiError(
                f"{left} rows of {place.table} are under another key than the one in force, and more keep coming: "
                "start every `lakay archive` and `lakay api` again with the new keys, then run this again."
            )
    return done


class _Rotation:
    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._renewal = Renewal(keys)
        self._rings = {"token_key": keys.tokens, "encryption_key": keys.encryption}
        self._current = {column: ring.current.id for column, ring in self._rings.items()}
        another_key = f"(?!{keys.tokens.current.id})[0-9a-f]{{8}}"
        self._parameters = self._current | {"stale_token": TOKEN.pattern.replace("[0-9a-f]{8}", another_key)}

    async def refuse_unknown_keys(self, place: Place) -> None:
        """Raise `PiiError` when a row names a key that is not held."""
        for column in self._rings.keys() & set(place.columns):
            count = SQL("SELECT {column}, count(*) FROM {table} WHERE {column} <> ALL(%(held)s) GROUP BY 1 ORDER BY 1")
            unknown = await self._all(
                count.format(column=Identifier(column), table=Identifier(place.table)),
                held=["", *(key.id for key in self._rings[column].all)],
            )
            for key_id, rows in unknown:
                variable = _VARIABLES[column]
                raise PiiError(
                    f"{rows} rows of {place.table} were made with key {key_id}, which is neither {variable} nor "
                    f"{variable}_PREVIOUS: set the latter to the one they were made with, then run `lakay pii rotate` "
                    "again; nothing was changed."
                )

    async def left(self, place: Place) -> int:
        """Return how many rows are still to be made again."""
        count = SQL("SELECT count(*) FROM {} WHERE ").format(Identifier(place.table)) + SQL(place.stale)
        ((rows,),) = await self._all(count, **self._parameters)
        return int(rows)

    async def passes(self, place: Place) -> AsyncIterator[int]:
        """Go through the rows until none is left, `PASSES` times at most; yield how many each transaction changed."""
        for turn in range(PASSES):
            if turn:
                await asyncio.sleep(PAUSE_S)
            last: Row | None = None
            # Not beyond what there is now: rows that keep coming are the next pass's, or somebody's mistake.
            left = await self.left(place)
            while left > 0 and (keys := await self._chunk(place, last)):
                last = keys[-1]
                left -= len(keys)
                yield len(keys)
            if not await self.left(place):
                return

    async def note(self, action: str, actor: str, rows: Mapping[str, int]) -> None:
        """Put into the audit trail what is done; the ids of keys tell nothing of the keys."""
        async with self._database.connection() as connection:
            await audit.append(connection, action, actor=actor, details={"to": self._current, "rows": dict(rows)})

    async def _chunk(self, place: Place, after: Row | None) -> list[Row]:
        """Make the next rows behind the key `after` again, in one transaction; return their keys."""
        key, columns = _names(place.key), _names(place.columns)
        where: SQL | Composed = SQL(place.stale)
        if after is not None:
            where += SQL(" AND ({}) > ({})").format(key, SQL(", ").join(map(Literal, after)))
        select = SQL("SELECT {}, {} FROM {} WHERE {} ORDER BY {} LIMIT {} FOR UPDATE SKIP LOCKED").format(
            key, columns, Identifier(place.table), where, key, CHUNK
        )
        update = SQL("UPDATE {} SET ({}) = ROW({}) WHERE ({}) = ({})").format(
            Identifier(place.table), columns, _holes(place.columns), key, _holes(place.key)
        )
        renewed, keys = [], []
        async with self._database.connection() as connection:
            cursor = await connection.execute(select, self._parameters)
            for row in await cursor.fetchall():
                found, values = row[: len(place.key)], row[len(place.key) :]
                renewed.append((*place.renew(self._renewal, place.context(found), *values), *found))
                keys.append(found)
            await cursor.executemany(update, renewed)
        return keys

    async def _all(self, query: SQL | Composed, **parameters: Any) -> list[Row]:
        """Return the rows of a query that may read whole tables."""
        async with self._database.connection() as connection:
            await connection.execute("SET LOCAL statement_timeout = 0")
            cursor = await connection.execute(query, parameters)
            return await cursor.fetchall()


def _names(columns: tuple[str, ...]) -> Composed:
    return SQL(", ").join(map(Identifier, columns))


def _holes(columns: tuple[str, ...]) -> Composed:
    return SQL(", ").join(SQL("%s") for _ in columns)
