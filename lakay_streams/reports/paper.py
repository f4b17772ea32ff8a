"""A sheet as a PDF, with its fonts in it (`fonts`).

What no font has is shown as its code point, and a notice at the end says so; it is in the report's JSON as it is. The
same report gives the same bytes: no time of drawing is in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from lakay_streams.reports.fonts import FONT, Typeface, typeface
from lakay_streams.reports.layout import Block, Facts, Notice, Section, Sheet, Table, Text

INK, SOFT, MARK, TINT = (27, 36, 48), (91, 103, 117), (138, 28, 28), (245, 247, 250)
WIDE_FROM = 8
"""Columns from which a table is set smaller."""


class _Paper(FPDF):
    """Pages with the report's mark above, and its name and the page below."""

    typeface: Typeface

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(format="letter")
        self._sheet = sheet
        self.set_margins(16, 16)
        self.set_auto_page_break(auto=True, margin=18)
        self.set_title(f"{sheet.title}, {sheet.subtitle}")
        self.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))

    def header(self) -> None:
        """Draw the mark."""
        self.set_font(FONT, "B", 8)
        self.set_text_color(*MARK)
        self.cell(0, 5, self.typeface.shown(self._sheet.mark), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_color(*INK)

    def footer(self) -> None:
        """Draw the name and the page."""
        self.set_y(-13)
        self.set_font(FONT, "", 8)
        self.set_text_color(*SOFT)
        self.cell(0, 5, self.typeface.shown(f"{self._sheet.title}, {self._sheet.subtitle}"))
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="R")
        self.set_text_color(*INK)


def pdf_of(sheet: Sheet) -> bytes:
    """Return the PDF."""
    paper = _Paper(sheet)
    with typeface(paper, _texts(sheet)) as paper.typeface:
        return _drawn(paper, sheet)


def _drawn(paper: _Paper, sheet: Sheet) -> bytes:
    paper.add_page()
    paper.set_font(FONT, "B", 19)
    _line(paper, 9, sheet.title)
    paper.set_font(FONT, "", 11)
    paper.set_text_color(*SOFT)
    _line(paper, 6, sheet.subtitle)
    paper.set_text_color(*INK)
    paper.ln(2)
    _draw(paper, sheet.facts)
    for section in sheet.sections:
        _section(paper, section)
    if missing := paper.typeface.missing:
        paper.ln(2)
        _draw(paper, Notice(f"Shown as code points, since no font here has them: {', '.join(missing)}."))
    return bytes(paper.output())


def _section(paper: _Paper, section: Section) -> None:
    # A heading does not stand alone at the foot of a page.
    if paper.will_page_break(28):
        paper.add_page()
    paper.ln(3)
    paper.set_font(FONT, "B", 12)
    _line(paper, 6, section.title)
    paper.set_draw_color(217, 223, 230)
    paper.line(paper.l_margin, paper.get_y() + 0.5, paper.w - paper.r_margin, paper.get_y() + 0.5)
    paper.ln(2)
    for block in section.blocks:
        _draw(paper, block)


def _draw(paper: _Paper, block: Block) -> None:
    match block:
        case Facts(pairs):
            for name, value in pairs:
                paper.set_font(FONT, "", 9)
                paper.set_text_color(*SOFT)
                paper.cell(46, 5, paper.typeface.shown(name))
                paper.set_text_color(*INK)
                _line(paper, 5, value)
        case Notice(text):
            paper.set_font(FONT, "B", 9)
            paper.set_text_color(*MARK)
            _line(paper, 5, text)
            paper.set_text_color(*INK)
        case Text(paragraphs):
            for topic, text in paragraphs:
                if topic:
                    paper.set_font(FONT, "B", 9)
                    _line(paper, 5, topic)
                paper.set_font(FONT, "", 9)
                _line(paper, 4.6, text)
                paper.ln(1)
        case Table(columns, rows, numeric, _) if rows:
            paper.set_font(FONT, "", 7 if len(columns) >= WIDE_FROM else 8)
            _table(paper, columns, rows, numeric)
        case Table(otherwise=otherwise):
            paper.set_font(FONT, "", 9)
            paper.set_text_color(*SOFT)
            _line(paper, 5, otherwise)
            paper.set_text_color(*INK)
    paper.ln(1.5)


def _table(paper: _Paper, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...], numeric: frozenset[int]) -> None:
    # As wide as what stands in it, within reason: ids break, numbers do not.
    longest = [max(len(cell) for cell in column) for column in zip(columns, *rows, strict=True)]
    widths = tuple(min(max(width, 12), 40) for width in longest)
    aligns = tuple("RIGHT" if number in numeric else "LEFT" for number in range(len(columns)))
    with paper.table(
        col_widths=widths,
        text_align=aligns,
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        cell_fill_color=TINT,
        cell_fill_mode="EVEN_ROWS",
        headings_style=FontFace(emphasis="BOLD", color=SOFT),
        line_height=4.2,
        padding=(0.8, 1.6),
        wrapmode="CHAR" if max(longest) > max(widths) else "WORD",
    ) as table:
        for row in (columns, *rows):
            table.row([paper.typeface.shown(cell) for cell in row])


def _line(paper: _Paper, height: float, text: str) -> None:
    paper.multi_cell(0, height, paper.typeface.shown(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _texts(part: object) -> Iterator[str]:
    """Yield every text of a sheet, or of a part of one: all are tuples of others, and of texts."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple):
        for each in part:
            yield from _texts(each)
