"""What was filed with FinCEN, what is being done, and what is due: read from and written to PostgreSQL.

`obligations` says what follows from it. `filings` has one row for each alert, with what is done about it now;
`submissions` one for each alert behind each report that FinCEN acknowledged, which never changes: an amended report
keeps the day and the BSA identifier of the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date, timedelta
from typing import Any, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from lakay_streams.contracts.timestamps import to_millis
from lakay_streams.db.digests import Digests
from lakay_streams.domain.business_day import Zone
from lakay_streams.domain.compliance.alert import CTR_DUE_DAYS, FILE_CTR, OPEN, REVIEW, SAR, SAR_DUE_DAYS
from lakay_streams.domain.compliance.rules.structuring import NAME as STRUCTURING
from lakay_streams.errors import ReportNotFound
from lakay_streams.reports.obligations import (
    Deadline,
    Filing,
    FilingKind,
    Ground,
    Submission,
    deadlines_of,
    review_of,
)
from lakay_streams.reports.periods import day_of, span
from lakay_streams.reports.verifying import FILINGS, SUBMISSIONS, Table

BSA_ID_DIGITS = 14
"""Digits of the BSA identifier that BSA E-Filing acknowledges a report with."""

BY_HAND = "by_hand"
"""In the place of a rule, where an officer reports what none found."""

COLUMNS: LiteralString = """
    alerts.alert_id, alert_type, entity, coalesce(
        (SELECT min(later.recorded_at) FROM alert_revisions AS later
         WHERE later.alert_id = alerts.alert_id AND later.revision > greatest(0,
             (SELECT max(submissions.revision) FROM submissions WHERE submissions.alert_id = alerts.alert_id),
             CASE WHEN filings.status IN ('declined', 'reviewed') THEN filings.revision END)),
        alerts.recorded_at
    ) AS changed_at, filings.kind AS filing_kind, due,
    filings.status AS filing_status, filings.revision AS filing_revision, report_id, reason, changed_by,
    determined_on, determined_by, voluntary, by_hand, prior_bsa_id, form AS filing_form
"""
"""What a row of `alerts LEFT JOIN filings` must have, beside the body.

`changed_at` is when the first revision after what was filed or decided was told, so that later ones move no deadline;
not when it happened, since who is told late cannot file before.
"""

_WRITE: LiteralString = """
    INSERT INTO filings (alert_id, kind, due, status, revision, report_id, reason, changed_by, determined_on,
                         determined_by, voluntary, by_hand, prior_bsa_id, form)
    VALUES (%(alert_id)s, %(kind)s, %(due)s, %(status)s, %(revision)s, %(report_id)s, %(reason)s, %(changed_by)s,
            %(determined_on)s, %(determined_by)s, %(voluntary)s, %(by_hand)s, %(prior_bsa_id)s,
            %(form)s)
    ON CONFLICT (alert_id) DO UPDATE SET
        kind = excluded.kind, due = excluded.due, status = excluded.status, revision = excluded.revision,
        report_id = excluded.report_id, reason = excluded.reason, changed_by = excluded.changed_by,
        determined_on = excluded.determined_on, determined_by = excluded.determined_by,
        voluntary = excluded.voluntary, prior_bsa_id = excluded.prior_bsa_id, form = excluded.form,
        changed_at = clock_timestamp()
    RETURNING to_jsonb(filings)
"""

_SUBMIT: LiteralString = """
    INSERT INTO submissions (bsa_id, alert_id, kind, form, prior_bsa_id, filed_on, due, counted_from, revision,
                             report_id, amount_minor, movements, filed_by)
    VALUES (%(bsa_id)s, %(alert_id)s, %(kind)s, %(form)s, %(prior_bsa_id)s, %(filed_on)s, %(due)s, %(counted_from)s,
            %(revision)s, %(report_id)s, %(amount_minor)s, %(movements)s, %(filed_by)s)
    RETURNING to_jsonb(submissions)
