"""What the audit trail tells of rows: the digest that each was written with, and what is wrong with one that differs.

An entry that tells of rows has their names and digests (`digests`) in its details, as {"rows": {name: digest}}. Who
changes a row cannot make its digest; who removes one leaves its name; who adds one has no entry. What retention deleted
is missing with right, but nothing that is younger than retention may delete.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from psycopg import AsyncConnection

from lakay_streams.db.digests import Digests
from lakay_streams.db.retention import latest_cutoff

CHANGED = "was changed: it is not what the trail has the digest of."

_ENTRIES = "SELECT seq, action, entry FROM audit_trail WHERE action = ANY(%s) ORDER BY seq"


class Checked(NamedTuple):
    """What a check found: every problem as a sentence, and how many rows it had no digest of to check them with."""

    problems: list[str]
    unchecked: int


class Entry(msgspec.Struct, frozen=True):
    """What every entry says; subclasses have the `details` of one action."""

    at: Annotated[datetime, msgspec.Meta(tz=True)]
    action: str
    subject: str


class _Deletion(msgspec.Struct, frozen=True):
    before: date


class _Deleted(Entry, frozen=True):
    details: _Deletion


Shape = TypeVar("Shape", bound=Entry)


async def entries(
    connection: AsyncConnection[Any], shape: type[Shape], *actions: str, malformed: list[str] | None = None
) -> AsyncIterator[tuple[int, Shape]]:
    """Yield the entries of some actions with their numbers, the oldest first.

    One that does not say what `shape` says is left out, and told in `malformed`: whoever may add rows may add any.
    """
    decode = msgspec.json.Decoder(shape).decode
    # On the server's side: a trail of years need not fit into memory.
    async with connection.cursor(name=f"told_{actions[0]}") as cursor:
        await cursor.execute(_ENTRIES, (list(actions),))
        async for seq, action, entry in cursor:
            try:
                told = decode(entry)
            except (msgspec.MsgspecError, RecursionError):
                if malformed is not None:
                    malformed.append(f"Row {seq} is malformed: it does not tell what {action} has to tell.")
                continue
            yield seq, told


async def retained_from(connection: AsyncConnection[Any], malformed: list[str] | None = None) -> str:
    """Return the day before which entries may tell of what retention has deleted, "" where it never did."""
    deletions = entries(connection, _Deleted, "retention_deleted", malformed=malformed)
    days = [told.details.before async for _, told in deletions]
    if not days:
        return ""
    # Whoever removes a record may add an entry that says so, too.
    before = min(max(days), latest_cutoff(datetime.now(UTC).date()))
    # A row of before midnight may have its entry after it.
    return (before + timedelta(days=1)).isoformat()


def unheld(digests: Digests, digest: str) -> str | None:
    """Return why a row of `digest` cannot be checked; None where it can."""
    key_id = digest.partition(":")[0]
    if digests.holds(key_id):
        return None
    return (
        f"cannot be checked: its digest is of key {key_id}, which is neither AUDIT_SIGNING_KEY nor among "
        "AUDIT_SIGNING_KEY_PREVIOUS. Add it to the latter."
    )
