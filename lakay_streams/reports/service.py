"""Reports, as the command line and the HTTP API ask for them.

    reports = Reports(settings, database)
    report = await reports.generate_ctr(date(2026, 2, 1), date(2026, 2, 28), actor="officer@desk")
    render(report, "pdf")

Days are business days in COMPLIANCE_BUSINESS_TIMEZONE, both ends included. Who makes or reads a report, and who files,
is in the audit trail. That a SAR is recommended, drafted or filed is confidential (31 CFR 1022.320(d)): it is in
PostgreSQL and in what these functions return, and in no log, metric or topic.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date

from lakay_streams.db.pool import Database
from lakay_streams.reports.filings import Deadline
from lakay_streams.reports.records import Format, Kind, Period, ReportEntry, StoredReport
from lakay_streams.settings import Settings


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Reports:
    """Makes, keeps and reads reports, with a database that is open."""

    def __init__(self, settings: Settings, database: Database, *, now: Callable[[], int] = _now_ms) -> None:
        """Report on what `database` holds; `now` is ms UTC."""
        self._settings = settings
        self._database = database
        self._now = now

    async def generate_ctr(self, start: date, end: date, *, actor: str) -> StoredReport:
        """Report the currency of every customer and business day of the period that is above the threshold.

        Source: 31 CFR 1010.311, 1010.313. Raises `ReportError` for a period that ends before it starts, and for a batch
        that FinCEN's schema refuses; `DatabaseError`.
        """
        raise NotImplementedError

    async def generate_sar(self, start: date, end: date, *, actor: str) -> StoredReport:
        """Draft the suspicious activity reports that are recommended and were detected in the period.

        Source: 31 CFR 1022.320. Raises as `generate_ctr`.
        """
        raise NotImplementedError

    async def draft_sar(self, alert_id: str, *, actor: str, narrative: str | None = None) -> StoredReport:
        """Draft the suspicious activity report of one alert; `narrative` is an officer's text in the draft's place.

        Raises `ReportNotFound`, `ReportError` for an alert that is no ground for one, and as `generate_ctr`.
        """
        raise NotImplementedError

    async def generate_summary(self, period: Period, *, actor: str, as_of: date | None = None) -> StoredReport:
        """Sum up the week or the month that ends with `as_of` (today unless given)."""
        raise NotImplementedError

    async def generate_audit(self, start: date, end: date, *, actor: str) -> StoredReport:
        """Report what an examiner asks for: trail, retention, deadlines, settings, data quality."""
        raise NotImplementedError

    async def list_reports(
        self, kind: Kind | None = None, *, limit: int = 50, offset: int = 0
    ) -> tuple[ReportEntry, ...]:
        """Return reports of a kind, or of all, the newest first."""
        raise NotImplementedError

    async def get_report(self, report_id: str, *, actor: str) -> StoredReport:
        """Return a report, checked against its hash.

        Raises `ReportNotFound`, `ReportError` when what is stored is not what was hashed, `PiiError`.
        """
        raise NotImplementedError

    async def deadlines(self, *, done: bool = False) -> tuple[Deadline, ...]:
        """Return what is to be filed, soonest first; with `done` also what was filed or declined."""
        raise NotImplementedError

    async def filed(self, alert_id: str, *, bsa_id: str, actor: str, on: date | None = None) -> Deadline:
        """Record that an alert's report was filed under a BSA identifier, on a day (today unless given).

        Raises `ReportNotFound`, `ReportError` for an identifier that is none, and for an alert with nothing to file.
        """
        raise NotImplementedError

    async def declined(self, alert_id: str, *, reason: str, actor: str) -> Deadline:
        """Record that an officer decided to file nothing, and why. Raises as `filed`."""
        raise NotImplementedError


def render(report: StoredReport, form: Format) -> bytes:
    """Return a report in one of its formats.

    Raises `ReportError` for one that it does not have.
    """
    raise NotImplementedError
