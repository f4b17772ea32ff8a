"""Currency transaction reports: from archived alerts to a batch that FinCEN's schema takes."""

from __future__ import annotations

from datetime import date

import pytest

from lakay_streams.domain.money import DEFAULT_RATES
from lakay_streams.errors import ReportError
from lakay_streams.reports.records import StoredReport
from tests.reports.office import NOBODY, OFFICER, Office, parsed, schemas, values

MARCH = (date(2026, 3, 1), date(2026, 3, 31))


async def march(office: Office) -> StoredReport:
    return await office.reports.generate_ctr(*MARCH, actor=OFFICER)


async def test_exactly_ten_thousand_is_no_report(office: Office) -> None:
    await office.learns("user-1", "03-10 12:00 deposit 10,000.00 cash")
    report = await march(office)
    assert (report.document["reports"], report.xml, report.formats) == ([], None, ("json", "html", "pdf"))
    assert report.validation.reason == "nothing is to be filed"


async def test_a_cent_more_is_one_of_whole_dollars_rounded_up(office: Office) -> None:
    await office.learns("user-1", "03-10 12:00 deposit 10,000.01 cash")
    report = await march(office)
    root = parsed(report.xml)
    assert root.attrib == {"TotalAmount": "10001", "PartyCount": "6", "ActivityCount": "1"}
    assert values(root, "TotalCashInReceiveAmountText") == ["10001"]
    assert values(root, "TotalCashOutAmountText") == [""]
    assert values(root, "TransactionDateText") == ["20260310"]
    assert values(root, "AccountNumberText") == ["user1"]
    assert values(root, "FilingDateText") == ["20260401"]


async def test_the_first_child_is_the_form_and_every_sequence_number_is_its_own(office: Office) -> None:
    for number in range(3):
        await office.learns(f"user-{number}", "03-10 12:00 deposit 12,000 cash\n03-11 12:00 withdraw 11,000 cash")
    root = parsed((await march(office)).xml)
    assert root[0].text == "CTRX"
    numbers = [element.get("SeqNum") for element in root.iter() if element.get("SeqNum")]
    assert len(numbers) == len(set(numbers))
    assert (root.get("ActivityCount"), root.get("PartyCount"), root.get("TotalAmount")) == ("6", "36", "69000")


async def test_in_and_out_are_told_apart_and_only_what_is_above_is_filed(office: Office) -> None:
    await office.learns("user-1", "03-10 09:00 deposit 12,000.50 cash\n03-10 12:00 withdraw 4,000 cash")
    report = await march(office)
    (told,) = report.document["reports"]
    assert (told["cash_in"]["amount"], told["cash_in"]["dollars"]) == ("$12,000.50", 12_001)
    assert (told["cash_out"]["amount"], told["cash_out"]["reportable"]) == ("$4,000.00", False)
    root = parsed(report.xml)
    assert values(root, "TotalCashOutAmountText") == [""]
    assert values(root, "CurrencyTransactionActivityDetailTypeCode") == ["55"]


async def test_details_add_up_to_the_total_rounded_up(office: Office) -> None:
    await office.learns(
        "user-1",
        """03-10 09:00 deposit 4,000.30 cash
           03-10 10:00 remit 4,000.30 cash to marie
           03-10 11:00 pay 4,000.30 cash""",
    )
    root = parsed((await march(office)).xml)
    assert values(root, "TotalCashInReceiveAmountText") == ["12001"]
    assert sum(map(int, values(root, "DetailTransactionAmountText"))) == 12_001
    assert sorted(values(root, "CurrencyTransactionActivityDetailTypeCode")) == ["23", "46", "55"]


async def test_one_report_per_customer_and_day_however_often_it_is_revised(office: Office) -> None:
    await office.learns("user-1", "\n".join(f"03-10 {hour}:00 deposit 6,000 cash" for hour in range(10, 15)))
    await office.learns("user-2", "03-10 12:00 deposit 11,000 cash")
    report = await march(office)
    assert [(each["customer"], each["cash_in"]["minor"]) for each in report.document["reports"]] in (
        [("user-1", 3_000_000), ("user-2", 1_100_000)],
        [("user-2", 1_100_000), ("user-1", 3_000_000)],
    )


async def test_a_withdrawn_alert_is_not_reported_and_no_longer_due(office: Office) -> None:
    await office.learns("user-1", "03-10 12:00 deposit 12,000 cash\n03-11 12:00 fails 1")
    assert (await march(office)).document["reports"] == []
    assert await office.reports.deadlines() == ()


async def test_days_outside_of_the_period_are_left_out(office: Office) -> None:
    await office.learns("user-1", "02-28 23:59:59 deposit 12,000 cash\n04-01 00:00:00 deposit 12,000 cash")
    assert (await march(office)).document["reports"] == []
    with pytest.raises(ReportError, match="ends before it starts"):
        await office.reports.generate_ctr(*reversed(MARCH), actor=OFFICER)


async def test_foreign_currency_is_told_with_its_country(office: Office) -> None:
    await office.learns("user-1", "03-10 12:00 deposit 1,500,000 HTG cash", rates=DEFAULT_RATES)
    root = parsed((await march(office)).xml)
    assert values(root, "CurrencyTransactionActivityDetailTypeCode") == ["55", "53"]
    assert values(root, "OtherForeignCurrencyCountryText") == ["", "HT"]


async def test_money_that_was_taken_for_cash_is_said_to_be(office: Office) -> None:
    await office.learns("user-1", "03-10 12:00 deposit 12,000 -")
    report = await march(office)
    assert report.document["reports"][0]["basis"] == "assumed"
    assert "COMPLIANCE_ASSUME_CASH" in report.document["notes"][0]


async def test_what_the_platform_cannot_know_is_missing_and_not_invented(office: Office) -> None:
    office.filed_by(NOBODY.model_copy(update={"fincen_schemas": schemas()}))
    await office.learns("user-1", "03-10 12:00 deposit 12,000 cash")
    report = await march(office)
    missing = report.document["missing"]
    assert "filer: employer identification number (COMPLIANCE_FILER_EIN)" in missing
    assert any(each.startswith("person: legal name") for each in missing)
    root = parsed(report.xml)
    assert values(root, "RawPartyFullName") == values(root, "PartyIdentificationNumberText") == []
    assert set(values(root, "EntityLastNameUnknownIndicator")) == {"Y"}


async def test_with_everything_about_the_filer_only_the_person_and_place_are_missing(office: Office) -> None:
    await office.learns("user-1", "03-10 12:00 deposit 12,000 cash")
    report = await march(office)
    assert {each.partition(":")[0] for each in report.document["missing"]} == {"person", "location"}
    assert "123456789" in values(parsed(report.xml), "PartyIdentificationNumberText")


async def test_without_fincens_schemas_a_batch_is_held_against_the_projects_own_rules(office: Office) -> None:
    office.filed_by(NOBODY)
    await office.learns("user-1", "03-10 12:00 deposit 12,000 cash")
    report = await march(office)
    assert report.validation.as_json() == {
        "validated": True,
        "against": "the project's own rules",
        "reason": "",
        "errors": [],
    }
    assert report.xml is not None
