"""What a single value of a batch may be. A rule returns what is wrong, in words without the value, or None.

Source: general instructions of the FinCEN CTR and SAR electronic filing instructions: words that stand for nothing are
prohibited, identifying numbers are one text without hyphens or other signs, amounts are whole dollars, days are
YYYYMMDD. And section 3.2 of both user guides: no space at an end, no line break, no tab, no control character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date

Rule = Callable[[str], str | None]

_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that only turn the order in which others are shown: what is filed must read as it is stored."""

_EMPTY_WORDS = (
    "aka",
    "computer generated",
    "customer",
    "dba",
    "n/a",
    "na",
    "non customer",
    "noncustomer",
    "none",
    "not applicable",
    "other",
    "same",
    "same as above",
    "see above",
    "see narrative",
    "signature card",
    "t/a",
    "unknown",
    "various",
    "xx",
    "xxx",
)
_ANY_EMPTY_WORD = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, _EMPTY_WORDS))})(?!\w)", re.IGNORECASE)
_MOST_AMOUNT_DIGITS = 15


def cleaned(text: str) -> str:
    """Return a text as FinCEN takes it: nothing that cannot be seen, and single spaces between words only."""
    shown = "".join(" " if _is_control(char) else char for char in text if char not in _BIDIRECTIONAL)
    return " ".join(shown.split())


def says_nothing(text: str) -> bool:
    """Return whether a text as a whole is a word that stands for nothing, such as N/A, or has no letter or digit."""
    bare = text.casefold().strip(" .,;:-_*#()[]'\"")
    return bare in _EMPTY_WORDS or not any(char.isalnum() for char in text)


def bare_number(text: str) -> str | None:
    """Return an identifying number without the signs that only part it; None where it is none that may be filed."""
    bare = re.sub(r"[\s._/:-]", "", text)
    if not bare.isascii() or not bare.isalnum() or says_nothing(text) or says_nothing(bare):
        return None
    # One digit over and over is what is typed where a number is not known.
    return None if len(bare) > 1 and len(set(bare)) == 1 else bare


def printable(most: int) -> Rule:
    """Take a text of 1 to `most` characters on one line, such as a narrative."""

    def rule(text: str) -> str | None:
        if not text:
            return "is empty"
        if len(text) > most:
            return f"has more than {most} characters"
        if text != text.strip():
            return "has a space at an end"
        if any(_is_control(char) for char in text):
            return "has a line break, a tab or a control character"
        if any(char in _BIDIRECTIONAL for char in text):
            return "has a character that turns the order of others"
        return None

    return rule


def called(most: int) -> Rule:
    """Take a name or a part of an address: it may have any word in it, but be none that stands for nothing."""

    def rule(text: str) -> str | None:
        return printable(most)(text) or ("is a word that stands for nothing" if says_nothing(text) else None)

    return rule


def described(most: int) -> Rule:
    """Take our own description of something, without any word that stands for nothing."""

    def rule(text: str) -> str | None:
        return called(most)(text) or ("has a word that stands for nothing" if _ANY_EMPTY_WORD.search(text) else None)

    return rule


def number(most: int) -> Rule:
    """Take an identifying number: ASCII letters and digits alone."""

    def rule(text: str) -> str | None:
        if len(text) > most:
            return f"has more than {most} characters"
        return None if text and bare_number(text) == text else "is no bare number of letters and digits"

    return rule


def digits(*lengths: int) -> Rule:
    """Take digits alone, as many as one of `lengths`."""

    def rule(text: str) -> str | None:
        decimal = text.isascii() and text.isdigit()
        return None if decimal and len(text) in lengths else f"is not {' or '.join(map(str, lengths))} digits"

    return rule


def letters(*lengths: int) -> Rule:
    """Take capital letters alone, as many as one of `lengths`: a code of a country or a state."""

    def rule(text: str) -> str | None:
        capital = text.isascii() and text.isalpha() and text.isupper()
        # NA is Namibia here.
        wrong = not capital or len(text) not in lengths or set(text) == {"X"}
        return f"is no code of {' or '.join(map(str, lengths))} capital letters" if wrong else None

    return rule


def dollars(text: str) -> str | None:
    """Take whole dollars above zero, without a sign, a separator or a leading zero."""
    whole = re.fullmatch(r"[1-9][0-9]*", text) is not None and len(text) <= _MOST_AMOUNT_DIGITS
    return None if whole else "is no amount of whole dollars"


def day(text: str) -> str | None:
    """Take a day as YYYYMMDD that the calendar has, of 1900 to 2099."""
    if re.fullmatch(r"(19|20)[0-9]{6}", text):
        try:
            date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            return "is no day of the calendar"
        return None
    return "is no day written YYYYMMDD"


def one_of(*codes: str) -> Rule:
    """Take one of these codes."""
    return lambda text: None if text in codes else "is none of the codes that our batches use"


def perhaps(rule: Rule) -> Rule:
    """Take nothing, or what `rule` takes."""
    return lambda text: rule(text) if text else None


yes = one_of("Y")
"""An indicator that stands only where it is set."""

yes_or_empty = one_of("Y", "")
"""An indicator that stands always."""


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
