"""/api/v1/pipeline/compliance-reports: make, list and read compliance reports (runbook 8.4, 10.2, 10.3).

Days are business days in COMPLIANCE_BUSINESS_TIMEZONE, both ends included.
"""

from __future__ import annotations

import asyncio
import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self, cast
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lakay_streams.errors import PiiError, ReportError, ReportNotFound
from lakay_streams.reports.records import MEDIA_TYPES, Format, Kind, Period, StoredReport
from lakay_streams.reports.service import Reports, Suspicion, render

PATH = "/api/v1/pipeline/compliance-reports"


def _written_as_day(value: object) -> object:
    # pydantic also takes seconds since 1970.
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("a day is written YYYY-MM-DD")
    return value


def _digits(value: object) -> object:
    # int() also takes signs, spaces, underscores and other scripts' digits.
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,10}", value):
        raise ValueError("a number has digits only, ten at most")
    return value


def _written_as_amount(value: object) -> object:
    # Decimal() also takes spaces, underscores, exponents and other scripts' digits.
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{1,13}(\.[0-9]{1,2})?", value):
        raise ValueError("an amount is written in digits, with two decimals at most, as in 2500.00")
    return value


def _storable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("half of a surrogate pair is no text: send whole characters") from None
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text):
        raise ValueError("control characters are no text: send none but tabs and line ends")
    return text


#: The Bank Secrecy Act is of 1970, and calendars end.
Day = Annotated[date, BeforeValidator(_written_as_day), Field(ge=date(1970, 1, 1), le=date(2199, 12, 31))]
Text = Annotated[str, AfterValidator(_storable), Field(max_length=20_000)]


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


class ByHand(_Body):
    """What an officer found without an alert: FinCEN's `subtype`, US dollars, and the report that it continues."""

    customer: Annotated[Text, Field(min_length=1, max_length=128)]
    subtype: Annotated[str, Field(pattern=r"^[0-9]{3}$")]
    amount: Annotated[Decimal, BeforeValidator(_written_as_amount), Field(gt=0, max_digits=15, decimal_places=2)]
    determined_on: Day | None = None
    continues: Annotated[str, Field(pattern=r"^[0-9]{14}$")] | None = None


class SarOf(_Body):
    """The recommendations of some days, one alert or several, or what an officer found in some days."""

    start_date: Day | None = None
    end_date: Day | None = None
    alert_id: UUID | None = None
    alert_ids: Annotated[list[UUID], Field(min_length=1, max_length=100)] | None = None
    by_hand: ByHand | None = None
    narrative: Text | None = None
    voluntary: bool = False

    @property
    def alerts(self) -> list[str]:
        """The alerts that the report is about; none where it is about some days."""
        one = [self.alert_id] if self.alert_id is not None else []
        return [str(each) for each in (*one, *(self.alert_ids or ()))]

    @model_validator(mode="after")
    def _either(self) -> Self:
        days = (self.start_date, self.end_date)
        if self.alerts and (days != (None, None) or self.by_hand is not None):
            raise ValueError("give start_date and end_date, or alert_id, or alert_ids")
        if not self.alerts and None in days:
            raise ValueError("give start_date and end_date, or alert_id, or alert_ids")
        if self.by_hand is not None and self.narrative is None:
            raise ValueError("a report by hand is told by an officer: give its narrative")
        if not self.alerts and self.by_hand is None and (self.narrative is not None or self.voluntary):
            raise ValueError(
                "a narrative, or a voluntary report, is of one report: give alert_id, alert_ids or by_hand"
            )
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ValueError(f"end_date {self.end_date} is before start_date {self.start_date}: exchange them")
        return self


class Filed(_Body):
    """That a report was filed: the BSA identifier, and the day, today unless given."""

    bsa_id: Text
    on: Day | None = None


class Determined(_Body):
    """That an alert was determined to be suspicious: the day, today unless given."""

    on: Day | None = None


class Reason(_Body):
    """Why nothing is filed; kept in the clear, so it names nobody."""

    reason: Annotated[Text, Field(max_length=2_000)]


class PeriodOf(_Body):
    """The week or the month that ends with a day, today unless given."""

    period: Period
    as_of: Day | None = None


