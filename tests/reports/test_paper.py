"""A PDF has the characters of every name, and shows by its code point what no font has or nobody can see."""

from __future__ import annotations

import re

import pytest
from fpdf import FPDF

from lakay_streams.reports.fonts import typeface
from lakay_streams.reports.layout import Block, Facts, Notice, Section, Sheet, Table, Text
from lakay_streams.reports.pages import html_of
from lakay_streams.reports.paper import pdf_of

NAMES = (
    "Jean-Baptiste Désir, Kafou Fèy, bòdwo a",
    "Françoise Çelik-Ångström, œuvre, €",
    "Nguyễn Thị Ánh",
    "Ọlá Ẹniọlá",
    "Łukasz Żółć",
    "Мария Іванова",
    "Ελένη Παπαδοπούλου",
    "محمد الأحمد",
    "דוד כהן",
    "ნინო ბერიძე",
    "สมชาย ใจดี",
    "क्षत्रिय",
    "王小明",
    "田中さくら",
    "김철수",
)


def sheet(*texts: str) -> Sheet:
    """Return a sheet with texts in a block of every kind."""
    blocks: tuple[Block, ...] = (
        Facts(tuple(("Name", text) for text in texts)),
        Table(("Name",), tuple((text,) for text in texts)),
        Text(tuple(("", text) for text in texts)),
        *map(Notice, texts),
    )
    return Sheet("Title", "Days", "MARK", Facts(()), (Section("Section", blocks),))


def fonts_of(pdf: bytes) -> set[str]:
    """Return the fonts of a PDF, without the mark of a subset."""
    return {name.decode().partition("+")[2] or name.decode() for name in re.findall(rb"/BaseFont /([^\s/]+)", pdf)}


@pytest.mark.parametrize("name", NAMES)
def test_every_character_of_a_name_is_shown_as_it_is(name: str) -> None:
    with typeface(FPDF(), [name]) as face:
        assert face.shown(name) == name
        assert face.missing == []


def test_the_fonts_are_in_the_file_and_the_large_one_only_where_it_is_needed() -> None:
    plain, mixed = pdf_of(sheet("Désir")), pdf_of(sheet("Désir", "王小明"))
    assert plain.count(b"/FontFile") == len(fonts_of(plain)) == 2
    assert mixed.count(b"/FontFile") == len(fonts_of(mixed)) == 3
    assert len(mixed) < 200_000, "only what is shown is in it"


def test_a_page_of_every_script_has_the_same_bytes_each_time() -> None:
    assert pdf_of(sheet(*NAMES)) == pdf_of(sheet(*NAMES))


def test_what_no_font_has_is_shown_as_its_code_point_and_told() -> None:
    with typeface(FPDF(), ["አበበ"]) as face:
        assert face.shown("አበበ x") == "[U+12A0][U+1260][U+1260] x"
        assert face.missing == ["U+1260", "U+12A0"]
    assert pdf_of(sheet("አበበ")).startswith(b"%PDF-")


def test_what_cannot_be_seen_is_shown_as_its_code_point_on_paper_and_on_a_page() -> None:
    with typeface(FPDF(), []) as face:
        assert face.shown("evil\u202egnp.exe") == "evil[U+202E]gnp.exe"
    page = html_of(sheet("evil\u202egnp.exe", "<b>\u2066")).decode()
    assert "evil[U+202E]gnp.exe" in page
    assert "\u202e" not in page
    assert "&lt;b&gt;[U+2066]" in page
