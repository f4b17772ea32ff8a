"""A person's right to erasure: the keys of a person's records are deleted, and nothing opens the records any more.

What the Bank Secrecy Act wants kept stays for five years, whoever asks (31 CFR 1010.430(d), 1022.320(c)): the records
of the months that an alert of compliance is about. A transmittal of 3,000 USD or more (1010.410(e)) has such an alert,
too. What is held is told with its reason, and can be erased once that is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from lakay_streams.db import audit
from lakay_streams.db.retention import latest_cutoff
from lakay_streams.errors import LakeError
from lakay_streams.lake.keys import NOBODY
from lakay_streams.pii.tokens import Tokens

ERASED = "lake_erased"
"""The audit trail's action."""

_MONTHS = "SELECT DISTINCT month FROM lake_keys WHERE subject = ANY(%s) ORDER BY month"
_HELD = """
    SELECT month, count(*)::int, max(alert_type), max(told_last)::date FROM (
        SELECT alert_id, alert_type,
               greatest(
                   revised_at,
                   (SELECT max(changed_at) FROM filings f WHERE f.alert_id = a.alert_id),
                   (SELECT max(recorded_at) FROM submissions s WHERE s.alert_id = a.alert_id)
               ) AS told_last,
               least(coalesce((body ->> 'since')::timestamptz, occurred_at), occurred_at) AS since,
               greatest(coalesce((body ->> 'until')::timestamptz, occurred_at), occurred_at) AS until
        FROM alerts a WHERE kind IN ('compliance', 'edd') AND entity = ANY(%s)
    ) AS alert
    JOIN unnest(%s::date[]) AS wanted (month)
      ON since AT TIME ZONE 'UTC' < month + interval '1 month' AND until AT TIME ZONE 'UTC' >= month
    WHERE told_last >= %s GROUP BY month ORDER BY month
"""
_DELETE = "DELETE FROM lake_keys WHERE subject = ANY(%s) AND month = ANY(%s)"


class Held(NamedTuple):
    """A month that is kept: how many alerts want it, the type of one, and the day on which the last was told."""

    month: date
    alerts: int
    alert_type: str
    told_last: date


class Erasure(NamedTuple):
    """What goes, by month, and what stays."""

    months: tuple[date, ...]
    held: tuple[Held, ...]


async def erasable(connection: AsyncConnection[Any], tokens: Tokens, user_id: str, today: date) -> Erasure:
    """Return which months of a person can be erased, and which cannot. Raises `LakeError` for an empty id."""
    if user_id == NOBODY:
        raise LakeError("A person has an id: records about nobody in particular go by retention alone.")
    subjects = tokens.all_of("user", user_id)
    months = [month for (month,) in await (await connection.execute(_MONTHS, (subjects,))).fetchall()]
    rows = await (await connection.execute(_HELD, (subjects, months, latest_cutoff(today)))).fetchall()
    held = tuple(Held(*row) for row in rows)
    kept = {each.month for each in held}
    return Erasure(tuple(month for month in months if month not in kept), held)


async def erase(connection: AsyncConnection[Any], tokens: Tokens, user_id: str, today: date, *, actor: str) -> Erasure:
    """Delete the keys of every month that can be erased, and tell the audit trail; return what went and what stays.

    The connection is of the role that owns the tables. Raises `LakeError` for an empty id.
    """
    found = await erasable(connection, tokens, user_id, today)
    subjects = tokens.all_of("user", user_id)
    if found.months:
        await connection.execute(_DELETE, (subjects, list(found.months)))
    details = {"months": _named(found.months), "held": _named(each.month for each in found.held)}
    await audit.append(connection, ERASED, actor=actor, subject=subjects[0], details=details)
    return found


def _named(months: Iterable[date]) -> list[str]:
    return [f"{month:%Y-%m}" for month in months]
