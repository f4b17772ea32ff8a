"""Deadlines are known, decisions are kept and audited, and what changed after it was filed comes back."""

from __future__ import annotations

import json
from datetime import date

import pytest

from lakay_streams.errors import ReportError, ReportNotFound
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
    assert [due for _, due, *_ in found] == sorted(due for _, due, *_ in found)


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
