"""What officers decide: that it is suspicious, that a report was filed, that none will be, that a review is closed.

Each is checked against how the alert stands, written, and put into the audit trail with who decided, in the
connection's transaction. The caller holds the trail's lock, so that of two officers the second sees what the first did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from psycopg import AsyncConnection

from lakay_streams.db import audit
from lakay_streams.db.digests import Digests
from lakay_streams.domain.business_day import Zone
from lakay_streams.domain.compliance.alert import SAR_DUE_DAYS
from lakay_streams.errors import ReportError
from lakay_streams.pii.sealing import Vault
from lakay_streams.reports import filings, store
from lakay_streams.reports.filings import BSA_ID_DIGITS, Standing
from lakay_streams.reports.fincen.values import cleaned
from lakay_streams.reports.obligations import Deadline, Filing, Need, Submission, deadlines_of, needed, review_of
from lakay_streams.reports.suspicion import ACTIVITIES


class Decisions:
    """Writes an officer's decisions in one transaction."""

    def __init__(
        self,
        connection: AsyncConnection[Any],
        vault: Vault,
        digests: Digests,
        zone: Zone,
        today: date,
        actor: str,
    ) -> None:
        """Decide as `actor` on the business day `today`."""
        self._connection = connection
        self._vault = vault
        self._digests = digests
        self._zone = zone
        self._today = today
        self._actor = actor

    async def filed(self, alert_id: str, bsa_id: str, on: date) -> Deadline:
        """Record that FinCEN acknowledged the report of an alert, and of the others that went into it."""
        if not (bsa_id.isascii() and bsa_id.isdigit() and len(bsa_id) == BSA_ID_DIGITS):
            raise ReportError(
                f"{bsa_id!r} is no BSA identifier: give the {BSA_ID_DIGITS} digits that BSA E-Filing acknowledged the "
                "report with."
            )
        self._refuse_to_come(on, "filed")
        standing = await self._standing(alert_id)
        need = self._needed(standing)
        other = (await filings.submitted(self._connection)).named(bsa_id)
        # One report on suspicious activity may have been made of several alerts elsewhere than here.
        if other and ((need.kind, on) != ("sar", other[0].filed_on) or alert_id in {each.alert_id for each in other}):
            raise ReportError(
                f"{bsa_id} is the BSA identifier of the report of alert {other[0].alert_id}, filed on "
                f"{other[0].filed_on}: give the one that this report was acknowledged with."
            )
        entry = await self._drafted(standing)
        for each in (entry or {}).get("alerts", [alert_id]):
            one = standing if each == alert_id else await self._with_draft(each, standing)
            await self._submit(one, self._needed(one) if each != alert_id else need, entry, bsa_id, on)
        after = await self._standing(alert_id)
        return next(each for each in self._deadlines(after) if each.bsa_id == bsa_id)

    async def declined(self, alert_id: str, reason: str) -> Deadline:
        """Record that nothing will be filed, and why."""
        reason = _given(reason, "A report is declined for a reason: give one, which an examiner will read.")
        standing = await self._standing(alert_id)
        need = self._needed(standing)
        before = standing.filing
        drafted = before is not None and before.status == "drafted"
        revision = before.revision if before is not None and drafted else standing.ground.revision
        await self._decide(standing, need, "declined", revision, reason)
        return self._deadlines(await self._standing(alert_id))[-1]

    async def reviewed(self, alert_id: str, reason: str) -> Deadline:
        """Record that a recommended review was held and found nothing to report, and why."""
        reason = _given(reason, "A review is closed with a reason: give one, which an examiner will read.")
        standing = await self._standing(alert_id)
        if review_of(standing.ground, standing.filing, standing.chain, self._today) is None:
            raise ReportError(
                f"Alert {alert_id} has no review to be closed: see `lakay report reviews` for those that do, and "
                "decline a report that is due."
            )
        need = Need("sar", "initial", None, None, "")
        await self._decide(standing, need, "reviewed", standing.ground.revision, reason)
        return self._deadlines(await self._standing(alert_id))[-1]

    async def determined(self, alert_id: str, on: date) -> Deadline:
        """Record the day on which an officer determined that it is suspicious: its report is due 30 days after."""
        self._refuse_to_come(on, "determined")
        standing = await self._standing(alert_id)
        ground, before = standing.ground, standing.filing
        if ground.kind == "ctr":
            raise ReportError(
                f"Alert {alert_id} asks for a currency transaction report, whose 15 days run from its business day (31 "
                "CFR 1010.306(a)(1)): nothing is to be determined."
            )
        if ground.rule not in ACTIVITIES and ground.rule != filings.BY_HAND:
            raise ReportError(
                f"Alert {alert_id} of the rule {ground.rule} is no ground for a suspicious activity report by itself: "
                "make one by hand with `lakay report sar --customer`."
            )
        if on < ground.since:
            raise ReportError(f"{on} is before the first movement of alert {alert_id} on {ground.since}: correct it.")
        if before is not None and before.determined_on is not None and before.status in {"determined", "drafted"}:
            if on > before.determined_on:
                raise ReportError(
                    f"Alert {alert_id} was determined to be suspicious on {before.determined_on} by "
                    f"{before.determined_by}: a later day would move its deadline."
                )
        elif before is not None and before.status == "filed" and not any(e.pending for e in self._deadlines(standing)):
            raise ReportError(f"Alert {alert_id} is filed already, and nothing new is to be reported of it.")
        drafted = before is not None and before.status == "drafted"
        made = Filing(
            "sar",
            None,
            "drafted" if drafted else "determined",
            before.revision if before is not None and drafted else ground.revision,
            before.report_id if before is not None and drafted else None,
            None,
            self._actor,
            on,
            self._actor,
            drafted and before is not None and before.voluntary,
            before is not None and before.by_hand,
            before.prior_bsa_id if before is not None else None,
            before.form if before is not None and drafted else None,
        )
        made = made._replace(due=self._due(standing, made, on))
        details = {"on": on.isoformat(), "due": made.due and made.due.isoformat(), "revision": made.revision}
        await self._write(alert_id, made, "report_determined", details)
        return self._deadlines(await self._standing(alert_id))[-1]

    def _due(self, standing: Standing, made: Filing, on: date) -> date | None:
        if made.by_hand:
            return None if made.voluntary else on + timedelta(days=SAR_DUE_DAYS)
        need = needed(standing.ground, made, standing.chain)
        return None if need is None else need.due

    async def _submit(
        self, standing: Standing, need: Need, entry: Mapping[str, Any] | None, bsa_id: str, on: date
    ) -> None:
        """Keep one alert's part of a report: what its draft says, or what the alert does."""
        ground, before = standing.ground, standing.filing
        prior = next((each for each in standing.chain if each.bsa_id == need.prior), None)
        earliest = max(ground.since, prior.filed_on) if prior is not None else ground.since
        if on < earliest:
            raise ReportError(
                f"{on} is before {earliest}, the day of "
                f"{'the report that this one follows' if prior else 'its first movement'}: give the day on which the "
                "report was filed."
            )
        if entry is not None and on.isoformat() < (last := entry.get("to", "")):
            raise ReportError(
                f"{on} is before {last}, the last day that its draft is about: give the day on which it was filed, or "
                "draft the report again as it was."
            )
        then = ground
        if entry is None and on < self._today and not (before is not None and before.by_hand):
            # What came after that day was in no report of it.
            then = await filings.as_of(self._connection, ground.alert_id, on, self._zone) or ground
        about = {name: minor for name, minor in then.movements.items() if name in (need.movements or then.movements)}
        if need.movements and not about:
            raise ReportError(
                f"{on} is before what is to be reported of alert {ground.alert_id} was known: give the day on which "
                "the report was filed."
            )
        submission = Submission(
            bsa_id,
            ground.alert_id,
            need.kind,
            need.form,
            need.prior,
            on,
            need.due,
            need.counted_from,
            then.revision,
            entry["report_id"] if entry is not None else None,
            then.amount_minor if need.movements is None else sum(each or 0 for each in about.values()),
            about,
            self._actor,
        )
        if entry is not None:
            submission = _as_drafted(submission, entry)
        rows = await filings.submit(self._connection, self._digests, submission)
        determined = (before.determined_on, before.determined_by) if before is not None else (None, None)
        made = Filing(
            need.kind,
            need.due,
            "filed",
            submission.revision,
            submission.report_id,
            None,
            self._actor,
            *determined,
            before is not None and before.voluntary,
            before is not None and before.by_hand,
            form=submission.form,
        )
        told = {name: _plain(value) for name, value in submission._asdict().items()}
        details = {
            name: told[name] for name in ("kind", "form", "prior_bsa_id", "due", "revision", "bsa_id", "filed_on")
        }
        await self._write(ground.alert_id, made, "report_filed", details, rows)

    async def _decide(self, standing: Standing, need: Need, status: Any, revision: int, reason: str) -> None:
        before = standing.filing
        made = Filing(
            need.kind,
            need.due,
            status,
            revision,
            before.report_id if before is not None else None,
            reason,
            self._actor,
            before.determined_on if before is not None else None,
            before.determined_by if before is not None else None,
            by_hand=before is not None and before.by_hand,
            prior_bsa_id=before.prior_bsa_id if before is not None else None,
            form=need.form,
        )
        details = {"kind": made.kind, "due": made.due and made.due.isoformat(), "revision": revision}
        await self._write(standing.ground.alert_id, made, f"report_{status}", details)

    async def _with_draft(self, alert_id: str, of: Standing) -> Standing:
        """Return how another alert of the draft of `of` stands; raises `ReportError` if it has gone from that draft."""
        other = await self._standing(alert_id)
        mine, its = of.filing, other.filing
        if mine is None or its is None or (its.status, its.report_id) != ("drafted", mine.report_id):
            done = "drafted again" if its is None or its.status == "drafted" else its.status
            raise ReportError(
                f"The draft of alert {of.ground.alert_id} is about alert {alert_id}, too, which was {done} since: "
                "draft the report again as it was filed."
            )
        return other

    async def _drafted(self, standing: Standing) -> Mapping[str, Any] | None:
        """Return what the draft that is filed says of the alert; None where it was filed without one."""
        filing = standing.filing
        if filing is None or filing.status != "drafted" or filing.report_id is None:
            return None
        report = await store.opened(self._connection, self._vault, filing.report_id)
        entries: Sequence[Mapping[str, Any]] = report.document["reports"]
        entry = next(each for each in entries if standing.ground.alert_id in each.get("alerts", [each["alert_id"]]))
        return {**entry, "report_id": filing.report_id}

    def _needed(self, standing: Standing) -> Need:
        """Return what is yet to be filed; raises `ReportError` where nothing is."""
        ground, filing, chain = standing
        drafted = filing is not None and filing.status == "drafted"
        # What was drafted may have been filed before the alert was withdrawn.
        need = needed(ground._replace(withdrawn=False) if drafted else ground, filing, chain)
        if need is not None:
            return need
        if filing is not None and filing.status != "drafted":
            raise ReportError(
                f"Alert {ground.alert_id} is {filing.status} already, by {filing.changed_by}: nothing was changed."
            )
        why = "was withdrawn" if ground.withdrawn else "asks for no report, and none was drafted"
        raise ReportError(f"Alert {ground.alert_id} {why}: see `lakay report deadlines` for those that do.")

    def _deadlines(self, standing: Standing) -> list[Deadline]:
        return deadlines_of(*standing, self._today)

    async def _standing(self, alert_id: str) -> Standing:
        return await filings.the_standing(self._connection, alert_id, self._zone)

    async def _write(
        self,
        alert_id: str,
        made: Filing,
        action: str,
        details: Mapping[str, Any],
        rows: Mapping[str, str] | None = None,
    ) -> None:
        """Keep what is done about an alert, and tell the trail of it, and of the other `rows` that were written."""
        rows = {**(rows or {}), **await filings.write(self._connection, self._digests, alert_id, made)}
        await audit.append(
            self._connection, action, actor=self._actor, subject=alert_id, details={**details, "rows": rows}
        )

    def _refuse_to_come(self, on: date, what: str) -> None:
        if on > self._today:
            raise ReportError(f"{on} is to come: give the day on which the report was {what}.")


def _as_drafted(submission: Submission, entry: Mapping[str, Any]) -> Submission:
    """Return the submission with what its draft told FinCEN, whatever the alert has become since."""
    alert_id = submission.alert_id
    if "reported" not in entry:
        told = {each["movement_id"]: each["usd_minor"] for each in entry["movements"]}
        return submission._replace(revision=entry["revision"], movements=told)
    return submission._replace(
        form=entry["form"] or submission.form,
        prior_bsa_id=entry["prior_bsa_id"],
        revision=entry["revisions"].get(alert_id, 1),
        amount_minor=entry["amount"]["minor"],
        movements=entry["reported"].get(alert_id, {}),
    )


def _given(reason: str, otherwise: str) -> str:
    # PostgreSQL takes no NUL, and the trail no half of a surrogate.
    if not (given := cleaned(reason)):
        raise ReportError(otherwise)
    return given


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
