"""Alerts into PostgreSQL: every revision is kept, the latest is shown, and each is in the audit trail by its digest.

read whom the alerts of a batch are about, and which revisions are kept     locked
judge each record                                                            revisions.py
add the new revisions; show the latest of each alert
at the end of the transaction: one entry in the audit trail, with the digests of all its revisions
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import orjson
from psycopg import AsyncConnection

from lakay_streams.archive.revisions import COPY, History, Kept, Refused, Told, Who
from lakay_streams.archive.rows import QUARANTINE, Row, RowMaker, array_of
from lakay_streams.archive.statements import ALERTS, WRITES
from lakay_streams.db import audit
from lakay_streams.errors import PiiError
from lakay_streams.telemetry.logs import get_logger

log = get_logger()

ARCHIVED = "alerts_archived"
"""The action of an entry of the trail that tells of revisions."""

ACTOR = "archive"


class Judged(NamedTuple):
    """What became of a batch's alerts: rows to keep with what they skip, and rows that are refused, with the reason."""

    kept: list[tuple[Row, dict[str, Any], tuple[int, int] | None]]
    refused: list[tuple[Row, str]]


class AlertWriter:
    """Writes the alerts of one transaction. Call `close` when all are written."""

    def __init__(self, connection: AsyncConnection[Any], maker: RowMaker) -> None:
        """Write in the transaction of `connection`."""
        self._connection = connection
        self._maker = maker
        self._link: UUID = uuid4()
        self._digests: dict[str, str] = {}
        self._missing: dict[str, tuple[int, int]] = {}

    async def write(self, rows: Sequence[Row]) -> None:
        """Keep what is new, pass over what is kept already, and quarantine the rest; all of it or, raising, nothing."""
        judged = await self._judge(rows)
        if judged.kept:
            await self._connection.execute(ALERTS.write, (array_of([row for row, _, _ in judged.kept]), self._link))
        if judged.refused:
            set_aside = [
                self._maker.quarantined(row.origin, row.raw, (reason,), orjson.loads(row.value)["recorded_at"])
                for row, reason in judged.refused
            ]
            await self._connection.execute(WRITES[QUARANTINE], (array_of(set_aside),))
        # Only now: a batch that failed is written again in halves.
        for _, kept, missing in judged.kept:
            name = f"{kept['alert_id']}/{kept['revision']}"
            self._digests[name] = kept["digest"]
            if missing is not None:
                self._missing[name] = missing
                log.warning("alert_revisions_missing", alert_id=kept["alert_id"], first=missing[0], last=missing[1])
        for row, reason in judged.refused:
            log.error("alert_refused", origin=row.origin, reason=reason)

    async def close(self) -> None:
        """Append to the audit trail what was kept, if anything was; others wait until the transaction ends."""
        if self._digests:
            details = {"rows": self._digests, "missing": {name: list(each) for name, each in self._missing.items()}}
            await audit.append(self._connection, ARCHIVED, actor=ACTOR, subject=str(self._link), details=details)

    async def _judge(self, rows: Sequence[Row]) -> Judged:
        told = [orjson.loads(row.value) for row in rows]
        histories = await self._histories(list({row["alert_id"] for row in told}))
        judged = Judged([], [])
        for row, values in zip(rows, told, strict=True):
            match histories[values["alert_id"]].take(_told(values)):
                case Kept(missing):
                    judged.kept.append((row, values, missing))
                case Refused(reason):
                    judged.refused.append((row, reason))
                case copy:
                    assert copy is COPY  # noqa: S101 - for the type checker
        return judged

    async def _histories(self, alert_ids: list[str]) -> dict[str, History]:
        histories = {alert_id: History() for alert_id in alert_ids}
        cursor = await self._connection.execute(ALERTS.known, (alert_ids,))
        for alert_id, *who in await cursor.fetchall():
            histories[alert_id].who = Who(*who)
        cursor = await self._connection.execute(ALERTS.revisions, (alert_ids,))
        for alert_id, revision, content, *kept in await cursor.fetchall():
            histories[alert_id].contents[revision] = content or self._content_of(alert_id, *kept)
        return histories

    def _content_of(self, alert_id: str, body: Any, sealed: bytes | None, key_id: str) -> str | None:
        """Return the digest of a revision from before revisions had any; None where its seal does not open."""
        try:
            return self._maker.contents_of(alert_id, body, sealed, key_id)[0]
        except PiiError:
            return None


def _told(row: dict[str, Any]) -> Told:
    return Told(row["revision"], row["kind"], row["alert_type"], row["entities"], row["contents"])