"""

_SUBMITTED: LiteralString = """
    SELECT bsa_id, alert_id::text, submissions.kind, form, prior_bsa_id, filed_on, due, counted_from,
           submissions.revision, report_id::text, amount_minor, movements, filed_by, entity, alert_type
    FROM submissions LEFT JOIN alerts USING (alert_id)
    ORDER BY filed_on, submissions.recorded_at, bsa_id
"""

_REVISION_OF: LiteralString = """
    SELECT alert_id, alert_type, recorded_at AS changed_at, body FROM alert_revisions
    WHERE alert_id = %(alert_id)s
    ORDER BY recorded_at < %(before)s DESC, revision DESC
    LIMIT 1
"""
"""The last revision that was told before a moment; where none was, the last of all."""

_FILINGS: LiteralString = """
    SELECT alert_id::text, kind AS filing_kind, due, status AS filing_status, revision AS filing_revision, report_id,
           reason, changed_by, determined_on, determined_by, voluntary, by_hand, prior_bsa_id, form AS filing_form
    FROM filings
"""
_FILING: LiteralString = _FILINGS + "WHERE alert_id = %(alert_id)s"
_BY_HAND: LiteralString = _FILINGS + "WHERE by_hand AND (%(alert_id)s::uuid IS NULL OR alert_id = %(alert_id)s::uuid)"


class Submitted:
    """Every report that was filed, as chains: those of one customer and activity, the oldest first."""

    def __init__(self, rows: Sequence[tuple[Submission, str | None, str | None]]) -> None:
        """Take submissions in their order, each with its alert's customer (a token) and rule, None without an alert."""
        self._rows = rows

    def of(self, ground: Ground, entities: Sequence[str]) -> list[Submission]:
        """Return the chain of an alert; `entities` are the tokens of its customer, under each key that is held."""
        if ground.kind == "ctr":
            return [each for each, _, _ in self._rows if each.alert_id == ground.alert_id]
        return self._chain({ground.alert_id}, {(entity, ground.rule) for entity in entities})

    def of_report(self, bsa_id: str) -> list[Submission]:
        """Return the chain that a report belongs to."""
        rows = [row for row in self._rows if row[0].bsa_id == bsa_id]
        activities = {(entity, rule) for _, entity, rule in rows if entity is not None and rule is not None}
        return self._chain({each.alert_id for each, _, _ in rows}, activities)

    def _chain(self, alert_ids: Set[str], activities: Set[tuple[str, str]]) -> list[Submission]:
        alert_ids, activities, continued = set(alert_ids), set(activities), set[str]()
        # A report by hand belongs to the chain of the one that it names, which was filed before.
        for each, entity, rule in reversed(self._rows):
            if entity is not None and rule is not None:
                activities |= {(entity, rule)} if each.bsa_id in continued else set()
            elif each.alert_id in alert_ids or each.bsa_id in continued:
                alert_ids.add(each.alert_id)
                continued |= {each.prior_bsa_id} if each.prior_bsa_id is not None else set()
        chain: list[Submission] = []
        known: set[str] = set()
        for each, entity, rule in self._rows:
            own = each.alert_id in alert_ids or (entity is not None and (entity, rule) in activities)
            # What an officer made by hand to continue one of them belongs to them.
            if own or (entity is None and each.prior_bsa_id in known):
                chain.append(each)
                known.add(each.bsa_id)
        return chain

    def named(self, bsa_id: str) -> list[Submission]:
        """Return what was filed under a BSA identifier: a row for each alert behind it."""
        return [each for each, _, _ in self._rows if each.bsa_id == bsa_id]


class Standing(NamedTuple):
    """An alert, what is done about it, and the chain of reports that it belongs to."""

    ground: Ground
    filing: Filing | None
    chain: list[Submission]

    @property
    def filed(self) -> bool:
        """Whether a report of the alert itself was filed."""
        return any(each.alert_id == self.ground.alert_id for each in self.chain)


