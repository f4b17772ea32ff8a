"""Every kind is readable as JSON, HTML and PDF; what a customer calls himself is never markup."""

from __future__ import annotations

import json
from datetime import date

import pytest

from lakay_streams.errors import ReportError
from lakay_streams.reports.records import Format, StoredReport
from lakay_streams.reports.rendering import render
from tests.reports.office import OFFICER, SPLIT, Office, parsed

DAYS = (date(2026, 3, 1), date(2026, 3, 31))
SCRIPT = "<script>alert('1')</script>"


async def each_kind(office: Office, user_id: str = "user-7731") -> list[StoredReport]:
    await office.learns(user_id, SPLIT)
    reports = office.reports
    return [
        await reports.generate_ctr(*DAYS, actor=OFFICER),
        await reports.generate_sar(*DAYS, actor=OFFICER),
        await reports.generate_summary("monthly", actor=OFFICER),
        await reports.generate_audit(*DAYS, actor=OFFICER),
    ]


async def test_every_format_of_every_kind_can_be_opened(office: Office) -> None:
    for report in await each_kind(office):
        assert render(report, "pdf").startswith(b"%PDF-")
        page = render(report, "html").decode()
        assert page.count("<h2>") >= 2
        assert report.sha256 in page
        assert "http" not in page, "a page needs nothing else"
        assert json.loads(render(report, "json"))["document"] == report.document
        if report.kind in {"ctr", "sar"}:
            assert parsed(render(report, "xml").decode())[0].text == f"{report.kind.upper()}X"
            assert "user-7731" in page
            assert "movement-1" in page


async def test_a_report_has_the_same_bytes_each_time(office: Office) -> None:
    formats: tuple[Format, ...] = ("json", "html", "pdf", "xml")
    report = (await each_kind(office))[1]
    assert all(render(report, form) == render(report, form) for form in formats)


async def test_an_id_is_never_markup(office: Office) -> None:
    for report in await each_kind(office, SCRIPT):
        assert b"<script" not in render(report, "html")
        if report.xml is not None:
            assert parsed(report.xml) is not None


async def test_characters_that_a_pdf_font_lacks_do_not_stop_it(office: Office) -> None:
    for report in await each_kind(office, "Nguyễn-Thị-Ánh"):
        assert render(report, "pdf").startswith(b"%PDF-")


async def test_a_summary_has_no_batch(office: Office) -> None:
    with pytest.raises(ReportError, match="has no xml"):
        render((await each_kind(office))[2], "xml")
