"""Deadlines: which reports are due to FinCEN, and what became of them.

A currency transaction report is due 15 days after its day (31 CFR 1010.306(a)(1)), a suspicious activity report 30 days
after the detection (31 CFR 1022.320(b)(3)); the alert carries the day. An alert that was withdrawn is no longer due.
One that changed after its report was filed is due again: a currency transaction report to be amended, a suspicious
activity report to be continued, within 120 days of the last one (FinCEN's questions and answers of October 2025).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, LiteralString, NamedTuple, Self

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.sql import SQL

from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.domain.business_day import Zone
from lakay_streams.domain.compliance.alert import FILE_CTR, OPEN, SAR, SAR_DUE_DAYS
from lakay_streams.errors import ReportError, ReportNotFound
from lakay_streams.reports.periods import day_of

FilingKind = Literal["ctr", "sar"]
Status = Literal["open", "drafted", "filed", "declined", "revised"]

BSA_ID_DIGITS = 14
"""Digits of the BSA identifier that BSA E-Filing acknowledges a report with."""

CONTINUED_DAYS = 120

COLUMNS: LiteralString = """
    alerts.alert_id, alert_type, filings.kind AS filing_kind, due, filings.status AS filing_status,
    filings.revision AS filing_revision, report_id, bsa_id, filed_on, reason, changed_by
"""
"""What a row of `alerts LEFT JOIN filings` must have for `Filing.of`."""

_WRITE: LiteralString = """
    INSERT INTO filings (alert_id, kind, due, status, revision, report_id, bsa_id, filed_on, reason, changed_by)
    VALUES (%(alert_id)s, %(kind)s, %(due)s, %(status)s, %(revision)s, %(report_id)s, %(bsa_id)s, %(filed_on)s,
            %(reason)s, %(changed_by)s)
    ON CONFLICT (alert_id) DO UPDATE SET
        due = excluded.due, status = excluded.status, revision = excluded.revision, report_id = excluded.report_id,
        bsa_id = excluded.bsa_id, filed_on = excluded.filed_on, reason = excluded.reason,
        changed_by = excluded.changed_by, changed_at = clock_timestamp()