async def deadlines(connection: AsyncConnection[Any], today: date, zone: Zone) -> list[Deadline]:
    """Return every report that is or was to be filed, the soonest due first; of what was withdrawn, what was filed."""
    found = await _standing(
        connection, "(body ->> 'recommendation' = ANY(%(to_file)s) OR filings.status IS NOT NULL)", None, zone
    )
    due = [each for one in found for each in deadlines_of(*one, today)]
    return sorted(due, key=lambda each: (each.due is None, each.due, each.kind, each.alert_id))


async def reviews(connection: AsyncConnection[Any], today: date, zone: Zone) -> list[Deadline]:
    """Return the reviews that alerts recommend and that nobody has closed, the oldest first."""
    found = await _standing(connection, "body ->> 'recommendation' = %(review)s", None, zone)
    told = [(one.ground.detected, review_of(*one, today)) for one in found]
    return [review for _, review in sorted(told, key=lambda each: each[0]) if review is not None]


async def the_standing(connection: AsyncConnection[Any], alert_id: str, zone: Zone) -> Standing:
    """Return how one alert, or a suspicion without one, stands; raises `ReportNotFound`."""
    found = await _standing(connection, "alerts.alert_id = %(alert_id)s::uuid", alert_id, zone)
    if not found:
        raise ReportNotFound(f"There is no compliance alert {alert_id}: see `lakay report deadlines`.")
    return found[0]


async def as_of(connection: AsyncConnection[Any], alert_id: str, day: date, zone: Zone) -> Ground | None:
    """Return what an alert said at the end of a business day; None where that cannot be read, or is not kept.

    Where it said nothing yet, it is what it says now of movements until that day.
    """
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(_REVISION_OF, {"alert_id": alert_id, "before": span(day, day, zone).before})
    row = await cursor.fetchone()
    try:
        return None if row is None else ground_of(row, zone, until=day)
    except (KeyError, TypeError, ValueError):
        return None


