"""A report in the formats that it has: JSON for programs, HTML and PDF for people, XML for FinCEN."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from lakay_streams.errors import ReportError
from lakay_streams.reports.layout import sheet_of
from lakay_streams.reports.pages import html_of
from lakay_streams.reports.paper import pdf_of
from lakay_streams.reports.records import Format, StoredReport


def render(report: StoredReport, form: Format) -> bytes:
    """Return a report in one of its formats.

    Raises `ReportError` for one that it does not have.
    """
    if form not in report.formats:
        raise ReportError(
            f"Report {report.report_id} has no {form}, since nothing of it is to be filed: "
            f"choose one of {', '.join(report.formats)}."
        )
    return _RENDERED[form](report)


def _json_of(report: StoredReport) -> bytes:
    return json.dumps(report.as_json(), indent=2, ensure_ascii=False).encode() + b"\n"


def _xml_of(report: StoredReport) -> bytes:
    return (report.xml or "").encode()


_RENDERED: Mapping[Format, Callable[[StoredReport], bytes]] = {
    "json": _json_of,
    "html": lambda report: html_of(sheet_of(report)),
    "pdf": lambda report: pdf_of(sheet_of(report)),
    "xml": _xml_of,
}
