"""The audit trail: who did what, in rows that are added and never changed, each with the hash of the one before.

A row's entry is canonical JSON (keys sorted, no spaces, UTF-8):

    {"action": ..., "actor": ..., "at": ..., "details": {...}, "previous": ..., "seq": ..., "subject": ...}

where "previous" is the hash of the row before, and a row's own hash is the SHA-256 of all that. So a row that is
changed, missing or moved breaks the chain, and the head (the last row's number and hash, kept apart) tells of missing
last ones. Who can rewrite the whole chain and the head with it is found by a head that was noted elsewhere: signed by
`lakay archive` in a file (`heads.py`), or by hand, with `lakay audit verify --expect SEQ:HASH`.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from psycopg import AsyncConnection

_AT = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z", re.ASCII)

#: Problems that are listed; a trail with more is broken anyway.
LISTED = 50


class Head(NamedTuple):
    """The last row: its number (0 for an empty trail) and its hash."""

    seq: int
    hash: str

    def __str__(self) -> str:
        """As it is noted down: `SEQ:HASH`."""
        return f"{self.seq}:{self.hash}"

    @staticmethod
    def parse(noted: str) -> Head:
        """Read a head that was noted down; raises ValueError."""
        seq, _, digest = noted.partition(":")
        if not seq.isdigit() or (int(seq) > 0 and len(digest) != hashlib.sha256().digest_size * 2):
            raise ValueError(f"{noted!r} is no head: give what `lakay audit verify` printed, SEQ:HASH")
        return Head(int(seq), digest)


class Verdict(NamedTuple):
    """What `verify` found: the head, how many rows there are, and every problem as a sentence; none if all is well."""

    head: Head
    rows: int
    problems: tuple[str, ...]


async def append(
    connection: AsyncConnection[Any],
    action: str,
    *,
    actor: str,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> Head:
    """Add a row in the connection's transaction, and return the new head.

    `action` is a verb in the past, such as "retention_deleted"; `subject` is what it was done to; `details` are
    JSON-ready and hold no personal values. Other writers wait until the transaction ends: append last.
    """
    last = await lock(connection)
    seq, previous = last.seq + 1, last.hash
    entry = canonical(
        {
            "seq": seq,
            "at": moment(datetime.now(UTC)),
            "actor": actor,
            "action": action,
            "subject": subject,
            "details": dict(details or {}),
            "previous": previous,
        }
    )
    head = Head(seq, digest_of(entry))
    await connection.execute("INSERT INTO audit_trail (seq, entry, hash) VALUES (%s, %s, %s)", (seq, entry, head.hash))
    return head


async def lock(connection: AsyncConnection[Any]) -> Head:
    """Return the head, which stays as it is for others until the connection's transaction ends."""
    row = await (await connection.execute("SELECT seq, hash FROM audit_head FOR UPDATE")).fetchone()
    assert row is not None, "the audit trail has no head"  # noqa: S101 - made with the table
    return Head(*row)


async def verify(connection: AsyncConnection[Any], *expected: Head | None) -> Verdict:
    """Follow the chain from its first row to its head, and compare with heads that were noted elsewhere.

    The connection's transaction must have done nothing yet.
    """
    # Head and rows of one moment, while others append.
    await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    row = await (await connection.execute("SELECT seq, hash FROM audit_head")).fetchone()
    head = Head(*row) if row else Head(0, "")
    problems: list[str] = [] if row else ["The head of the trail is missing."]
    last, rows = Head(0, ""), 0
    noted = [each for each in expected if each is not None and each.seq > 0]
    async for seq, entry, stored in _rows(connection):
        rows += 1
        if seq > last.seq + 1:
            problems.append(f"{_rows_called(last.seq + 1, seq - 1)} missing.")
        computed = digest_of(entry)
        if computed != stored:
            problems.append(f"Row {seq} was changed: its entry does not have its hash.")
        told = _canonical_in(entry)
        if told is None:
            problems.append(f"Row {seq} was changed: its entry is not the JSON that was written.")
        elif not _is_entry(told):
            problems.append(f"Row {seq} is malformed: it does not say when who did what.")
        else:
            if told.get("seq") != seq:
                problems.append(f"Row {seq} was moved: its entry says that it is row {told.get('seq')}.")
            # After a gap, the previous row is not there to compare with; the gap is told.
            if seq == last.seq + 1 and told.get("previous") != last.hash:
                problems.append(f"Row {seq} does not follow row {last.seq}: one of them was replaced.")
        for each in noted:
            if each.seq == seq and each.hash != stored:
                problems.append(f"Row {seq} is not the one that was noted: its hash was {each.hash}.")
        last = Head(seq, stored)
    if last.seq < head.seq:
        problems.append(f"{_rows_called(last.seq + 1, head.seq)} missing at the end.")
    elif last != head:
        problems.append(f"The head of the trail was changed: it is {head or 'empty'}, and the last row is {last}.")
    problems += (
        f"{_rows_called(head.seq + 1, each.seq)} missing at the end: the noted head is {each}."
        for each in noted
        if each.seq > head.seq
    )
    return Verdict(head, rows, tuple(problems[:LISTED]))


