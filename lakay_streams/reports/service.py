"""Reports, as the command line and the HTTP API ask for them.

    reports = Reports(settings, database)
    report = await reports.generate_ctr(date(2026, 2, 1), date(2026, 2, 28), actor="officer@desk")
    render(report, "pdf")

Days are business days in COMPLIANCE_BUSINESS_TIMEZONE, both ends included. Who makes or reads a report, and who files,
is in the audit trail. That a SAR is recommended, drafted or filed is confidential (31 CFR 1022.320(d)): it is in
PostgreSQL and in what these functions return, and in no log, metric or topic.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection

from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.db import audit
from lakay_streams.db.pool import Database
from lakay_streams.domain.business_day import ZONES
from lakay_streams.errors import ReportError, ReportNotFound
from lakay_streams.pii.keys import encryption_keys
from lakay_streams.pii.sealing import Vault
from lakay_streams.reports import cases, ctr, filings, readiness, sar, store, summary
from lakay_streams.reports.batch import validated
from lakay_streams.reports.cases import Case
from lakay_streams.reports.filings import Deadline, Filing
from lakay_streams.reports.periods import Span, day_of, ending, span
from lakay_streams.reports.records import Kind, Period, ReportEntry, StoredReport, Validation
from lakay_streams.reports.rendering import render
from lakay_streams.settings import Settings

__all__ = ["Deadline", "ReportEntry", "Reports", "StoredReport", "render"]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Reports:
    """Makes, keeps and reads reports, with a database that is open."""

    def __init__(self, settings: Settings, database: Database, *, now: Callable[[], int] = _now_ms) -> None:
        """Report on what `database` holds; `now` is ms UTC."""
        self._settings = settings
        self._filer = settings.filing
        self._zone = ZONES[settings.compliance.business_timezone]
        self._vault = Vault(encryption_keys(settings))
        self._database = database
        self._now = now

    @property
    def today(self) -> date:
        """The business day of now."""
        return day_of(self._now(), self._zone)

    async def generate_ctr(self, start: date, end: date, *, actor: str) -> StoredReport:
        """Report the currency of every customer and business day of the period that is above the threshold.

        Source: 31 CFR 1010.311, 1010.313. Raises `ReportError` for a period that ends before it starts, and for a batch
        that FinCEN's schema refuses; `DatabaseError`.
        """
        period = span(start, end, self._zone)
        async with self._snapshot() as connection:
            found = await cases.ctr_cases(connection, self._vault, period)
        # Beside the event loop: a month's batch is built and validated for seconds.
        xml = await asyncio.to_thread(ctr.batch, found, self._filer, self.today)
        return await self._kept_with_drafts("ctr", period, ctr.document(found, self._filer), xml, found, actor)

    async def generate_sar(self, start: date, end: date, *, actor: str) -> StoredReport:
        """Draft the suspicious activity reports that are recommended and were detected in the period.

        Source: 31 CFR 1022.320. Raises as `generate_ctr`.
        """
        period = span(start, end, self._zone)
        async with self._snapshot() as connection:
            found = await cases.sar_cases(connection, self._vault, period)
        return await self._sar(period, [sar.drafted(case, self._zone) for case in found], actor)

    async def draft_sar(self, alert_id: str, *, actor: str, narrative: str | None = None) -> StoredReport:
        """Draft the suspicious activity report of one alert; `narrative` is an officer's text in the draft's place.

        Raises `ReportNotFound`, `ReportError` for an alert that is no ground for one, and as `generate_ctr`.
        """
        async with self._snapshot() as connection:
            case = await cases.the_case(connection, self._vault, _uuid(alert_id, "compliance alert"))
        made = sar.drafted(case, self._zone, narrative)
        since, until = (day_of(to_millis(at), self._zone) for at in (case.alert.since, case.alert.until))
        return await self._sar(span(since, until, self._zone), [made], actor)

    async def generate_summary(self, period: Period, *, actor: str, as_of: date | None = None) -> StoredReport:
        """Sum up the week or the month that ends with `as_of` (today unless given)."""
        today = as_of or self.today
        days = ending(period, today, self._zone)
        async with self._snapshot() as connection:
            due = await filings.deadlines(connection, today, self._zone)
            document = await summary.document(connection, period, days, due, today)
        return await self._kept("summary", days, document, actor)

    async def generate_audit(self, start: date, end: date, *, actor: str) -> StoredReport:
        """Report what an examiner asks for: trail, retention, deadlines, settings, data quality.

        Raises `ReportError` for a period that ends before it starts; `DatabaseError`.
        """
        period = span(start, end, self._zone)
        async with self._database.connection() as connection:
            # It sets the transaction up as `_snapshot` does.
            verdict = await audit.verify(connection)
            due = await filings.deadlines(connection, self.today, self._zone)
            document = await readiness.document(connection, verdict, period, due, self.today)
        return await self._kept("audit", period, document, actor)

    async def list_reports(
        self, kind: Kind | None = None, *, limit: int = 50, offset: int = 0
    ) -> tuple[ReportEntry, ...]:
        """Return reports of a kind, or of all, the newest first."""
        async with self._database.connection() as connection:
            return await store.entries(connection, kind, limit, offset)

    async def get_report(self, report_id: str, *, actor: str) -> StoredReport:
        """Return a report, checked against its hash.

        Raises `ReportNotFound`, `ReportError` when what is stored is not what was hashed, `PiiError`.
        """
        wanted = _uuid(report_id, "report")
        async with self._database.connection() as connection:
            return await store.read(connection, self._vault, wanted, actor=actor)

    async def deadlines(self, *, done: bool = False) -> tuple[Deadline, ...]:
        """Return what is to be filed, soonest first; with `done` also what was filed or declined."""
        async with self._database.connection() as connection:
            found = await filings.deadlines(connection, self.today, self._zone)
        return tuple(each for each in found if done or each.pending)

    async def filed(self, alert_id: str, *, bsa_id: str, actor: str, on: date | None = None) -> Deadline:
        """Record that an alert's report was filed under a BSA identifier, on a day (today unless given).

        Raises `ReportNotFound`, `ReportError` for an identifier that is none, and for an alert with nothing to file.
        """
        day = on or self.today
        if not (bsa_id.isascii() and bsa_id.isdigit() and len(bsa_id) == filings.BSA_ID_DIGITS):
            raise ReportError(
                f"{bsa_id!r} is no BSA identifier: give the {filings.BSA_ID_DIGITS} digits that BSA E-Filing "
                "acknowledged the report with."
            )
        if day > self.today:
            raise ReportError(f"{day} is to come: give the day on which the report was filed.")
        return await self._decided(alert_id, "filed", actor, bsa_id=bsa_id, filed_on=day)

    async def declined(self, alert_id: str, *, reason: str, actor: str) -> Deadline:
        """Record that an officer decided to file nothing, and why. Raises as `filed`."""
        if not reason.strip():
            raise ReportError("A report is declined for a reason: give one, which an examiner will read.")
        return await self._decided(alert_id, "declined", actor, reason=reason.strip())

    async def _decided(
        self,
        alert_id: str,
        status: Literal["filed", "declined"],
        actor: str,
        *,
        bsa_id: str | None = None,
        filed_on: date | None = None,
        reason: str | None = None,
    ) -> Deadline:
        wanted = _uuid(alert_id, "compliance alert")
        async with self._database.connection() as connection:
            # So that of two officers, the second sees what the first has decided.
            await audit.lock(connection)
            ground, before, deadline = await filings.the_deadline(connection, wanted, self.today, self._zone)
            drafted = before is not None and before.status == "drafted"
            if before is not None and not deadline.pending:
                raise ReportError(
                    f"Alert {alert_id} is {before.status} already, by {before.changed_by}: nothing was changed."
                )
            made = Filing(
                deadline.kind,
                before.due if before is not None and drafted else date.fromisoformat(deadline.due),
                status,
                before.revision if before is not None and drafted else ground.revision,
                before.report_id if before is not None else None,
                bsa_id or (before.bsa_id if before is not None else None),
                filed_on or (before.filed_on if before is not None else None),
                reason,
                actor,
            )
            await filings.write(connection, wanted, made)
            details = {
                "kind": made.kind,
                "due": made.due.isoformat(),
                "revision": made.revision,
                "bsa_id": bsa_id,
                "filed_on": None if filed_on is None else filed_on.isoformat(),
            }
            await audit.append(connection, f"report_{status}", actor=actor, subject=wanted, details=details)
            _, _, after = await filings.the_deadline(connection, wanted, self.today, self._zone)
        return after

    async def _sar(self, period: Span, drafts: Sequence[sar.Draft], actor: str) -> StoredReport:
        xml = await asyncio.to_thread(sar.batch, drafts, self._filer, self._zone, self.today)
        document = sar.document(drafts, self._filer, self._zone)
        return await self._kept_with_drafts("sar", period, document, xml, [each.case for each in drafts], actor)

    async def _kept_with_drafts(
        self,
        kind: Literal["ctr", "sar"],
        period: Span,
        document: dict[str, Any],
        xml: str | None,
        found: Sequence[Case],
        actor: str,
    ) -> StoredReport:
        """Store a report that is to be filed, and note that a draft of each of its cases exists."""
        validation = validated(xml, kind, self._filer)
        to_file = [case for case in found if case.to_file]
        async with self._database.connection() as connection:
            # Before the filings: so that nobody files meanwhile what is then noted as a draft.
            await audit.lock(connection)
            stored = await self._store(connection, kind, period, document, actor, xml, validation, to_file)
            for case in to_file:
                await self._note_draft(connection, kind, case, stored.report_id, actor)
        return stored

    async def _note_draft(
        self, connection: AsyncConnection[Any], kind: Literal["ctr", "sar"], case: Case, report_id: str, actor: str
    ) -> None:
        alert_id = case.alert.alert_id
        ground, before = await filings.known(connection, alert_id, self._zone)
        if before != case.filing and before is not None and before.status != "drafted":
            return  # somebody filed or declined it meanwhile
        due = before.due if before is not None and before.status == "drafted" else ground.due
        await filings.write(
            connection,
            alert_id,
            Filing(
                kind,
                due,
                "drafted",
                case.alert.revision,
                report_id,
                before.bsa_id if before else None,
                before.filed_on if before else None,
                None,
                actor,
            ),
        )

    async def _kept(self, kind: Kind, period: Span, document: dict[str, Any], actor: str) -> StoredReport:
        nothing = Validation(validated=False, reason="nothing is to be filed")
        async with self._database.connection() as connection:
            return await self._store(connection, kind, period, document, actor, None, nothing, ())

    async def _store(
        self,
        connection: AsyncConnection[Any],
        kind: Kind,
        period: Span,
        document: dict[str, Any],
        actor: str,
        xml: str | None,
        validation: Validation,
        to_file: Sequence[Case],
    ) -> StoredReport:
        return await store.store(
            connection,
            self._vault,
            kind,
            period,
            document,
            xml=xml,
            validation=validation,
            settings_version=self._settings.version,
            actor=actor,
            alerts=tuple(case.alert.alert_id for case in to_file),
        )

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[AsyncConnection[Any]]:
        """Lend a connection that sees one moment, and writes nothing."""
        async with self._database.connection() as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection


def _uuid(text: str, what: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ReportNotFound(f"There is no {what} {text!r}: an id is a UUID, as `lakay report` lists them.") from None
