"""The project's own checker refuses whatever FinCEN's schemas refuse, and what no schema can see."""

from __future__ import annotations

from functools import cache

import pytest

from lakay_streams.reports.fincen.checking import problems
from tests.reports.batches import ctr_batch, sar_batch
from tests.reports.office import NOBODY, PASSED_ON, SPLIT

BOTH_WAYS = """03-10 09:00 deposit 6,000 cash
               03-10 12:00 cash-payout 11,000 from sol
               03-10 13:00 pay 7,000.30 cash"""
FOREIGN = "03-10 12:00 deposit 1,600,000 HTG cash"
IN_AND_LITTLE_OUT = "03-10 09:00 deposit 12,000.50 cash\n03-10 12:00 withdraw 300 cash"


@cache
def good(kind: str) -> str:
    """Return a batch of several reports, with everything in it that our batches have."""
    return ctr_batch(BOTH_WAYS, FOREIGN, IN_AND_LITTLE_OUT) if kind == "ctr" else sar_batch(SPLIT, PASSED_ON)


@pytest.mark.parametrize("kind", ["ctr", "sar"])
def test_a_batch_of_ours_is_good(kind: str) -> None:
    assert problems(good(kind), kind) == []


def test_a_batch_without_a_filer_is_good_and_its_report_says_what_is_missing() -> None:
    assert problems(ctr_batch(BOTH_WAYS, filer=NOBODY), "ctr") == []
    assert problems(sar_batch(SPLIT, filer=NOBODY), "sar") == []


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "said"),
    [
        ("ctr", ">CTRX<", ">SARX<", "FormTypeCode: is not CTRX"),
        ("ctr", 'PartyCount="18"', 'PartyCount="3"', "PartyCount: is not what the batch adds up to"),
        ("ctr", 'ActivityCount="3"', 'ActivityCount="2"', "ActivityCount: is not what the batch adds up to"),
        ("ctr", 'TotalAmount="', 'TotalAmount="1', "TotalAmount: is not what the batch adds up to"),
        ("ctr", 'SeqNum="2"', 'SeqNum="3"', "SeqNum: a number stands twice"),
        ("ctr", ">Miami<", "> Miami<", "RawCityText: has a space at an end"),
        ("ctr", ">Miami<", ">Mia\u202emi<", "RawCityText: has a character that turns the order"),
        ("ctr", ">Miami<", ">N/A<", "RawCityText: is a word that stands for nothing"),
        ("ctr", ">20260310<", ">20260230<", "TransactionDateText: is no day of the calendar"),
        ("ctr", ">20260310<", ">20260402<", "TransactionDateText: is after the day of filing"),
        ("ctr", ">12001<", ">12000.50<", "is no amount of whole dollars"),
        ("ctr", ">6000<", ">5000<", "TotalCashInReceiveAmountText: is not the sum of its details"),
        ("ctr", ">circle payout<", "><", "OtherCurrencyTransactionActivityDetailText: stands with cash of a kind"),
        ("ctr", ">circle payout<", ">other cash<", "has a word that stands for nothing"),
        ("ctr", ">46<", ">55<", "CurrencyTransactionActivityDetail: the same kind stands twice"),
        ("ctr", ">user1<", ">user-1<", "AccountNumberText: is no bare number"),
        ("ctr", ">37<", ">35<", "Party: there is not just one of type 35"),
        (
            "ctr",
            "AggregateTransactionIndicator></",
            "AggregateTransactionIndicator>Y</",
            "AggregateTransactionIndicator: stands only where no conducting person is known",
        ),
        ("ctr", "InitialReportIndicator>Y<", "InitialReportIndicator><", "a report is the first one, or corrects one"),
        ("sar", 'PartyCount="2"', 'PartyCount="12"', "PartyCount: is not what the batch adds up to"),
        ("sar", ">114<", ">812<", "SuspiciousActivityTypeID: is not the type of its subtype"),
        (
            "sar",
            "NarrativeSequenceNumber>1<",
            "NarrativeSequenceNumber>2<",
            "the blocks of the narrative are not numbered",
        ),
        ("sar", "ToDateText>2026", "ToDateText>2025", "SuspiciousActivityToDateText: is before the first day"),
        ("sar", "InitialReportIndicator>Y<", "InitialReportIndicator><", "ActivityAssociation"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_element_and_no_value(
    kind: str, right: str, wrong: str, said: str
) -> None:
    assert right in good(kind)
    found = problems(good(kind).replace(right, wrong, 1), kind)
    assert any(said in each for each in found), found
    assert not any(value in each for each in found for value in ("Miami", "user-1", "12000.50"))


def test_what_is_no_xml_or_names_a_document_type_is_refused() -> None:
    assert problems("<a", "ctr")
    assert problems('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "ctr") == ["line 1: declares a document type"]
    assert problems("<a/>", "ctr") == ["line 1: is no batch of FinCEN's"]
    assert problems("\ud800", "ctr")
