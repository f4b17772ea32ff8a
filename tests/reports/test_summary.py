"""The summary counts what is there: alerts by rule and status, what is due and filed, whose risk rose."""

from __future__ import annotations

from datetime import date

import pytest

from lakay_streams.domain.business_day import NEW_YORK
from lakay_streams.reports.periods import ending
from tests.domain.compliance.customer import instant
from tests.reports.office import OFFICER, PASSED_ON, SPLIT, Office

BSA_ID = "31000123456789"


@pytest.mark.parametrize(
    ("as_of", "week", "month"),
    [
        (date(2026, 3, 31), date(2026, 3, 25), date(2026, 3, 1)),
        (date(2026, 2, 28), date(2026, 2, 22), date(2026, 2, 1)),
        (date(2026, 3, 15), date(2026, 3, 9), date(2026, 2, 16)),
        (date(2026, 1, 10), date(2026, 1, 4), date(2025, 12, 11)),
        (date(2026, 3, 30), date(2026, 3, 24), date(2026, 2, 28)),
    ],
)
def test_a_week_is_seven_days_and_with_its_last_day_a_month_is_a_month(as_of: date, week: date, month: date) -> None:
    assert ending("weekly", as_of, NEW_YORK).start == week
    assert ending("monthly", as_of, NEW_YORK).start == month


async def test_it_counts_alerts_by_rule_recommendation_and_status(office: Office) -> None:
    await office.learns("user-1", "03-10 12:00 deposit 12,000.50 cash")
    await office.learns("user-2", "03-11 12:00 deposit 12,000 cash\n03-12 12:00 fails 1")
    await office.learns("user-3", "02-28 12:00 deposit 12,000 cash")
    summary = await office.reports.generate_summary("monthly", actor=OFFICER, as_of=date(2026, 3, 31))
    told = summary.document["alerts"]
    assert (summary.period_start, summary.period_end) == ("2026-03-01", "2026-03-31")
    assert told["by_rule"]["ctr"] == 2
    assert {(row["rule"], row["status"]): row["cash_in"] for row in told["rows"] if row["rule"] == "ctr"} == {
        ("ctr", "open"): "$12,000.50",
        ("ctr", "withdrawn"): "$0.00",
    }
    weekly = await office.reports.generate_summary("weekly", actor=OFFICER, as_of=date(2026, 3, 31))
    assert weekly.document["alerts"]["total"] == 0


async def test_it_counts_what_was_due_filed_late_declined_and_overdue(office: Office) -> None:
    ids = [(await office.learns(f"user-{each}", "03-05 12:00 deposit 12,000 cash"))[0] for each in range(4)]
    await office.reports.filed(ids[0], bsa_id=BSA_ID, actor=OFFICER, on=date(2026, 3, 20))
    await office.reports.filed(ids[1], bsa_id="31000123456790", actor=OFFICER, on=date(2026, 3, 21))
    await office.reports.declined(ids[2], reason="no cash", actor=OFFICER)
    summary = await office.reports.generate_summary("monthly", actor=OFFICER, as_of=date(2026, 3, 31))
    assert summary.document["filings"]["ctr"] == {
        "due": 4,
        "filed": 2,
        "filed_late": 1,
        "declined": 1,
        "pending": 1,
        "overdue": 1,
        "overdue_of_any_period": 1,
        "due_later": 0,
    }


async def test_it_counts_customers_whose_risk_rose(office: Office) -> None:
    await office.learns("user-1", f"{SPLIT}\n{PASSED_ON}")
    summary = await office.reports.generate_summary("monthly", actor=OFFICER, as_of=date(2026, 3, 31))
    assert summary.document["risk"]["edd_triggers"] == 1
    assert summary.document["risk"]["by_level"] == {"high": 1}
    assert "user-1" not in str(summary.document)


async def test_the_same_summary_is_the_same_report(office: Office) -> None:
    office.at = instant("03-31", "12:00")
    await office.learns("user-1", "03-10 12:00 deposit 12,000 cash")
    one, other = [await office.reports.generate_summary("monthly", actor=OFFICER) for _ in range(2)]
    assert one == other
