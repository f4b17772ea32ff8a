"""Deadlines are known, decisions are kept and audited, and what changed after it was filed comes back."""

from __future__ import annotations

import json
from datetime import date

import psycopg
import pytest

from lakay_streams.db import retention
from lakay_streams.errors import ReportError, ReportNotFound
from lakay_streams.reports.records import StoredReport
from tests.domain.compliance.customer import Customer, instant
from tests.reports.office import OFFICER, SPLIT, Office, parsed, values

MARCH = (date(2026, 3, 1), date(2026, 3, 31))
BSA_ID = "31000123456789"
CASH = "03-10 12:00 deposit 12,000 cash"


async def test_a_ctr_is_due_after_15_days_and_a_sar_after_30_soonest_first(office: Office) -> None:
    office.at = instant("03-26", "00:00:00")
    await office.learns("user-1", CASH)
    await office.learns("user-2", SPLIT)
    found = [(each.kind, each.due, each.days_left, each.overdue) for each in await office.reports.deadlines()]
    assert ("ctr", "2026-03-25", -1, True) in found
    assert ("sar", "2026-04-09", 14, False) in found
    assert [due for _, due, *_ in found] == sorted(str(due) for _, due, *_ in found)


async def test_the_last_second_of_the_day_that_it_is_due_is_in_time(office: Office) -> None:
    await office.learns("user-1", CASH)
    office.at = instant("03-25", "23:59:59")
    assert [(each.days_left, each.overdue) for each in await office.reports.deadlines()] == [(0, False)]


async def test_what_is_drafted_stays_due_until_it_is_filed(office: Office) -> None:
    (alert_id,) = await office.learns("user-1", CASH)
    report = await office.reports.generate_ctr(*MARCH, actor=OFFICER)
    (due,) = await office.reports.deadlines()
    assert (due.status, due.report_id) == ("drafted", report.report_id)
    done = await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER, on=date(2026, 3, 20))
    assert (done.status, done.bsa_id, done.filed_on, done.changed_by) == ("filed", BSA_ID, "2026-03-20", OFFICER)
    assert await office.reports.deadlines() == ()
    assert await office.reports.deadlines(done=True) == (done,)
    again = await office.reports.generate_ctr(*MARCH, actor=OFFICER)
    assert (again.xml, again.document["reports"][0]["filing"]["status"]) == (None, "filed")


async def test_what_changed_after_it_was_filed_is_due_as_an_amendment(office: Office) -> None:
    customer = Customer().lives(CASH)
    (alert_id,) = await office.archives("user-1", customer.alerts)
    await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER)
    await office.archives("user-1", customer.lives("03-10 15:00 deposit 1,000 cash").alerts)
    (due,) = await office.reports.deadlines()
    assert (due.status, due.revision) == ("revised", 2)
    root = parsed((await office.reports.generate_ctr(*MARCH, actor=OFFICER)).xml)
    assert values(root, "EFilingPriorDocumentNumber") == [BSA_ID]
    assert values(root, "CorrectsAmendsPriorReportIndicator") == ["Y"]
    assert values(root, "TotalCashInReceiveAmountText") == ["13000"]
    await office.reports.filed(alert_id, bsa_id="31000123456790", actor=OFFICER)
    assert await office.reports.deadlines() == ()


async def test_declining_needs_a_reason_and_ends_the_deadline(office: Office) -> None:
    (alert_id,) = await office.learns("user-1", CASH)
    with pytest.raises(ReportError, match="for a reason"):
        await office.reports.declined(alert_id, reason=" ", actor=OFFICER)
    done = await office.reports.declined(alert_id, reason="paid by card, as the receipt shows", actor=OFFICER)
    assert (done.status, done.reason) == ("declined", "paid by card, as the receipt shows")
    assert await office.reports.deadlines() == ()
    with pytest.raises(ReportError, match=f"is declined already, by {OFFICER}"):
        await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER)


@pytest.mark.parametrize("wrong", ["", "123", "3100012345678x", "310001234567890"])
async def test_what_is_no_bsa_identifier_is_refused(office: Office, wrong: str) -> None:
    (alert_id,) = await office.learns("user-1", CASH)
    with pytest.raises(ReportError, match="is no BSA identifier"):
        await office.reports.filed(alert_id, bsa_id=wrong, actor=OFFICER)


