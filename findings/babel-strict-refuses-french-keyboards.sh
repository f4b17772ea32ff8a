#!/usr/bin/env bash
# Babel's strict parser refuses an amount as a French keyboard writes it.
#
# Expected: strict=True refuses numbers that are written against the locale's habit. In French and in Haiti's French
#   the groups are parted by a space: "1 234,56" is right.
# Seen: Only CLDR's narrow no-break space (U+202F), which no keyboard has, passes; a plain space or a no-break space
#   is NumberFormatError. Without strict all three pass, but so does "1,23" as 123 in English.
# Cost: One chooses between refusing what people type and reading a comma as nothing, a hundredfold amount.
# Instead: Replace spaces between digits by U+202F (or drop them) first, then parse with strict=True.
# Version: Babel 2.19.0.
# Source: Babel's documentation of parse_decimal, strict; CLDR, group symbol of fr.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check babel==2.19.0
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from babel.numbers import NumberFormatError, parse_decimal


def read(text, locale, strict):
    try:
        return str(parse_decimal(text, locale=locale, strict=strict))
    except NumberFormatError:
        return "NumberFormatError"


seen = {
    name: tuple(read(f"1{space}234,56", "fr_HT", strict) for strict in (False, True))
    for name, space in (("space", " "), ("no-break space", "\u00a0"), ("narrow no-break space", "\u202f"))
}
seen["English 1,23"] = tuple(read("1,23", "en_US", strict) for strict in (False, True))
print("babel", version("babel"), "lax and strict:", seen)
sys.exit(
    seen
    != {
        "space": ("1234.56", "NumberFormatError"),
        "no-break space": ("1234.56", "NumberFormatError"),
        "narrow no-break space": ("1234.56", "1234.56"),
        "English 1,23": ("123", "NumberFormatError"),
    }
)
PYTHON
