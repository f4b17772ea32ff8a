"""Whether the revisions of alerts are what the audit trail says of them, and the alerts what their revisions say.

Each entry `alerts_archived` names the revisions that a transaction archived, with the digest of each (`rows.in_trail`).
A revision that was changed, removed, added or moved is named; so is an alert that does not show its latest one. What
retention deleted is missing with right. Revisions from before there were digests cannot be checked, and are counted.

The connection's transaction sees one moment (`audit.verify` begins it so).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import orjson
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from lakay_streams.archive.alerts import ARCHIVED
from lakay_streams.archive.rows import in_trail
from lakay_streams.db import audit, recorded
from lakay_streams.db.digests import Digests
from lakay_streams.errors import PiiError
from lakay_streams.pii.keys import encryption_keys
from lakay_streams.pii.personal import reveal
from lakay_streams.pii.sealing import Vault
from lakay_streams.settings import Settings

BEGUN = "alert_revisions_begun"

_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_Named = Annotated[str, msgspec.Meta(pattern=f"^{_UUID}/[1-9][0-9]{{0,8}}$")]


class _Digests(msgspec.Struct, frozen=True):
    rows: dict[_Named, str]


class _Archived(recorded.Entry, frozen=True):
    subject: Annotated[str, msgspec.Meta(pattern=f"^{_UUID}$")]
    details: _Digests


class _Count(msgspec.Struct, frozen=True):
    rows: Annotated[int, msgspec.Meta(ge=0)]


class _Begun(recorded.Entry, frozen=True):
    details: _Count


_LINKED = "SELECT *, alert_id::text AS alert_id FROM alert_revisions WHERE link = %s ORDER BY revision"

_UNLINKED = "SELECT count(*) FROM alert_revisions WHERE link IS NULL"

_LINKED_TO_NOTHING = """
    SELECT alert_id::text, revision FROM alert_revisions
    WHERE link IS NOT NULL
        AND NOT EXISTS (SELECT FROM audit_trail WHERE action = %s AND subject = alert_revisions.link::text)
    ORDER BY 1, 2 LIMIT %s
"""

#: Of alerts, those that retention cannot have deleted: they are there since then, or a report of them was filed lately.
_KEPT = """
    SELECT alert_id::text FROM alerts WHERE alert_id = ANY(%(alerts)s::uuid[]) AND archived_at <= %(at)s::timestamptz
    UNION
    SELECT alert_id::text FROM submissions
    WHERE alert_id = ANY(%(alerts)s::uuid[]) AND recorded_at >= %(retained_from)s::timestamptz
"""

#: Alerts that differ from their latest revision, at least in how they are sealed.
_SHOWN = """
    SELECT a.alert_id::text, a.revision, a.entity, a.body, a.sealed, a.encryption_key,
           r.entity, r.body, r.sealed, r.encryption_key,
           (a.kind, a.alert_type, a.tier, a.score, a.occurred_at, a.recorded_at, a.settings_version, a.topic,
            a.partition, a.topic_offset)
               IS NOT DISTINCT FROM
           (r.kind, r.alert_type, r.tier, r.score, r.occurred_at, r.recorded_at, r.settings_version, r.topic,
            r.partition, r.topic_offset) AS same
    FROM alerts a LEFT JOIN alert_revisions r USING (alert_id, revision)
    WHERE (a.kind, a.alert_type, a.tier, a.score, a.occurred_at, a.recorded_at, a.settings_version, a.topic,
           a.partition, a.topic_offset, a.entity, a.body, a.sealed, a.encryption_key)
              IS DISTINCT FROM
          (r.kind, r.alert_type, r.tier, r.score, r.occurred_at, r.recorded_at, r.settings_version, r.topic,
           r.partition, r.topic_offset, r.entity, r.body, r.sealed, r.encryption_key)
    ORDER BY 1
"""

_OLDER = """
    SELECT alert_id::text, alerts.revision, max(alert_revisions.revision)
    FROM alerts JOIN alert_revisions USING (alert_id)
    WHERE alert_revisions.revision > alerts.revision GROUP BY 1, 2 ORDER BY 1 LIMIT %s
