"""What stands in a CTR batch, by FinCEN's user guide of the CTR (1.8) and its frequently asked questions 18 and 27."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from lakay_streams.domain.compliance.alert import FILE_CTR
from lakay_streams.reports import ctr
from lakay_streams.reports.fincen.checking import NAMESPACE, problems
from lakay_streams.reports.layout import sheet_of
from lakay_streams.reports.records import StoredReport, Validation
from tests.reports.batches import APRIL, alerts_of, case_of, ctr_batch
from tests.reports.office import FILER, NOBODY, parsed, values

MULTIPLE, AGGREGATE = "MultipleTransactionsPersonsIndividualsIndicator", "AggregateTransactionIndicator"


def details(root: Any) -> list[tuple[str, str, str, str]]:
    """Return code, amount, words and country of every detail."""
    return list(
        zip(
            values(root, "CurrencyTransactionActivityDetailTypeCode"),
            values(root, "DetailTransactionAmountText"),
            values(root, "OtherCurrencyTransactionActivityDetailText"),
            values(root, "OtherForeignCurrencyCountryText"),
            strict=True,
        )
    )


def party(root: Any, code: str) -> Any:
    """Return the first party of a type."""
    parties = root.iter(f"{{{NAMESPACE}}}Party")
    return next(each for each in parties if values(each, "ActivityPartyTypeCode") == [code])


@pytest.mark.parametrize(
    ("story", "several"),
    [
        ("03-10 09:00 deposit 12,000 cash\n03-10 12:00 withdraw 300 cash", False),
        ("03-10 09:00 deposit 12,000 cash\n03-10 12:00 deposit 300 bank", False),
        ("03-10 09:00 deposit 6,000 cash\n03-10 12:00 deposit 6,000 cash", True),
        ("03-10 09:00 deposit 12,000 cash\n03-10 12:00 withdraw 11,000 cash", True),
    ],
)
def test_several_transactions_are_those_of_the_reported_ways(story: str, several: bool) -> None:
    assert values(parsed(ctr_batch(story)), MULTIPLE) == (["Y"] if several else [])


def test_transactions_are_not_aggregated_where_the_conducting_person_is_known() -> None:
    root = parsed(ctr_batch("03-10 09:00 deposit 6,000 cash\n03-10 12:00 deposit 6,000 cash"))
    assert values(root, AGGREGATE) == [""]


def test_the_total_is_the_sum_of_every_detail_that_of_foreign_currency_too() -> None:
    root = parsed(ctr_batch("03-10 12:00 deposit 1,600,000 HTG cash", "03-10 12:00 deposit 12,000 cash"))
    amounts = [int(amount) for _, amount, _, _ in details(root)]
    assert len(amounts) == 3
    assert root.get("TotalAmount") == str(sum(amounts))


def test_every_party_is_counted() -> None:
    assert parsed(ctr_batch("03-10 12:00 deposit 12,000 cash")).get("PartyCount") == "6"
    two = parsed(ctr_batch("03-10 12:00 deposit 12,000 cash", "03-10 12:00 deposit 11,000 cash"))
    assert two.get("PartyCount") == "12"


def test_the_place_has_the_filers_address_and_nothing_of_it_is_unknown() -> None:
    place = party(parsed(ctr_batch("03-10 12:00 deposit 12,000 cash")), "34")
    assert values(place, "RawCityText") == [FILER.filer_city]
    assert values(place, "RawStreetAddress1Text") == [FILER.filer_street]
    assert not [each.tag for each in place.iter() if "Unknown" in each.tag]
    nowhere = party(parsed(ctr_batch("03-10 12:00 deposit 12,000 cash", filer=NOBODY)), "34")
    assert not values(nowhere, "RawCityText")
    assert not [each.tag for each in nowhere.iter() if "Unknown" in each.tag]


def test_each_kind_of_detail_stands_once() -> None:
    root = parsed(
        ctr_batch(
            """03-10 09:00 cash-payout 6,000 from sol
               03-10 10:00 cash-payout 3,000 from sang
               03-10 11:00 withdraw 2,000 cash
               03-10 12:00 withdraw 1,000 cash"""
        )
    )
    assert details(root) == [("998", "9000", "circle payout", ""), ("56", "3000", "", "")]


@pytest.mark.parametrize(
    "story",
    [
        "03-10 12:00 deposit 1,310,616.00 HTG cash",
        "\n".join(f"03-10 {hour}:00 deposit 134,010.18 HTG cash" for hour in range(10, 20)),
        "\n".join(f"03-10 {hour}:00 pay 134,010.31 HTG cash" for hour in range(10, 20)),
    ],
)
def test_cents_that_rounding_leaves_over_are_no_kind_of_their_own(story: str) -> None:
    xml = ctr_batch(story)
    assert problems(xml, "ctr") == []
    assert len(details(parsed(xml))) == 2, "what it was, and that it was foreign"


def test_money_that_is_not_kept_one_by_one_is_described_as_such() -> None:
    (alert,) = [each for each in alerts_of("03-10 09:00 deposit 12,000 cash") if each.recommendation == FILE_CTR]
    totals = replace(alert.totals, cash_in_minor=1_500_000, movements=9)
    xml = ctr.batch([case_of(replace(alert, totals=totals))], FILER, APRIL)
    assert details(parsed(xml)) == [("55", "12000", "", ""), ("997", "3000", "not kept one by one", "")]
    assert values(parsed(xml), MULTIPLE) == ["Y"]


def test_a_channel_that_a_producer_named_is_not_what_fincen_reads() -> None:
    (alert,) = [each for each in alerts_of("03-10 09:00 withdraw 12,000 cash") if each.recommendation == FILE_CTR]
    movements = tuple(replace(each, channel="other_xx") for each in alert.evidence.movements)
    xml = ctr.batch([case_of(replace(alert, evidence=replace(alert.evidence, movements=movements)))], FILER, APRIL)
    assert details(parsed(xml)) == [("998", "12000", "kind to be determined", "")]


def test_an_account_number_has_no_hyphens_and_an_id_that_says_nothing_is_none() -> None:
    story = "03-10 12:00 deposit 12,000 cash"
    assert values(parsed(ctr_batch(story, user_id="5f3e-8a3d")), "AccountNumberText") == ["5f3e8a3d"]
    for user_id in ("UNKNOWN", "n/a", "\u202e-", "Nguyễn"):
        assert values(parsed(ctr_batch(story, user_id=user_id)), "AccountNumberText") == []


def test_a_foreign_amount_at_an_old_rate_is_told_beside_it_and_in_a_note() -> None:
    (alert,) = [each for each in alerts_of("03-10 12:00 deposit 1,600,000 HTG cash") if each.recommendation == FILE_CTR]
    (movement,) = alert.evidence.movements
    for is_old in (False, True):
        movements = (replace(movement, rate_at="2026-03-07T12:00:00.000Z", rate_is_old=is_old),)
        case = case_of(replace(alert, evidence=replace(alert.evidence, movements=movements)))
        document = ctr.document([case], FILER)
        assert any("1 transaction was converted at a rate" in note for note in document["notes"]) is is_old
        sheet = sheet_of(stored(document))
        assert ("(rate of 2026-03-07)" in str(sheet)) is is_old


def stored(document: dict[str, Any]) -> StoredReport:
    """Return a CTR as it would be read."""
    return StoredReport(
        report_id="report",
        kind="ctr",
        period_start="2026-03-01",
        period_end="2026-03-31",
        created_at="2026-04-01T00:00:00.000Z",
        created_by="officer",
        settings_version="0123456789ab",
        sha256="0",
        validation=Validation(validated=True, against="x"),
        formats=("json",),
        document=document,
        xml=None,
    )