async def test_nothing_is_filed_tomorrow_nor_for_an_alert_that_asks_for_nothing(office: Office) -> None:
    (alert_id,) = await office.learns("user-1", CASH)
    with pytest.raises(ReportError, match="is to come"):
        await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER, on=date(2026, 4, 2))
    (warning,) = await office.learns("user-2", "03-10 12:00 deposit 9,500 cash")
    with pytest.raises(ReportError, match="asks for no report"):
        await office.reports.filed(warning, bsa_id=BSA_ID, actor=OFFICER)
    with pytest.raises(ReportNotFound):
        await office.reports.filed("3b241101-e2bb-4255-8caf-4136c56600ff", bsa_id=BSA_ID, actor=OFFICER)


async def test_every_decision_is_in_the_trail(office: Office) -> None:
    (alert_id,) = await office.learns("user-1", CASH)
    await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER)
    rows = await office.fetches("SELECT entry FROM audit_trail WHERE action = 'report_filed'")
    (entry,) = [json.loads(row[0]) for row in rows]
    assert (entry["actor"], entry["subject"], entry["details"]["bsa_id"]) == (OFFICER, alert_id, BSA_ID)
    assert (entry["details"]["due"], entry["details"]["filed_on"]) == ("2026-03-25", "2026-04-01")


SECOND, THIRD = "31000123456790", "31000123456791"


async def structuring(office: Office, user_id: str = "user-1", story: str = SPLIT) -> tuple[Customer, str]:
    """Archive what a customer's split is found to be; return the customer and the alert."""
    customer = Customer().lives(story)
    alert_ids = await office.archives(user_id, customer.alerts)
    ((alert_id,),) = await office.fetches(
        "SELECT alert_id::text FROM alerts WHERE alert_type = 'structuring' AND alert_id = ANY(%s::uuid[])", alert_ids
    )
    return customer, str(alert_id)


async def test_filed_in_time_and_amended_later_is_in_time_in_every_report(office: Office) -> None:
    customer = Customer().lives(CASH)
    (alert_id,) = await office.archives("user-1", customer.alerts)
    await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER, on=date(2026, 3, 20))
    await office.archives("user-1", customer.lives("03-10 15:00 deposit 1,000 cash").alerts)
    await office.reports.generate_ctr(*MARCH, actor=OFFICER)
    office.at = instant("06-20", "12:00")
    await office.reports.filed(alert_id, bsa_id=SECOND, actor=OFFICER)
    first, second = await office.reports.deadlines(done=True)
    assert (first.bsa_id, first.filed_on, first.due, first.form, first.late) == (
        BSA_ID, "2026-03-20", "2026-03-25", "initial", False,
    )  # fmt: skip
    assert (second.bsa_id, second.filed_on, second.form, second.prior_bsa_id) == (
        SECOND, "2026-06-20", "correction", BSA_ID,
    )  # fmt: skip
    summary = await office.reports.generate_summary("monthly", actor=OFFICER, as_of=date(2026, 3, 31))
    assert summary.document["filings"]["ctr"]["filed_late"] == 0
    root = parsed((await _amended_again(office, customer, alert_id)).xml)
    assert values(root, "EFilingPriorDocumentNumber") == [SECOND], "an amendment is amended, not the first report"


async def _amended_again(office: Office, customer: Customer, alert_id: str) -> StoredReport:
    assert alert_id
    await office.archives("user-1", customer.lives("03-10 16:00 deposit 2,000 cash").alerts)
    return await office.reports.generate_ctr(*MARCH, actor=OFFICER)


async def test_new_movements_after_a_filing_are_a_continuing_report_of_their_own_amount(office: Office) -> None:
    customer, alert_id = await structuring(office)
    await office.reports.draft_sar(alert_id, actor=OFFICER)
    await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER, on=date(2026, 3, 20))
    await office.archives("user-1", customer.lives("03-25 12:00 deposit 9,100 cash").alerts)
    due = next(each for each in await office.reports.deadlines() if each.kind == "sar")
    assert (due.form, due.prior_bsa_id, due.due, due.status) == ("continuing", BSA_ID, "2026-07-18", "revised")
    report = await office.reports.draft_sar(due.alert_id, actor=OFFICER)
    root = parsed(report.xml)
    assert values(root, "ContinuingActivityReportIndicator") == ["Y"]
    assert values(root, "InitialReportIndicator") == values(root, "CorrectsAmendsPriorReportIndicator") == []
    assert values(root, "EFilingPriorDocumentNumber") == [BSA_ID]
    assert values(root, "TotalSuspiciousAmountText") == ["9100"]
    assert values(root, "CumulativeTotalViolationAmountText") == [str(9_500 + 9_400 + 9_300 + 9_100)]
    assert (
        values(root, "SuspiciousActivityFromDateText") == values(root, "SuspiciousActivityToDateText") == ["20260325"]
    )
    assert BSA_ID in " ".join(values(root, "ActivityNarrativeText"))
    done = await office.reports.filed(due.alert_id, bsa_id=SECOND, actor=OFFICER)
    assert (done.form, done.prior_bsa_id, done.review_on) == ("continuing", BSA_ID, "2026-06-30")
    assert [each for each in await office.reports.deadlines() if each.kind == "sar"] == []


