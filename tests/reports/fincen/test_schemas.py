"""FinCEN's schemas, where they are: they take what is written, and whatever they refuse our own checker refuses."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from lxml import etree

from lakay_streams.errors import ReportError
from lakay_streams.reports.batch import refusals, validated
from lakay_streams.reports.fincen.checking import NAMESPACE, problems
from tests.reports.batches import ctr_batch
from tests.reports.fincen.test_checking import good
from tests.reports.office import FILER, schemas

FOLDER: Path = schemas() or pytest.skip(
    "Batches were not compared with FinCEN's own schemas, which are not here: name their folder in "
    "LAKAY_TEST_FINCEN_SCHEMAS",
    allow_module_level=True,
)


def minimal() -> str:
    """Return the skeleton of a batch that lies beside FinCEN's schemas."""
    return (FOLDER / "ctr-minimal.xml").read_text()


def test_the_skeleton_that_comes_with_the_schemas_passes() -> None:
    assert refusals(minimal(), "ctr", FOLDER) == []


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
def test_a_broken_batch_is_refused_with_element_and_rule_and_no_value(right: str, wrong: str, said: str) -> None:
    whole = minimal()
    assert right in whole
    (first, *_) = refusals(whole.replace(right, wrong, 1), "ctr", FOLDER)
    assert said in first
    assert "Jean" not in first
    with pytest.raises(ReportError, match=r"The batch is not stored, since EFL_CTRXBatchSchema\.xsd refuses it"):
        validated(whole.replace(right, wrong, 1), "ctr", FILER.model_copy(update={"fincen_schemas": FOLDER}))


def test_where_the_rules_and_the_schema_disagree_it_is_said_which_said_what() -> None:
    filer = FILER.model_copy(update={"fincen_schemas": FOLDER})
    miscounted = ctr_batch("03-10 12:00 deposit 12,000 cash").replace('PartyCount="6"', 'PartyCount="1"')
    said = r"the project's own rules refuse it \(line 1, PartyCount: .*\), while EFL_CTRXBatchSchema\.xsd would take it"
    with pytest.raises(ReportError, match=said):
        validated(miscounted, "ctr", filer)


TEXTS = ["", "Y", "N", "1", "0", "-1", "99", "998", "L", "CTRX", " x", "x ", "x\ny", "x" * 51, "x" * 4001, "20261340"]
TEXTS += ["20260230", "12.50", "+5", "US", "U", "\u202e", "\uff11\uff12", "000000000", "1" * 30]
NAMES = ["Party", "Address", "PartyName", "RawCityText", "SeqNum", "Unheard", "FilingDateText", "Account"]


def mutate(root: Any, data: st.DataObject) -> None:
    """Change one thing of a batch."""
    elements = list(root.iter())
    element = data.draw(st.sampled_from(elements), label="element")
    parent = element.getparent()
    how = data.draw(
        st.sampled_from(["text", "tail", "drop", "twice", "swap", "rename", "attribute", "unset", "add", "move"])
    )
    event(how)
    match how:
        case "text" if not len(element):
            element.text = data.draw(
                st.sampled_from(TEXTS) | st.text(st.characters(codec="utf-8", exclude_categories=["C"]))
            )
        case "tail" if parent is not None:
            element.tail = data.draw(st.sampled_from(["x", " ", "\n"]))
        case "drop" if parent is not None:
            parent.remove(element)
        case "twice" if parent is not None:
            element.addnext(copy.deepcopy(element))
        case "swap" if parent is not None and element.getnext() is not None:
            element.getnext().addnext(element)
        case "rename":
            name = data.draw(st.sampled_from(NAMES))
            element.tag = name if data.draw(st.booleans()) else f"{{{NAMESPACE}}}{name}"
        case "attribute":
            name = data.draw(st.sampled_from(["SeqNum", "TotalAmount", "PartyCount", "x"]))
            element.set(name, data.draw(st.sampled_from(["1", "2", "-1", "1.5", "x", "", " 7", "9" * 25])))
        case "unset" if element.attrib:
            del element.attrib[data.draw(st.sampled_from(list(element.attrib)))]
        case "add":
            added = etree.SubElement(element, f"{{{NAMESPACE}}}{data.draw(st.sampled_from(NAMES))}")
            added.text = data.draw(st.sampled_from(TEXTS))
        case "move" if parent is not None:
            target = data.draw(st.sampled_from(elements))
            assume(element not in (target, *target.iterancestors()))
            target.append(element)


@pytest.mark.parametrize("kind", ["ctr", "sar"])
def test_a_batch_of_ours_is_taken_by_both(kind: str) -> None:
    validation = validated(good(kind), kind, FILER.model_copy(update={"fincen_schemas": FOLDER}))
    assert validation.validated
    assert validation.against == f"EFL_{kind.upper()}XBatchSchema.xsd and the project's own rules"


@pytest.mark.parametrize("kind", ["ctr", "sar"])
@given(data=st.data(), times=st.integers(1, 3))
@settings(max_examples=200, deadline=None)
def test_whatever_fincens_schema_refuses_is_refused(kind: str, data: st.DataObject, times: int) -> None:
    root = etree.fromstring(good(kind).encode())
    for _ in range(times):
        mutate(root, data)
    xml = etree.tostring(root, encoding="unicode")
    if refused := refusals(xml, kind, FOLDER):
        assert problems(xml, kind), refused
