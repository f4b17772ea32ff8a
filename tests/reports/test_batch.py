"""FinCEN's schemas take what is written, and refuse what is broken; a refusal tells no value and stores nothing."""

from __future__ import annotations

from datetime import date

import pytest

from lakay_streams.errors import ReportError
from lakay_streams.reports.amounts import dollars_up, parts_up
from lakay_streams.reports.fincen.values import cleaned
from tests.reports.office import OFFICER, ROOT, Office


async def test_what_is_invalid_is_never_stored(office: Office) -> None:
    # As no setting that was validated can be: longer than a city may be.
    office.filed_by(office.settings.filing.model_copy(update={"filer_city": "Miami" * 20}))
    await office.learns("user-1", "03-10 12:00 deposit 12,000 cash")
    with pytest.raises(ReportError, match="RawCityText: has more than 50 characters") as refused:
        await office.reports.generate_ctr(date(2026, 3, 1), date(2026, 3, 31), actor=OFFICER)
    assert "MiamiMiami" not in str(refused.value)
    assert await office.fetches("SELECT count(*) FROM reports") == [(0,)]
    assert await office.fetches("SELECT count(*) FROM filings") == [(0,)]


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