async def hash_of(connection: AsyncConnection[Any], seq: int) -> str | None:
    """Return the hash of row `seq` as it is stored, None where there is no such row."""
    row = await (await connection.execute("SELECT hash FROM audit_trail WHERE seq = %s", (seq,))).fetchone()
    return None if row is None else str(row[0])


async def current(connection: AsyncConnection[Any]) -> Head:
    """Return the head as it is now; others may append."""
    row = await (await connection.execute("SELECT seq, hash FROM audit_head")).fetchone()
    return Head(0, "") if row is None else Head(*row)


async def newest(connection: AsyncConnection[Any], action: str) -> dict[str, Any] | None:
    """Return the newest entry of `action`, None where there is none."""
    cursor = await connection.execute(
        "SELECT entry FROM audit_trail WHERE action = %s ORDER BY seq DESC LIMIT 1", (action,)
    )
    row = await cursor.fetchone()
    return None if row is None else json.loads(row[0])


async def all_of(connection: AsyncConnection[Any], action: str) -> list[dict[str, Any]]:
    """Return every entry of `action`, oldest first."""
    cursor = await connection.execute("SELECT entry FROM audit_trail WHERE action = %s ORDER BY seq", (action,))
    return [json.loads(entry) for (entry,) in await cursor.fetchall()]


async def latest(connection: AsyncConnection[Any], limit: int, subject: str | None = None) -> list[str]:
    """Return the newest `limit` entries as they are stored, oldest first; of one `subject` if it is given."""
    cursor = await connection.execute(
        "SELECT entry FROM audit_trail WHERE %(subject)s::text IS NULL OR subject = %(subject)s "
        "ORDER BY seq DESC LIMIT %(limit)s",
        {"subject": subject, "limit": limit},
    )
    return [entry for (entry,) in reversed(await cursor.fetchall())]


def operator() -> str:
    """Return who runs this command, for the trail: the user of the real uid, `user@host`."""
    # Not getpass.getuser(), which believes $USER.
    uid = os.getuid()
    name = f"uid{uid}"
    with suppress(KeyError):
        name = pwd.getpwuid(uid).pw_name
    return f"{name}@{socket.gethostname()}"


def read(entry: str) -> dict[str, Any] | None:
    """Return what an entry says; None for one that `verify` finds malformed."""
    told = _canonical_in(entry)
    return told if told is not None and _is_entry(told) else None


def moment(at: datetime) -> str:
    """Return a time as entries have it: as text they sort as in time."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def canonical(entry: Mapping[str, Any]) -> str:
    """Return the one way in which an entry is written."""
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(entry: str) -> str:
    """Return an entry's hash."""
    return hashlib.sha256(entry.encode()).hexdigest()


async def _rows(connection: AsyncConnection[Any]) -> AsyncIterator[tuple[int, str, str]]:
    # On the server's side: a trail of years need not fit into memory.
    async with connection.cursor(name="audit_trail") as cursor:
        await cursor.execute("SELECT seq, entry, hash FROM audit_trail ORDER BY seq")
        async for row in cursor:
            yield row


def _canonical_in(entry: str) -> dict[str, Any] | None:
    """Return an entry that is written as all are, else None."""
    try:
        told = json.loads(entry)
        return told if isinstance(told, dict) and canonical(told) == entry else None
    except (ValueError, RecursionError):
        return None


def _is_entry(told: Mapping[str, Any]) -> bool:
    texts = all(isinstance(told.get(name), str) for name in ("at", "actor", "action", "subject"))
    return texts and _AT.fullmatch(told["at"]) is not None and isinstance(told.get("details"), dict)


def _rows_called(first: int, last: int) -> str:
    return f"Row {first} is" if first == last else f"Rows {first} to {last} are"
