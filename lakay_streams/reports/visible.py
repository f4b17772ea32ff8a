"""What a reader must not be deceived by: characters that cannot be seen are shown as their code points.

A name with a right-to-left override in it reads as another one (CVE-2021-42574 tells of the kind).
"""

from __future__ import annotations

import unicodedata

_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")
"""They shape the letters beside them, as names in Persian and in Indian languages are written."""


def is_hidden(char: str) -> bool:
    """Return whether a character cannot be seen, a space and a line break excepted."""
    return char not in _JOINERS and char != "\n" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def code_point(char: str) -> str:
    """Return what a character is called, such as U+202E."""
    return f"U+{ord(char):04X}"


def visible(text: str) -> str:
    """Return a text whose hidden characters are shown as their code points."""
    return "".join(f"[{code_point(char)}]" if is_hidden(char) else char for char in text)
