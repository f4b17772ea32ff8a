"""The fonts of a PDF, embedded in it: FiraGO, and Noto Sans CJK where a text has what only that has.

Together they have Latin with every accent, Greek, Cyrillic, Georgian, Arabic, Hebrew, Devanagari, Thai, Chinese,
Japanese and Korean. Both are under the SIL Open Font License and come as packages.
"""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import as_file
from pathlib import Path
from typing import Any

import pymupdf_fonts
from fpdf import FPDF
from noto_cjk_sans_jp_regular import FONT_PATH

from lakay_streams.reports.visible import code_point, is_hidden

FONT, FALLBACK = "FiraGO", "NotoSansCJK"


class Typeface:
    """The fonts of one document."""

    def __init__(self, paper: FPDF, folder: Path, cjk: Path, texts: Iterable[str]) -> None:
        """Add to `paper` what `texts` need; files in `folder` and `cjk` must be there until it is written."""
        self._missing: set[str] = set()
        for style, name in (("", "figo"), ("B", "figbo")):
            file = folder / f"{name}.ttf"
            file.write_bytes(pymupdf_fonts.fontbuffers[name]())
            paper.add_font(FONT, style, file)
        self._known = _characters(paper, FONT)
        characters = {char for text in texts for char in text}
        # It takes as long as all the rest.
        paper.set_text_shaping(any(map(_is_shaped, characters)))
        if not characters <= self._known:
            paper.add_font(FALLBACK, "", cjk)
            paper.set_fallback_fonts([FALLBACK], exact_match=False)
            self._known |= _characters(paper, FALLBACK)

    @property
    def missing(self) -> list[str]:
        """The code points of characters that no font has, as far as texts were shown."""
        return sorted(self._missing)

    def shown(self, text: str) -> str:
        """Return a text with the code point of what no font has, or what cannot be seen, in its place."""
        return "".join(char if self._has(char) else self._told(char) for char in text)

    def _has(self, char: str) -> bool:
        return char == "\n" or (char in self._known and not is_hidden(char))

    def _told(self, char: str) -> str:
        if not is_hidden(char):
            self._missing.add(code_point(char))
        return f"[{code_point(char)}]"


@contextmanager
def typeface(paper: FPDF, texts: Iterable[str]) -> Iterator[Typeface]:
    """Lend the fonts that `texts` need to `paper`, which must be written before they are taken back."""
    with tempfile.TemporaryDirectory(prefix="lakay-fonts-") as folder, as_file(FONT_PATH) as cjk:
        try:
            yield Typeface(paper, Path(folder), cjk, texts)
        finally:
            for family in paper.fonts:
                _font(paper, family).ttfont.close()


def _is_shaped(char: str) -> bool:
    """Return whether a character is written from right to left, or joins the one beside it."""
    return unicodedata.bidirectional(char) in {"R", "AL", "AN"} or unicodedata.category(char) in {"Mn", "Mc", "Me"}


def _characters(paper: FPDF, family: str) -> set[str]:
    return set(map(chr, _font(paper, family.lower()).cmap))


def _font(paper: FPDF, key: str) -> Any:
    # fpdf2 types it as any font, and the built-in ones have neither a file nor a map of characters.
    return paper.fonts[key]