async def test_a_draft_of_an_earlier_revision_leaves_what_came_after_it_due(office: Office) -> None:
    customer, alert_id = await structuring(office)
    await office.reports.draft_sar(alert_id, actor=OFFICER)
    await office.archives("user-1", customer.lives("03-12 12:00 deposit 9,100 cash").alerts)
    sars = [each for each in await office.reports.deadlines() if each.alert_id == alert_id]
    assert [(each.status, each.outdated) for each in sars] == [("drafted", True)]
    await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER)
    sars = [each for each in await office.reports.deadlines() if each.alert_id == alert_id]
    assert [(each.form, each.prior_bsa_id) for each in sars] == [("continuing", BSA_ID)]


async def test_the_30_days_run_from_the_day_that_an_officer_determined(office: Office) -> None:
    _, alert_id = await structuring(office)
    with pytest.raises(ReportError, match="is to come"):
        await office.reports.determined(alert_id, actor=OFFICER, on=date(2026, 4, 2))
    with pytest.raises(ReportError, match="is before the first movement"):
        await office.reports.determined(alert_id, actor=OFFICER, on=date(2026, 3, 9))
    done = await office.reports.determined(alert_id, actor=OFFICER, on=date(2026, 3, 20))
    assert (done.status, done.due) == ("determined", "2026-04-19")
    assert done.counted_from == f"its determination on 2026-03-20 by {OFFICER}"
    with pytest.raises(ReportError, match="a later day would move its deadline"):
        await office.reports.determined(alert_id, actor=OFFICER, on=date(2026, 3, 25))
    report = await office.reports.draft_sar(alert_id, actor=OFFICER)
    assert (report.document["reports"][0]["due"], report.document["reports"][0]["counted_from"]) == (
        "2026-04-19",
        done.counted_from,
    )
    assert (await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER)).due == "2026-04-19"
    rows = await office.fetches("SELECT entry FROM audit_trail WHERE action = 'report_determined'")
    assert [json.loads(row[0])["actor"] for row in rows] == [OFFICER]


async def test_the_15_days_of_a_currency_report_are_nobodys_to_determine(office: Office) -> None:
    (alert_id,) = await office.learns("user-1", CASH)
    with pytest.raises(ReportError, match="15 days run from its business day"):
        await office.reports.determined(alert_id, actor=OFFICER)


async def test_a_recommended_review_is_listed_until_it_is_closed_with_a_reason(office: Office) -> None:
    (alert_id,) = await office.learns(
        "user-1", "03-10 09:00 deposit 3,000 bank\n03-10 10:00 transfer 2,950 wallet to anne"
    )
    (review,) = await office.reports.reviews()
    assert (review.alert_id, review.status, review.due) == (alert_id, "review", None)
    assert await office.reports.deadlines() == ()
    with pytest.raises(ReportError, match="closed with a reason"):
        await office.reports.reviewed(alert_id, reason=" ", actor=OFFICER)
    done = await office.reports.reviewed(alert_id, reason="pays rent for family", actor=OFFICER)
    assert (done.status, done.reason, done.changed_by) == ("reviewed", "pays rent for family", OFFICER)
    assert await office.reports.reviews() == ()
    with pytest.raises(ReportError, match="no review to be closed"):
        await office.reports.reviewed(alert_id, reason="again", actor=OFFICER)


async def test_a_bsa_identifier_is_one_reports_and_no_day_is_before_what_is_reported(office: Office) -> None:
    (first,) = await office.learns("user-1", CASH)
    (second,) = await office.learns("user-2", CASH)
    await office.reports.filed(first, bsa_id=BSA_ID, actor=OFFICER)
    with pytest.raises(ReportError, match=f"is the BSA identifier of the report of alert {first}"):
        await office.reports.filed(second, bsa_id=BSA_ID, actor=OFFICER)
    with pytest.raises(ReportError, match="is before 2026-03-10, the day of its first movement"):
        await office.reports.filed(second, bsa_id=SECOND, actor=OFFICER, on=date(2025, 3, 20))


