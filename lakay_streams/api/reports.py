"""/api/v1/pipeline/compliance-reports: make, list and read compliance reports (runbook 8.4, 10.2, 10.3).

Days are business days in COMPLIANCE_BUSINESS_TIMEZONE, both ends included.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from lakay_streams.errors import PiiError, ReportError, ReportNotFound
from lakay_streams.reports.records import MEDIA_TYPES, Format, Kind, Period, StoredReport
from lakay_streams.reports.service import Reports, render

PATH = "/api/v1/pipeline/compliance-reports"

#: Whom the audit trail names.
ACTOR = "api"

# Nobody between may keep what is confidential.
_NO_STORE = {"Cache-Control": "no-store"}

#: The Bank Secrecy Act is of 1970, and calendars end.
Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(2199, 12, 31))]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Days(_Body):
    """From a day to a day."""

    start_date: Day
    end_date: Day

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end_date < self.start_date:
            raise ValueError(f"end_date {self.end_date} is before start_date {self.start_date}: exchange them")
        return self


class SarOf(_Body):
    """The recommendations of some days, or one alert."""

    start_date: Day | None = None
    end_date: Day | None = None
    alert_id: UUID | None = None
    narrative: str | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        days = (self.start_date, self.end_date)
        if (self.alert_id is None) == (days == (None, None)) or (self.alert_id is None and None in days):
            raise ValueError("give start_date and end_date, or alert_id")
        if self.alert_id is None and self.narrative is not None:
            raise ValueError("a narrative is of one alert: give its alert_id")
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ValueError(f"end_date {self.end_date} is before start_date {self.start_date}: exchange them")
        return self


class PeriodOf(_Body):
    """The week or the month that ends with a day, today unless given."""

    period: Period
    as_of: Day | None = None


def router(reports: Reports) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix=PATH, tags=["compliance reports"])

    @routes.post("/ctr", status_code=201)
    async def ctr(days: Days, response: Response) -> dict[str, Any]:
        """Make the currency transaction reports of some days."""
        return _told(await reports.generate_ctr(days.start_date, days.end_date, actor=ACTOR), response)

    @routes.post("/sar", status_code=201)
    async def sar(of: SarOf, response: Response) -> dict[str, Any]:
        """Draft the suspicious activity reports that were recommended in some days, or the one of an alert."""
        if of.alert_id is not None:
            made = await reports.draft_sar(str(of.alert_id), actor=ACTOR, narrative=of.narrative)
        else:
            assert of.start_date is not None and of.end_date is not None  # noqa: S101, PT018 - validated
            made = await reports.generate_sar(of.start_date, of.end_date, actor=ACTOR)
        return _told(made, response)

    @routes.post("/summary", status_code=201)
    async def summary(of: PeriodOf, response: Response) -> dict[str, Any]:
        """Sum up a week or a month."""
        return _told(await reports.generate_summary(of.period, actor=ACTOR, as_of=of.as_of), response)

    @routes.post("/audit", status_code=201)
    async def audit(days: Days, response: Response) -> dict[str, Any]:
        """Report what an examiner asks for."""
        return _told(await reports.generate_audit(days.start_date, days.end_date, actor=ACTOR), response)

    @routes.get("")
    async def listed(
        response: Response,
        kind: Kind | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
    ) -> dict[str, Any]:
        """List reports, the newest first."""
        response.headers.update(_NO_STORE)
        found = await reports.list_reports(kind, limit=limit, offset=offset)
        return {"reports": [entry.as_json() for entry in found], "limit": limit, "offset": offset}

    @routes.get("/{report_id}")
    async def one(report_id: UUID, form: Annotated[Format, Query(alias="format")] = "json") -> Response:
        """Return a report: as JSON, a page, a PDF, or FinCEN's XML."""
        try:
            report = await reports.get_report(str(report_id), actor=ACTOR)
        except ReportNotFound:
            raise
        except (ReportError, PiiError) as damaged:
            # Not the client's fault: what is stored is not what was stored.
            raise HTTPException(500, str(damaged)) from None
        # Drawing pages takes a while, and others wait for this loop.
        content = await asyncio.to_thread(render, report, form)
        name = f"{report.kind}-{report.period_start}-{report.period_end}.{form}"
        where = "inline" if form in {"json", "html"} else "attachment"
        headers = {**_NO_STORE, "Content-Disposition": f'{where}; filename="{name}"'}
        return Response(content, media_type=MEDIA_TYPES[form], headers=headers)

    return routes


def _told(report: StoredReport, response: Response) -> dict[str, Any]:
    response.headers.update({**_NO_STORE, "Location": f"{PATH}/{report.report_id}"})
    return report.as_json()
