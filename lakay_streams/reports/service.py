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
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from lakay_streams.db import audit
from lakay_streams.db.digests import Digests
from lakay_streams.db.pool import Database
from lakay_streams.domain.business_day import ZONES
from lakay_streams.domain.compliance.alert import SAR_DUE_DAYS
from lakay_streams.errors import ReportError, ReportNotFound
from lakay_streams.pii.keys import encryption_keys, token_keys
from lakay_streams.pii.sealing import Vault
from lakay_streams.pii.tokens import Tokens
from lakay_streams.reports import ctr, filings, readiness, sar, store, summary
from lakay_streams.reports.batch import validated
from lakay_streams.reports.cases import Cases
from lakay_streams.reports.decisions import Decisions
from lakay_streams.reports.obligations import CONTINUED_DAYS, Deadline, Filing, Ground, Need, needed
from lakay_streams.reports.periods import Span, day_of, ending, span
from lakay_streams.reports.records import Kind, Period, ReportEntry, StoredReport, Validation
from lakay_streams.reports.rendering import render
from lakay_streams.reports.suspicion import Draft, Suspicion, by_hand, drafted, refuse_unfit
from lakay_streams.settings import Settings

__all__ = ["Deadline", "ReportEntry", "Reports", "StoredReport", "Suspicion", "render"]