async def test_what_was_drafted_and_filed_is_recorded_although_the_alert_was_withdrawn_since(office: Office) -> None:
    customer = Customer().lives(CASH)
    (alert_id,) = await office.archives("user-1", customer.alerts)
    await office.reports.generate_ctr(*MARCH, actor=OFFICER)
    await office.archives("user-1", customer.lives("03-11 09:00 fails 1").alerts)
    assert await office.reports.deadlines() == ()
    assert (await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER)).status == "filed"
    (due,) = await office.reports.deadlines()
    assert (due.form, due.prior_bsa_id, due.status) == ("correction", BSA_ID, "revised"), "FinCEN was told too much"
    again = await office.reports.generate_ctr(*MARCH, actor=OFFICER)
    assert f"Alert {alert_id} was withdrawn after its report was filed" in again.document["notes"][-1]
    await office.reports.declined(alert_id, reason="FinCEN was told by telephone", actor=OFFICER)
    assert await office.reports.deadlines() == ()


async def test_what_came_after_the_day_of_a_filing_was_in_no_report_of_it(office: Office) -> None:
    office.at = instant("03-15", "12:00")
    customer = Customer().lives(CASH)
    (cash,) = await office.archives("user-1", customer.alerts)
    split, suspicious = await structuring(office, "user-2")
    office.at = instant("03-25", "13:00")
    await office.archives("user-1", customer.lives("03-10 15:00 deposit 1,000 cash").alerts)
    await office.archives("user-2", split.lives("03-25 12:00 deposit 9,100 cash").alerts)
    await office.reports.filed(cash, bsa_id=BSA_ID, actor=OFFICER, on=date(2026, 3, 20))
    await office.reports.filed(suspicious, bsa_id=SECOND, actor=OFFICER, on=date(2026, 3, 20))
    due = {each.kind: (each.form, each.prior_bsa_id, each.due) for each in await office.reports.deadlines()}
    assert due == {"ctr": ("correction", BSA_ID, "2026-04-09"), "sar": ("continuing", SECOND, "2026-07-18")}
    with pytest.raises(ReportError, match="before what is to be reported"):
        await office.reports.filed(suspicious, bsa_id=THIRD, actor=OFFICER, on=date(2026, 3, 22))


@pytest.mark.parametrize("statement", ["UPDATE submissions SET filed_on = '2026-01-01'", "TRUNCATE submissions"])
async def test_what_was_filed_is_never_changed(office: Office, statement: str) -> None:
    (alert_id,) = await office.learns("user-1", CASH)
    await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER)
    async with office.database.connection() as connection:
        with pytest.raises(psycopg.errors.RaiseException):
            await connection.execute(statement)


async def test_an_alert_and_a_draft_behind_a_filing_go_five_years_after_the_filing(office: Office) -> None:
    (alert_id,) = await office.learns("user-1", CASH)
    await office.reports.generate_ctr(*MARCH, actor=OFFICER)
    await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER)
    cutoff = retention.latest_cutoff(date.today())  # noqa: DTZ011 - a day more or less is years away
    for filed_ago, deleted in (("4 years 11 months", 0), ("5 years 2 days", 1)):
        async with office.database.connection() as connection:
            for table in ("alerts", "reports", "filings", "submissions"):
                await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER stay")
            await connection.execute(
                "UPDATE alerts SET archived_at = now() - interval '6 years', revised_at = now() - interval '6 years'"
            )
            await connection.execute("UPDATE reports SET created_at = now() - interval '6 years'")
            await connection.execute("UPDATE filings SET changed_at = now() - interval '6 years'")
            await connection.execute(f"UPDATE submissions SET recorded_at = now() - interval '{filed_ago}'")  # noqa: S608
            counted = await retention.expired(connection, cutoff)
            gone = await retention.delete_expired(connection, cutoff, actor=OFFICER)
        assert counted == gone
        assert (gone["alerts"], gone["reports"], gone["filings"], gone["submissions"]) == (deleted,) * 4


async def test_the_database_itself_keeps_what_stands_behind_a_filing(office: Office) -> None:
    (alert_id,) = await office.learns("user-1", CASH)
    await office.reports.filed(alert_id, bsa_id=BSA_ID, actor=OFFICER)
    async with office.database.connection() as connection:
        await connection.execute("ALTER TABLE alerts DISABLE TRIGGER stay")
        await connection.execute("UPDATE alerts SET revised_at = now() - interval '6 years'")
        await connection.execute("SET LOCAL lakay.retention = 'on'")
        with pytest.raises(psycopg.errors.RaiseException, match="stands behind a report"):
            await connection.execute("DELETE FROM alerts")