async def filing(connection: AsyncConnection[Any], alert_id: str) -> Filing | None:
    """Return what is done about an alert now; None where nothing is."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(_FILING, {"alert_id": alert_id})
    row = await cursor.fetchone()
    return None if row is None else filing_of(row)


async def submitted(connection: AsyncConnection[Any]) -> Submitted:
    """Return every report that was filed."""
    cursor = await connection.execute(_SUBMITTED)
    return Submitted([(Submission(*row[:13]), row[13], row[14]) for row in await cursor.fetchall()])


async def write(connection: AsyncConnection[Any], digests: Digests, alert_id: str, filing: Filing) -> dict[str, str]:
    """Keep what is done about an alert, in the place of what was done before; return what the trail is to tell."""
    return await _told(connection, digests, FILINGS, _WRITE, {"alert_id": alert_id, **filing._asdict()})


async def submit(connection: AsyncConnection[Any], digests: Digests, submission: Submission) -> dict[str, str]:
    """Keep that a report was filed, for good; return what the trail is to tell."""
    row = {**submission._asdict(), "movements": Jsonb(dict(submission.movements))}
    return await _told(connection, digests, SUBMISSIONS, _SUBMIT, row)


async def _told(
    connection: AsyncConnection[Any], digests: Digests, table: Table, statement: LiteralString, row: Mapping[str, Any]
) -> dict[str, str]:
    """Write a row, and return its digest by its name: of what was written, which is what will be read."""
    written = await (await connection.execute(statement, row)).fetchone()
    assert written is not None  # noqa: S101 - it is returned
    return {table.name_of(written[0]): digests.of_record(table.in_trail(written[0]))}


def filing_of(row: Mapping[str, Any]) -> Filing | None:
    """Return what a row with `COLUMNS` tells is done; None where nothing is."""
    if row["filing_status"] is None:
        return None
    return Filing(
        row["filing_kind"],
        row["due"],
        row["filing_status"],
        row["filing_revision"],
        None if row["report_id"] is None else str(row["report_id"]),
        row["reason"],
        row["changed_by"],
        row["determined_on"],
        row["determined_by"],
        row["voluntary"],
        row["by_hand"],
        row["prior_bsa_id"],
        row["filing_form"],
    )


def ground_of(row: Mapping[str, Any], zone: Zone, *, until: date = date.max) -> Ground:
    """Return what a row with `COLUMNS` and a body says about its own report, with its movements until a day."""
    body = row["body"]
    kinds: dict[str, FilingKind] = {FILE_CTR: "ctr", SAR: "sar"}
    due = body.get("due_date")
    # What an officer reports without a recommendation is due like what is recommended.
    detected = day_of(to_millis(body["detected_at"]), zone)
    total = body["evidence"]["values"].get("total_minor") if row["alert_type"] == STRUCTURING else None
    return Ground(
        alert_id=str(row["alert_id"]),
        rule=row["alert_type"],
        kind=kinds.get(body["recommendation"]),
        review=body["recommendation"] == REVIEW,
        due=date.fromisoformat(due) if due else detected + timedelta(days=SAR_DUE_DAYS),
        detected=detected,
        changed=day_of(round(row["changed_at"].timestamp() * 1000), zone),
        since=day_of(to_millis(body["since"]), zone),
        revision=body["revision"],
        withdrawn=body["status"] != OPEN,
        amount_minor=max(body["totals"]["in_minor"], body["totals"]["out_minor"]) if total is None else total,
        movements={
            each["movement_id"]: each["usd_minor"]
            for each in body["evidence"]["movements"]
            if each["business_day"] <= until.isoformat()
        },
    )


async def _standing(
    connection: AsyncConnection[Any], which: LiteralString, alert_id: str | None, zone: Zone
) -> list[Standing]:
    """Return the alerts that are meant, and suspicions without an alert: all of them, or the one of `alert_id`."""
    query = SQL("SELECT {}, body FROM alerts LEFT JOIN filings USING (alert_id) WHERE alerts.kind = 'compliance' AND ")
    cursor = connection.cursor(row_factory=dict_row)
    wanted = {"to_file": [FILE_CTR, SAR], "review": REVIEW, "alert_id": alert_id}
    await cursor.execute(query.format(SQL(COLUMNS)) + SQL(which), wanted)
    rows = await cursor.fetchall()
    known = await submitted(connection)
    found = []
    for row in rows:
        try:
            ground = ground_of(row, zone)
        except (KeyError, TypeError, ValueError):
            ground = _unreadable(row, zone)
        found.append(Standing(ground, filing_of(row), known.of(ground, (row["entity"],))))
    await cursor.execute(_BY_HAND, wanted)
    for row in await cursor.fetchall():
        filing = filing_of(row)
        assert filing is not None  # noqa: S101 - the row is one
        ground = by_hand(row["alert_id"], filing)
        found.append(Standing(ground, filing, known.of(ground, ())))
    return found


def _unreadable(row: Mapping[str, Any], zone: Zone) -> Ground:
    """Return an alert that is none of this version as one that is due, so that it is seen and looked into."""
    told = row["body"].get("recommendation") if isinstance(row["body"], dict) else None
    kind: FilingKind = "ctr" if told == FILE_CTR else "sar"
    day = day_of(round(row["changed_at"].timestamp() * 1000), zone)
    due = day + timedelta(days=CTR_DUE_DAYS if kind == "ctr" else SAR_DUE_DAYS)
    return Ground(str(row["alert_id"]), "unreadable", kind, False, due, day, day, date.min, 1, False, 0, {})


def by_hand(case_id: str, filing: Filing) -> Ground:
    """Return a suspicion without an alert as if it were one: what it says stands in its draft."""
    day = filing.determined_on
    assert day is not None  # noqa: S101 - an officer's word is what it begins with
    due = day + timedelta(days=SAR_DUE_DAYS)
    return Ground(case_id, BY_HAND, "sar", False, due, day, day, date.min, filing.revision, False, 0, {})
