"""Compliance alerts as officers need them: as they were sent last, personal values in place, with what was filed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, NamedTuple

import msgspec
import orjson
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.sql import SQL

from lakay_streams.contracts.alerts import ComplianceAlert
from lakay_streams.contracts.alerts.compliance import MovementEvidence
from lakay_streams.domain.compliance.alert import FILE_CTR, OPEN, SAR
from lakay_streams.errors import ReportError, ReportNotFound
from lakay_streams.pii.personal import reveal
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import Tokens
from lakay_streams.reports.filings import COLUMNS, Submitted, filing_of, ground_of, submitted
from lakay_streams.reports.obligations import Filing, Ground, Need, Status, Submission, needed, status_of
from lakay_streams.reports.periods import Span

CTR_DUE: LiteralString = (
    "body ->> 'recommendation' = %(recommendation)s AND body ->> 'business_day' BETWEEN %(first)s AND %(last)s"
)
# Also what changed in the period, so that what a later month brings to an earlier alert is in that month's batch.
SAR_DUE: LiteralString = (
    "((body ->> 'recommendation' = %(recommendation)s "
    "AND ((body ->> 'detected_at' >= %(since)s AND body ->> 'detected_at' < %(before)s) "
    "OR (body ->> 'occurred_at' >= %(since)s AND body ->> 'occurred_at' < %(before)s))) "
    "OR filings.determined_on BETWEEN %(first)s AND %(last)s)"
)


class Case(NamedTuple):
    """An alert, what is done about it, the chain of reports that it belongs to, and what is yet to be filed, if any."""

    alert: ComplianceAlert
    ground: Ground
    filing: Filing | None
    chain: Sequence[Submission]
    need: Need | None

    @property
    def own(self) -> list[Submission]:
        """The reports of this alert that were filed, the oldest first."""
        return [each for each in self.chain if each.alert_id == self.alert.alert_id]

    @property
    def status(self) -> Status:
        """What became of it."""
        return status_of(self.need, self.filing, before=bool(self.own))

    @property
    def to_file(self) -> bool:
        """Whether it is yet to be filed, or filed again."""
        return self.need is not None

    @property
    def prior(self) -> str | None:
        """The BSA identifier of the report that a new one corrects or continues, or of the last one."""
        if self.need is not None:
            return self.need.prior
        return self.own[-1].bsa_id if self.own else None

    @property
    def movements(self) -> tuple[MovementEvidence, ...]:
        """The movements that the next report is about."""
        about = self.need.movements if self.need is not None else None
        named = self.alert.evidence.movements
        return named if about is None else tuple(each for each in named if each.movement_id in about)

    @property
    def whole(self) -> bool:
        """Whether the next report is about everything that the alert is about."""
        return len(self.movements) == len(self.alert.evidence.movements)

    def told(self) -> dict[str, Any]:
        """Return what was filed, JSON-ready. That a draft exists is no part of it: a draft does not change a report."""
        status = self.status
        if status in {"drafted", "determined"}:
            status = "revised" if self.own else "open"
        filed_on = next((each.filed_on for each in self.chain if each.bsa_id == self.prior), None)
        return {
            "status": status,
            "form": self.need.form if self.need is not None else None,
            "bsa_id": self.prior,
            "filed_on": filed_on and filed_on.isoformat(),
            "reports": [
                {"bsa_id": each.bsa_id, "form": each.form, "filed_on": each.filed_on.isoformat()} for each in self.own
            ],
        }


class Found(NamedTuple):
    """Cases in their order, and the ids of alerts that are left out of them.

    `unreadable` cannot be read; `withdrawn` have been since their report was filed, which is to be corrected.
    """

    cases: list[Case]
    unreadable: list[str]
    withdrawn: Sequence[str] = ()


class Cases:
    """Reads cases; `tokens` find a customer's alerts under each key that is held."""

    def __init__(self, connection: AsyncConnection[Any], vault: Vault, tokens: Tokens, period: Span) -> None:
        """Read with a connection; days are of the zone of `period`."""
        self._connection = connection
        self._vault = vault
        self._tokens = tokens
        self._period = period

    async def currency(self) -> Found:
        """Return the open alerts that ask for a currency transaction report of a day in the period, by day."""
        first, last = self._period.start.isoformat(), self._period.end.isoformat()
        found = await self._read(CTR_DUE, {"recommendation": FILE_CTR, "first": first, "last": last})
        found.cases.sort(key=lambda case: (case.alert.business_day, case.alert.alert_id))
        withdrawn = [case.alert.alert_id for case in found.cases if case.alert.status != OPEN and case.to_file]
        return Found(_open(found.cases), found.unreadable, withdrawn)

    async def suspicious(self) -> Found:
        """Return the open alerts of the period that recommend a suspicious activity report, by detection.

        Of the period is what was detected, changed or determined to be suspicious in it.
        """
        since, before = self._period.bounds_text
        bounds = {"since": since, "before": before, "first": self._period.start, "last": self._period.end}
        found = await self._read(SAR_DUE, {"recommendation": SAR, **bounds})
        found.cases.sort(key=lambda case: (case.alert.detected_at, case.alert.alert_id))
        return Found(_open(found.cases), found.unreadable)

    async def the(self, alert_id: str) -> Case:
        """Return one alert, whatever it recommends; raises `ReportNotFound`, and `ReportError` if it cannot be read."""
        found = await self._read("alert_id = %(alert_id)s::uuid", {"alert_id": alert_id})
        if found.unreadable:
            raise ReportError(
                f"Alert {alert_id} is no compliance alert of this version: find out what wrote it, and archive what a "
                "worker says of it."
            )
        if not found.cases:
            raise ReportNotFound(f"There is no compliance alert {alert_id}: see `lakay report deadlines`.")
        return found.cases[0]

    async def _read(self, which: LiteralString, wanted: Mapping[str, object]) -> Found:
        query = SQL("SELECT {}, body, sealed, encryption_key FROM alerts LEFT JOIN filings USING (alert_id)").format(
            SQL(COLUMNS)
        )
        cursor = self._connection.cursor(row_factory=dict_row)
        await cursor.execute(query + SQL(" WHERE alerts.kind = 'compliance' AND ") + SQL(which), wanted)
        rows = await cursor.fetchall()
        known = await submitted(self._connection)
        found = Found([], [])
        for row in rows:
            alert = _alert(row, self._vault)
            if alert is None:
                found.unreadable.append(str(row["alert_id"]))
            else:
                found.cases.append(self._case(alert, row, known))
        return found

    def _case(self, alert: ComplianceAlert, row: Mapping[str, Any], known: Submitted) -> Case:
        ground, filing = ground_of(row, self._period.zone), filing_of(row)
        chain = known.of(ground, (row["entity"], *self._tokens.all_of("user", alert.user_id)))
        return Case(alert, ground, filing, chain, needed(ground, filing, chain))


def _open(cases: list[Case]) -> list[Case]:
    return [case for case in cases if case.alert.status == OPEN]


def _alert(row: Mapping[str, Any], vault: Vault) -> ComplianceAlert | None:
    """Return what a row says; None for one that is no alert of this version. Raises `PiiError`."""
    context = f"alerts/{row['alert_id']}"
    values = orjson.loads(vault.open(row["sealed"], row["encryption_key"], context)) if row["sealed"] else {}
    try:
        return msgspec.convert(reveal(row["body"], values), ComplianceAlert)
    except msgspec.ValidationError:
        # Its own message may quote a value.
        return None