class _Drafted(NamedTuple):
    """What was done about an alert when its draft was made, and what is to be noted now."""

    before: Filing | None
    made: Filing


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
        self._tokens = Tokens(token_keys(settings))
        self._digests = Digests.of(settings)
        self._database = database
        self._now = now

    @property
    def today(self) -> date:
        """The business day of now."""
        return day_of(self._now(), self._zone)

    async def generate_ctr(self, start: date, end: date, *, actor: str) -> StoredReport:
        """Report the currency of every customer and business day of the period that is above the threshold.

        Source: 31 CFR 1010.311, 1010.313. Raises `ReportError` for a period that ends before it starts, and for a batch
        that FinCEN's schema refuses; `DatabaseError`. What cannot be read is told in the document, which is then not
        `complete`.
        """
        period = span(start, end, self._zone)
        async with self._cases(period) as reader:
            found = await reader.currency()
        # Beside the event loop: a month's batch is built and validated for seconds.
        xml = await asyncio.to_thread(ctr.batch, found.cases, self._filer, self.today)
        document = ctr.document(found.cases, self._filer)
        unread = _unread(found.unreadable)
        document["complete"] = not unread
        document["notes"] = [*(["INCOMPLETE: " + " ".join(unread)] if unread else []), *document["notes"]]
        document["notes"] += [
            f"Alert {alert_id} was withdrawn after its report was filed: correct that report in BSA E-Filing, or "
            "decline to with a reason."
            for alert_id in found.withdrawn
        ]
        drafts = [(case.alert.alert_id, _drafted(case.ground, case.filing, case.need)) for case in found.cases]
        return await self._kept_with_drafts("ctr", period, document, xml, drafts, actor)

    async def generate_sar(self, start: date, end: date, *, actor: str) -> StoredReport:
        """Draft the suspicious activity reports that are recommended and were detected, or changed, in the period.

        Source: 31 CFR 1022.320. Raises as `generate_ctr`. An alert that no report can be made of is told in the
        document, and keeps nobody else's from being made.
        """
        period = span(start, end, self._zone)
        async with self._cases(period) as reader:
            found = await reader.suspicious()
        drafts, left_out = [], _unread(found.unreadable)
        for case in found.cases:
            try:
                drafts.append(drafted([case], self._zone))
            except ReportError as refused:
                left_out.append(str(refused))
        return await self._sar(period, drafts, actor, left_out)

    async def draft_sar(
        self, *alert_ids: str, actor: str, narrative: str | None = None, voluntary: bool = False
    ) -> StoredReport:
        """Draft one suspicious activity report of one alert or several; `narrative` is an officer's text in its place.

        A `voluntary` one is of less than 2,000 US dollars and has no deadline (31 CFR 1022.320(a)(1)). Raises
        `ReportNotFound`, `ReportError` for an alert that is no ground for one, and as `generate_ctr`.
        """
        wanted = dict.fromkeys(_uuid(alert_id, "compliance alert") for alert_id in alert_ids)
        async with self._cases(span(self.today, self.today, self._zone)) as reader:
            found = [await reader.the(alert_id) for alert_id in wanted]
        made = drafted(found, self._zone, narrative, voluntary=voluntary)
        return await self._sar(span(made.first, made.last, self._zone), [made], actor, voluntary=voluntary)

    async def draft_sar_by_hand(
        self, told: Suspicion, *, actor: str, determined_on: date | None = None, voluntary: bool = False
    ) -> StoredReport:
        """Draft the suspicious activity report of what an officer found without an alert.

        Its 30 days run from the day on which the officer determined it, today unless given. Told again with the same
        customer, kind and first day, it takes the draft's place; once filed, it corrects what was filed. Raises
        `ReportError` as `draft_sar` does.
        """
        refuse_unfit(told)
        day = determined_on or self.today
        if max(day, told.last) > self.today:
            raise ReportError(f"{max(day, told.last)} is to come: correct it.")
        async with self._snapshot() as connection:
            known = await filings.submitted(connection)
        prior = known.named(told.continues) if told.continues else []
        if told.continues and not prior:
            raise ReportError(f"No report was filed as {told.continues!r}: record it first with `lakay report filed`.")
        due = day + timedelta(days=SAR_DUE_DAYS)
        if prior:
            due = max(due, prior[-1].filed_on + timedelta(days=CONTINUED_DAYS))
        filing = Filing(
            "sar",
            None if voluntary else due,
            "drafted",
            1,
            None,
            None,
            actor,
            day,
            actor,
            voluntary,
            True,
            told.continues,
        )
        ground = filings.by_hand(told.case_id, filing)
        chain = known.of(ground, ()) or (known.of_report(prior[-1].bsa_id) if prior else [])
        need = needed(ground, filing, chain)
        assert need is not None  # noqa: S101 - it is drafted
        made, filing = by_hand(told, need, chain), filing._replace(form=need.form)
        return await self._sar(span(told.first, told.last, self._zone), [made], actor, by_hand=filing)

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
        """Return what is to be filed, soonest first; with `done` also what was filed, declined or reviewed."""
        async with self._database.connection() as connection:
            found = await filings.deadlines(connection, self.today, self._zone)
        return tuple(each for each in found if done or each.pending)

    async def reviews(self) -> tuple[Deadline, ...]:
        """Return the reviews that alerts recommend and that nobody has closed, the oldest first."""
        async with self._database.connection() as connection:
            return tuple(await filings.reviews(connection, self.today, self._zone))

    async def filed(self, alert_id: str, *, bsa_id: str, actor: str, on: date | None = None) -> Deadline:
        """Record that an alert's report was filed under a BSA identifier, on a day (today unless given).

        So it is for every alert that went into the same report. Raises `ReportNotFound`, `ReportError` for an
        identifier that is none or another report's, for a day that cannot be, and for an alert with nothing to file.
        """
        wanted = _uuid(alert_id, "compliance alert")
        async with self._decisions(actor) as decisions:
            return await decisions.filed(wanted, bsa_id, on or self.today)

    async def declined(self, alert_id: str, *, reason: str, actor: str) -> Deadline:
        """Record that an officer decided to file nothing, and why. Raises as `filed`."""
        wanted = _uuid(alert_id, "compliance alert")
        async with self._decisions(actor) as decisions:
            return await decisions.declined(wanted, reason)

    async def reviewed(self, alert_id: str, *, reason: str, actor: str) -> Deadline:
        """Record that a recommended review found nothing to report, and why. Raises as `filed`."""
        wanted = _uuid(alert_id, "compliance alert")
        async with self._decisions(actor) as decisions:
            return await decisions.reviewed(wanted, reason)

    async def determined(self, alert_id: str, *, actor: str, on: date | None = None) -> Deadline:
        """Record that an officer determined an alert to be suspicious, on a day (today unless given): 30 days run.

        Source: 31 CFR 1022.320(b)(3). Raises as `filed`.
        """
        wanted = _uuid(alert_id, "compliance alert")
        async with self._decisions(actor) as decisions:
            return await decisions.determined(wanted, on or self.today)

    async def _sar(
        self,
        period: Span,
        drafts: Sequence[Draft],
        actor: str,
        left_out: Sequence[str] = (),
        *,
        voluntary: bool = False,
        by_hand: Filing | None = None,
    ) -> StoredReport:
        xml = await asyncio.to_thread(sar.batch, drafts, self._filer, self._zone, self.today)
        document = sar.document(drafts, self._filer, self._zone, left_out)
        noted: list[tuple[str, _Drafted | None]] = []
        for each in drafts:
            noted += [
                (case.alert.alert_id, _drafted(case.ground, case.filing, case.need, voluntary=voluntary))
                for case in each.cases
            ]
            if by_hand is not None:
                noted.append((each.ids[0], _Drafted(by_hand, by_hand)))
        return await self._kept_with_drafts("sar", period, document, xml, noted, actor)

    async def _kept_with_drafts(
        self,
        kind: Literal["ctr", "sar"],
        period: Span,
        document: dict[str, Any],
        xml: str | None,
        drafts: Sequence[tuple[str, _Drafted | None]],
        actor: str,
    ) -> StoredReport:
        """Store a report that is to be filed, and note that a draft of each of its alerts exists."""
        validation = validated(xml, kind, self._filer)
        to_file = [(alert_id, each) for alert_id, each in drafts if each is not None]
        async with self._database.connection() as connection:
            # Before the filings: so that nobody files meanwhile what is then noted as a draft.
            await audit.lock(connection)
            alert_ids = tuple(alert_id for alert_id, _ in to_file)
            stored = await self._store(connection, kind, period, document, actor, xml, validation, alert_ids)
            rows: dict[str, str] = {}
            for alert_id, each in to_file:
                now = await filings.filing(connection, alert_id)
                made = each.made._replace(report_id=stored.report_id, changed_by=actor)
                if now is not None and now != each.before and not now.by_hand:
                    if now.status not in {"drafted", "determined"}:
                        continue  # somebody filed or declined it meanwhile
                    made = made._replace(determined_on=now.determined_on, determined_by=now.determined_by)
                rows |= await filings.write(connection, self._digests, alert_id, made)
            if rows:
                await audit.append(
                    connection, "report_drafted", actor=actor, subject=stored.report_id, details={"rows": rows}
                )
        return stored

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
        alert_ids: tuple[str, ...],
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
            alerts=alert_ids,
        )

    @asynccontextmanager
    async def _decisions(self, actor: str) -> AsyncIterator[Decisions]:
        """Lend what decides, in a transaction in which nobody else does."""
        async with self._database.connection() as connection:
            await audit.lock(connection)
            yield Decisions(connection, self._vault, self._digests, self._zone, self.today, actor)

    @asynccontextmanager
    async def _cases(self, period: Span) -> AsyncIterator[Cases]:
        async with self._snapshot() as connection:
            yield Cases(connection, self._vault, self._tokens, period)

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[AsyncConnection[Any]]:
        """Lend a connection that sees one moment, and writes nothing."""
        async with self._database.connection() as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection


def _drafted(ground: Ground, before: Filing | None, need: Need | None, *, voluntary: bool = False) -> _Drafted | None:
    """Return what to note of a draft; None where nothing is to be filed."""
    if need is None:
        return None
    standing = before is not None and before.status in {"determined", "drafted"}
    determined = (before.determined_on, before.determined_by) if before is not None and standing else (None, None)
    due = None if voluntary else need.due
    made = Filing(need.kind, due, "drafted", ground.revision, None, None, "", *determined, voluntary, form=need.form)
    return _Drafted(before, made)


def _unread(alert_ids: Sequence[str]) -> list[str]:
    return [f"Alert {alert_id} is no compliance alert of this version and is left out." for alert_id in alert_ids]


def _uuid(text: str, what: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ReportNotFound(f"There is no {what} {text!r}: an id is a UUID, as `lakay report` lists them.") from None