"""


async def verify_revisions(connection: AsyncConnection[Any], settings: Settings) -> recorded.Checked:
    """Return the problems, as many as are listed, and how many revisions have no digest."""
    # Whole tables are read.
    await connection.execute("SET LOCAL statement_timeout = 0")
    check = _Check(connection, Vault(encryption_keys(settings)), Digests.of(settings))
    found: list[str] = []
    async for problem in check.problems():
        # To the end in any case: a cursor that is left open is in the way of whoever has the connection next.
        if len(found) < audit.LISTED:
            found.append(problem)
    return recorded.Checked(found, await check.unlinked())


class _Check:
    def __init__(self, connection: AsyncConnection[Any], vault: Vault, digests: Digests) -> None:
        self._connection = connection
        self._vault = vault
        self._digests = digests

    async def problems(self) -> AsyncIterator[str]:
        malformed: list[str] = []
        retained_from = await recorded.retained_from(self._connection, malformed)
        first = None
        async for seq, told in recorded.entries(self._connection, _Archived, ARCHIVED, malformed=malformed):
            first = first or seq
            async for problem in self._of_entry(seq, told, retained_from):
                yield problem
        async for problem in self._without_entry(first, malformed):
            yield problem
        for problem in malformed:
            yield problem
        async for problem in self._of_alerts():
            yield problem

    async def _of_entry(self, seq: int, told: _Archived, retained_from: str) -> AsyncIterator[str]:
        missing: dict[str, str] = dict(told.details.rows)
        cursor = self._connection.cursor(row_factory=dict_row)
        for row in await (await cursor.execute(_LINKED, (told.subject,))).fetchall():
            digest = missing.pop(f"{row['alert_id']}/{row['revision']}", None)
            called = f"Revision {row['revision']} of alert {row['alert_id']}"
            if digest is None:
                yield f"{called} was added: row {seq} of the trail, which it names, does not tell of it."
            elif problem := self._of_revision(row, digest):
                yield f"{called} {problem}"
        is_kept = told.at.date().isoformat() >= retained_from
        kept = None if is_kept else await self._kept(missing, told.at, retained_from)
        for name in sorted(missing):
            alert_id, _, revision = name.rpartition("/")
            if kept is None or alert_id in kept:
                yield f"Revision {revision} of alert {alert_id} is missing: row {seq} of the trail tells of it."

    async def _kept(self, names: Iterable[str], at: datetime, retained_from: str) -> set[str]:
        """Return which alerts of these revisions, archived `at`, retention has not deleted."""
        alerts = list({name.rpartition("/")[0] for name in names})
        which = {"alerts": alerts, "at": at, "retained_from": f"{retained_from}T00:00:00Z"}
        return {alert_id for (alert_id,) in await (await self._connection.execute(_KEPT, which)).fetchall()}

    def _of_revision(self, row: Mapping[str, Any], digest: str) -> str | None:
        if problem := recorded.unheld(self._digests, digest):
            return problem
        try:
            entity, document = self._revealed(
                row["alert_id"], row["entity"], row["body"], row["sealed"], row["encryption_key"]
            )
        except PiiError as closed:
            return f"cannot be read: {closed}"
        columns = {**row, "entity": entity}
        columns |= {name: _text(row[name]) for name in ("occurred_at", "recorded_at")}
        if self._digests.fits(document, str(row["content"])) and self._digests.fits(in_trail(columns), digest):
            return None
        return recorded.CHANGED

    async def _without_entry(self, first: int | None, malformed: list[str]) -> AsyncIterator[str]:
        known = 0
        async for seq, told in recorded.entries(self._connection, _Begun, BEGUN, malformed=malformed):
            # A later one would be somebody's who adds revisions.
            if first is None or seq < first:
                known += told.details.rows
        unlinked = await self.unlinked()
        if unlinked > known:
            yield (
                f"{unlinked - known} revisions of alerts were added: {unlinked} are in no row of the trail, and there "
                f"were {known} when it began to tell of them."
            )
        cursor = await self._connection.execute(_LINKED_TO_NOTHING, (ARCHIVED, audit.LISTED))
        for alert_id, revision in await cursor.fetchall():
            yield f"Revision {revision} of alert {alert_id} was added: no row of the trail tells of it."

    async def _of_alerts(self) -> AsyncIterator[str]:
        cursor = await self._connection.execute(_OLDER, (audit.LISTED,))
        for alert_id, shown, latest in await cursor.fetchall():
            yield f"Alert {alert_id} was changed: it shows revision {shown}, and {latest} is kept."
        async with self._connection.cursor(name="shown") as alerts:
            await alerts.execute(_SHOWN)
            async for alert_id, revision, *values, same in alerts:
                if not same or not self._same(alert_id, values):
                    yield f"Alert {alert_id} was changed: it is not what its revision {revision} says."

    def _same(self, alert_id: str, values: list[Any]) -> bool:
        """Whether an alert says what its revision says, however both are sealed."""
        try:
            ours = self._revealed(alert_id, *values[:4])
            theirs = self._revealed(alert_id, *values[4:8])
        except PiiError:
            return False
        return ours == theirs

    def _revealed(self, alert_id: str, entity: str, body: Any, sealed: bytes | None, key_id: str) -> tuple[str, Any]:
        """Return whom a row is about and what it says, personal values in place; raises `PiiError`."""
        values: dict[str, Any] = {}
        if sealed is not None:
            values = orjson.loads(self._vault.open(sealed, key_id, f"alerts/{alert_id}"))
        return str(values.get(entity, entity)), reveal(body, values)

    async def unlinked(self) -> int:
        """Return how many revisions are from before the trail told of any."""
        row = await (await self._connection.execute(_UNLINKED)).fetchone()
        return 0 if row is None else int(row[0])


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