def router(reports: Reports) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix=PATH, tags=["compliance reports"])

    @routes.post("/ctr", status_code=201)
    async def ctr(days: Days, request: Request, response: Response) -> dict[str, Any]:
        """Make the currency transaction reports of some days."""
        return _told(await reports.generate_ctr(days.start_date, days.end_date, actor=_actor(request)), response)

    @routes.post("/sar", status_code=201)
    async def sar(of: SarOf, request: Request, response: Response) -> dict[str, Any]:
        """Draft the reports that were recommended in some days, the one of some alerts, or one by hand."""
        if of.alerts:
            made = await reports.draft_sar(
                *of.alerts, actor=_actor(request), narrative=of.narrative, voluntary=of.voluntary
            )
            return _told(made, response)
        assert of.start_date is not None and of.end_date is not None  # noqa: S101, PT018 - validated
        if of.by_hand is not None:
            hand, minor = of.by_hand, int(of.by_hand.amount * 100)
            told = Suspicion(
                hand.customer, hand.subtype, of.start_date, of.end_date, minor, of.narrative or "", hand.continues
            )
            made = await reports.draft_sar_by_hand(
                told, actor=_actor(request), determined_on=hand.determined_on, voluntary=of.voluntary
            )
        else:
            made = await reports.generate_sar(of.start_date, of.end_date, actor=_actor(request))
        return _told(made, response)

    @routes.post("/summary", status_code=201)
    async def summary(of: PeriodOf, request: Request, response: Response) -> dict[str, Any]:
        """Sum up a week or a month."""
        return _told(await reports.generate_summary(of.period, actor=_actor(request), as_of=of.as_of), response)

    @routes.post("/audit", status_code=201)
    async def audit(days: Days, request: Request, response: Response) -> dict[str, Any]:
        """Report what an examiner asks for."""
        return _told(await reports.generate_audit(days.start_date, days.end_date, actor=_actor(request)), response)

    @routes.get("")
    async def listed(
        kind: Kind | None = None,
        limit: Annotated[int, BeforeValidator(_digits), Query(ge=1, le=500)] = 50,
        offset: Annotated[int, BeforeValidator(_digits), Query(ge=0, le=1_000_000_000)] = 0,
    ) -> dict[str, Any]:
        """List reports, the newest first."""
        found = await reports.list_reports(kind, limit=limit, offset=offset)
        return {"reports": [entry.as_json() for entry in found], "limit": limit, "offset": offset}

    @routes.get("/deadlines")
    async def deadlines(done: bool = False) -> dict[str, Any]:
        """List what is to be filed, the soonest due first; with `done` also what was filed, declined or reviewed."""
        return {"deadlines": [each.as_json() for each in await reports.deadlines(done=done)]}

    @routes.get("/reviews")
    async def reviews() -> dict[str, Any]:
        """List the alerts that an officer is to review, the oldest first."""
        return {"reviews": [each.as_json() for each in await reports.reviews()]}

    @routes.post("/alerts/{alert_id}/filed")
    async def filed(alert_id: UUID, of: Filed, request: Request) -> dict[str, Any]:
        """Record that an alert's report was filed."""
        return (await reports.filed(str(alert_id), bsa_id=of.bsa_id, actor=_actor(request), on=of.on)).as_json()

    @routes.post("/alerts/{alert_id}/declined")
    async def declined(alert_id: UUID, of: Reason, request: Request) -> dict[str, Any]:
        """Record that an officer decided to file nothing for an alert."""
        return (await reports.declined(str(alert_id), reason=of.reason, actor=_actor(request))).as_json()

    @routes.post("/alerts/{alert_id}/determined")
    async def determined(alert_id: UUID, of: Determined, request: Request) -> dict[str, Any]:
        """Record that an officer determined an alert to be suspicious: its 30 days run from then."""
        return (await reports.determined(str(alert_id), actor=_actor(request), on=of.on)).as_json()

    @routes.post("/alerts/{alert_id}/reviewed")
    async def reviewed(alert_id: UUID, of: Reason, request: Request) -> dict[str, Any]:
        """Close a recommended review that found nothing to report."""
        return (await reports.reviewed(str(alert_id), reason=of.reason, actor=_actor(request))).as_json()

    @routes.get("/{report_id}")
    async def one(
        request: Request, report_id: UUID, form: Annotated[Format, Query(alias="format")] = "json"
    ) -> Response:
        """Return a report: as JSON, a page, a PDF, or FinCEN's XML."""
        try:
            report = await reports.get_report(str(report_id), actor=_actor(request))
        except ReportNotFound:
            raise
        except (ReportError, PiiError) as damaged:
            # Not the client's fault: what is stored is not what was stored.
            raise HTTPException(500, str(damaged)) from None
        # Drawing pages takes a while, and others wait for this loop.
        content = await asyncio.to_thread(render, report, form)
        name = f"{report.kind}-{report.period_start}-{report.period_end}.{form}"
        where = "inline" if form in {"json", "html"} else "attachment"
        headers = {"Content-Disposition": f'{where}; filename="{name}"'}
        return Response(content, media_type=MEDIA_TYPES[form], headers=headers)

    return routes


def _actor(request: Request) -> str:
    """Return whom the audit trail is to name, as `access` found."""
    return cast(str, request.state.actor)


def _told(report: StoredReport, response: Response) -> dict[str, Any]:
    response.headers["Location"] = f"{PATH}/{report.report_id}"
    return report.as_json()