"""


class Filing(NamedTuple):
    """What was done about one alert; `revision` is the alert's that it is about."""

    kind: FilingKind
    due: date
    status: Literal["drafted", "filed", "declined"]
    revision: int
    report_id: str | None
    bsa_id: str | None
    filed_on: date | None
    reason: str | None
    changed_by: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self | None:
        """Return what a row with `COLUMNS` tells; None where nothing was done."""
        if row["filing_status"] is None:
            return None
        return cls(
            row["filing_kind"],
            row["due"],
            row["filing_status"],
            row["filing_revision"],
            None if row["report_id"] is None else str(row["report_id"]),
            row["bsa_id"],
            row["filed_on"],
            row["reason"],
            row["changed_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """One alert that is, or was, to be reported. Days are ISO 8601.

    `status` is revised when the alert has changed since its report was filed or declined. `days_left` is negative where
    overdue. Nothing personal is in it; that a suspicious activity report is due is confidential.
    """

    alert_id: str
    kind: FilingKind
    rule: str
    due: str
    days_left: int
    status: Status
    revision: int
    overdue: bool
    report_id: str | None = None
    bsa_id: str | None = None
    filed_on: str | None = None
    reason: str | None = None
    changed_by: str | None = None

    @property
    def pending(self) -> bool:
        """Whether something is yet to be filed."""
        return self.status in {"open", "drafted", "revised"}

    def as_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {name: getattr(self, name) for name in self.__slots__}


class Ground(NamedTuple):
    """What an alert says about its own report: which, until when, and in which revision."""

    alert_id: str
    rule: str
    kind: FilingKind | None
    due: date
    revision: int
    withdrawn: bool


def status_of(filing: Filing | None, revision: int, *, withdrawn: bool) -> Status:
    """Return what became of an alert that is at `revision` now."""
    if filing is None:
        return "open"
    if filing.status != "drafted" and revision > filing.revision and not withdrawn:
        return "revised"
    return filing.status


async def deadlines(connection: AsyncConnection[Any], today: date, zone: Zone) -> list[Deadline]:
    """Return every alert that is or was to be reported, the soonest due first; withdrawn ones only if filed."""
    rows = await _rows(connection, "(body ->> 'recommendation' = ANY(%(to_file)s) OR filings.status IS NOT NULL)", {})
    found = []
    for row in rows:
        ground, filing = _ground(row, zone), Filing.of(row)
        if ground.withdrawn and (filing is None or filing.status == "drafted"):
            continue
        if filing is not None or ground.kind is not None:
            found.append(_deadline(ground, filing, today))
    return sorted(found, key=lambda each: (each.due, each.kind, each.alert_id))


async def the_deadline(
    connection: AsyncConnection[Any], alert_id: str, today: date, zone: Zone
) -> tuple[Ground, Filing | None, Deadline]:
    """Return one alert's; raises `ReportNotFound`, and `ReportError` for an alert with nothing to file."""
    ground, filing = await known(connection, alert_id, zone)
    if filing is None and (ground.kind is None or ground.withdrawn):
        why = "was withdrawn" if ground.withdrawn else "asks for no report, and none was drafted"
        raise ReportError(f"Alert {alert_id} {why}: see `lakay report deadlines` for those that do.")
    return ground, filing, _deadline(ground, filing, today)


async def known(connection: AsyncConnection[Any], alert_id: str, zone: Zone) -> tuple[Ground, Filing | None]:
    """Return what an alert says and what was done about it; raises `ReportNotFound`."""
    rows = await _rows(connection, "alerts.alert_id = %(alert_id)s::uuid", {"alert_id": alert_id})
    if not rows:
        raise ReportNotFound(f"There is no compliance alert {alert_id}: see `lakay report deadlines`.")
    return _ground(rows[0], zone), Filing.of(rows[0])


async def write(connection: AsyncConnection[Any], alert_id: str, filing: Filing) -> None:
    """Keep what was done about an alert, in the place of what was done before."""
    await connection.execute(_WRITE, {"alert_id": alert_id, **filing._asdict()})


def _deadline(ground: Ground, filing: Filing | None, today: date) -> Deadline:
    status = status_of(filing, ground.revision, withdrawn=ground.withdrawn)
    kind = filing.kind if filing is not None else ground.kind
    assert kind is not None, "nothing is due"  # noqa: S101 - asked before
    due = ground.due if filing is None or status == "revised" else filing.due
    if status == "revised" and kind == "sar" and filing is not None and filing.filed_on is not None:
        due = filing.filed_on + timedelta(days=CONTINUED_DAYS)
    left = (due - today).days
    filed_on = None if filing is None or filing.filed_on is None else filing.filed_on.isoformat()
    return Deadline(
        alert_id=ground.alert_id,
        kind=kind,
        rule=ground.rule,
        due=due.isoformat(),
        days_left=left,
        status=status,
        revision=ground.revision,
        overdue=left < 0 and status in {"open", "drafted", "revised"},
        report_id=filing and filing.report_id,
        bsa_id=filing and filing.bsa_id,
        filed_on=filed_on,
        reason=filing and filing.reason,
        changed_by=filing and filing.changed_by,
    )


async def _rows(
    connection: AsyncConnection[Any], which: LiteralString, wanted: Mapping[str, str]
) -> list[dict[str, Any]]:
    query = SQL("SELECT {}, body FROM alerts LEFT JOIN filings USING (alert_id) WHERE alerts.kind = 'compliance' AND ")
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(query.format(SQL(COLUMNS)) + SQL(which), {"to_file": [FILE_CTR, SAR], **wanted})
    return await cursor.fetchall()


def _ground(row: Mapping[str, Any], zone: Zone) -> Ground:
    body = row["body"]
    kinds: dict[str, FilingKind] = {FILE_CTR: "ctr", SAR: "sar"}
    due = body.get("due_date")
    # What an officer reports without a recommendation is due like what is recommended.
    detected = day_of(to_millis(body["detected_at"]), zone)
    return Ground(
        str(row["alert_id"]),
        row["alert_type"],
        kinds.get(body["recommendation"]),
        date.fromisoformat(due) if due else detected + timedelta(days=SAR_DUE_DAYS),
        body["revision"],
        body["status"] != OPEN,
    )
