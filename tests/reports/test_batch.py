"""FinCEN's schemas take what is written, and refuse what is broken; a refusal tells no value and stores nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lakay_streams.errors import ReportError
from lakay_streams.reports.amounts import dollars_up, parts_up
from lakay_streams.reports.batch import refusals, validated
from lakay_streams.reports.fincen.values import cleaned
from tests.reports.batches import ctr_batch
from tests.reports.office import FILER, OFFICER, ROOT, Office


def minimal(folder: Path) -> str:
    """Return the skeleton of a batch that lies beside FinCEN's schemas."""
    return (folder / "ctr-minimal.xml").read_text()


def test_the_skeleton_that_comes_with_the_schemas_passes(fincen_schemas: Path) -> None:
    assert refusals(minimal(fincen_schemas), "ctr", fincen_schemas) == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("<fc2:FormTypeCode>CTRX</fc2:FormTypeCode>", "", "Activity: element-content"),
        ("CTRX<", "SARX<", "FormTypeCode: cvc-elt-5-2-2-2-2"),
        ('SeqNum="16"', 'SeqNum="2"', "CurrencyTransactionActivityDetail: cvc-idc"),
        (">Jean<", "> Jean<", "RawPartyFullName: spaces at an end"),
        (">34<", ">99<", "ActivityPartyTypeCode: cvc-enumeration-valid"),
        (">20261120<", ">20261320<", "TransactionDateText: cvc-pattern-valid"),
        (' ActivityCount="1"', "", "EFilingBatchXML: cvc-complex-type-4"),
    ],
)
def test_a_broken_batch_is_refused_with_element_and_rule_and_no_value(
    right: str, wrong: str, said: str, fincen_schemas: Path
) -> None:
    whole = minimal(fincen_schemas)
    assert right in whole
    (first, *_) = refusals(whole.replace(right, wrong, 1), "ctr", fincen_schemas)
    assert said in first
    assert "Jean" not in first
    with pytest.raises(ReportError, match=r"The batch is not stored, since EFL_CTRXBatchSchema\.xsd refuses it"):
        validated(whole.replace(right, wrong, 1), "ctr", FILER.model_copy(update={"fincen_schemas": fincen_schemas}))


async def test_what_is_invalid_is_never_stored(office: Office) -> None:
    # As no setting that was validated can be: longer than a city may be.
    office.filed_by(office.settings.filing.model_copy(update={"filer_city": "Miami" * 20}))
    await office.learns("user-1", "03-10 12:00 deposit 12,000 cash")
    with pytest.raises(ReportError, match="RawCityText: has more than 50 characters") as refused:
        await office.reports.generate_ctr(date(2026, 3, 1), date(2026, 3, 31), actor=OFFICER)
    assert "MiamiMiami" not in str(refused.value)
    assert await office.fetches("SELECT count(*) FROM reports") == [(0,)]
    assert await office.fetches("SELECT count(*) FROM filings") == [(0,)]


def test_where_the_rules_and_the_schema_disagree_it_is_said_which_said_what(fincen_schemas: Path) -> None:
    filer = FILER.model_copy(update={"fincen_schemas": fincen_schemas})
    miscounted = ctr_batch("03-10 12:00 deposit 12,000 cash").replace('PartyCount="6"', 'PartyCount="1"')
    said = r"the project's own rules refuse it \(line 1, PartyCount: .*\), while EFL_CTRXBatchSchema\.xsd would take it"
    with pytest.raises(ReportError, match=said):
        validated(miscounted, "ctr", filer)


def test_texts_have_no_control_characters_and_no_space_too_many() -> None:
    assert cleaned(" Jean\u00a0\tP\x00ierre \r\n Étienne ") == "Jean P ierre Étienne"


def test_amounts_are_rounded_up_and_parts_add_up_to_their_sum() -> None:
    assert [dollars_up(minor) for minor in (0, 1, 100, 101, 1_000_001)] == [0, 1, 1, 2, 10_001]
    assert parts_up({"a": 400_030, "b": 400_030, "c": 400_030}) == {"a": 4_000, "b": 4_000, "c": 4_001}
    assert parts_up({"a": 150, "b": 100}) == {"a": 2, "b": 1}


def test_fincens_schemas_are_not_the_projects_to_ship() -> None:
    # Environments beside them hold other packages' schemas.
    folders = [folder for folder in ROOT.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
    assert not [*ROOT.glob("*.xsd"), *(path for folder in folders for path in folder.rglob("*.xsd"))]
