"""Compliance alerts as officers need them: as they were sent last, personal values in place, with what was filed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString, NamedTuple

import msgspec
import orjson
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.sql import SQL

from lakay_streams.contracts.alerts import ComplianceAlert
from lakay_streams.domain.compliance.alert import FILE_CTR, OPEN, SAR
from lakay_streams.errors import ReportError, ReportNotFound
from lakay_streams.pii.personal import reveal
from lakay_streams.pii.sealing import Vault
from lakay_streams.reports.filings import COLUMNS, Filing, Status, status_of
from lakay_streams.reports.periods import Span

CTR_DUE: LiteralString = (
    "body ->> 'recommendation' = %(recommendation)s AND body ->> 'business_day' BETWEEN %(first)s AND %(last)s"
)
SAR_DUE: LiteralString = (
    "body ->> 'recommendation' = %(recommendation)s "
    "AND body ->> 'detected_at' >= %(since)s AND body ->> 'detected_at' < %(before)s"
)


class Case(NamedTuple):
    """An alert, and what became of it at FinCEN, None where nothing did."""

    alert: ComplianceAlert
    filing: Filing | None

    @property
    def status(self) -> Status:
        """What became of it."""
        return status_of(self.filing, self.alert.revision, withdrawn=self.alert.status != OPEN)

    @property
    def to_file(self) -> bool:
        """Whether it is yet to be filed, or filed again."""
        return self.status in {"open", "drafted", "revised"}

    def told(self) -> dict[str, Any]:
        """Return what was filed, JSON-ready. That a draft exists is no part of it: a draft does not change a report."""
        again = "revised" if self.prior else "open"
        filed_on = self.filing.filed_on if self.filing is not None else None
        return {
            "status": again if self.status == "drafted" else self.status,
            "bsa_id": self.prior,
            "filed_on": filed_on and filed_on.isoformat(),
        }

    @property
    def prior(self) -> str | None:
        """The BSA identifier of the report that a new one amends."""
        return self.filing.bsa_id if self.filing is not None else None


async def ctr_cases(connection: AsyncConnection[Any], vault: Vault, period: Span) -> list[Case]:
    """Return the open alerts that ask for a currency transaction report of a day in the period, by day."""
    wanted = {"recommendation": FILE_CTR, "first": period.start.isoformat(), "last": period.end.isoformat()}
    found = await _cases(connection, vault, CTR_DUE, wanted)
    return sorted(_open(found), key=lambda case: (case.alert.business_day, case.alert.alert_id))


async def sar_cases(connection: AsyncConnection[Any], vault: Vault, period: Span) -> list[Case]:
    """Return the open alerts of the period that recommend a suspicious activity report, by detection."""
    since, before = period.bounds_text
    wanted = {"recommendation": SAR, "since": since, "before": before}
    found = await _cases(connection, vault, SAR_DUE, wanted)
    return sorted(_open(found), key=lambda case: (case.alert.detected_at, case.alert.alert_id))


async def the_case(connection: AsyncConnection[Any], vault: Vault, alert_id: str) -> Case:
    """Return one alert, whatever it recommends; raises `ReportNotFound`."""
    found = await _cases(connection, vault, "alert_id = %(alert_id)s::uuid", {"alert_id": alert_id})
    if not found:
        raise ReportNotFound(f"There is no compliance alert {alert_id}: see `lakay report deadlines`.")
    return found[0]


def _open(cases: list[Case]) -> list[Case]:
    return [case for case in cases if case.alert.status == OPEN]


async def _cases(
    connection: AsyncConnection[Any], vault: Vault, which: LiteralString, wanted: Mapping[str, str]
) -> list[Case]:
    query = SQL("SELECT {}, body, sealed, encryption_key FROM alerts LEFT JOIN filings USING (alert_id)").format(
        SQL(COLUMNS)
    )
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(query + SQL(" WHERE alerts.kind = 'compliance' AND ") + SQL(which), wanted)
    return [Case(_alert(row, vault), Filing.of(row)) for row in await cursor.fetchall()]


def _alert(row: Mapping[str, Any], vault: Vault) -> ComplianceAlert:
    context = f"alerts/{row['alert_id']}"
    values = orjson.loads(vault.open(row["sealed"], row["encryption_key"], context)) if row["sealed"] else {}
    try:
        return msgspec.convert(reveal(row["body"], values), ComplianceAlert)
    except msgspec.ValidationError:
        # Its own message may quote a value.
        raise ReportError(
            f"Alert {row['alert_id']} is no compliance alert of this version: find out what wrote it, and archive what "
            "a worker says of it."
        ) from None
