#!/usr/bin/env bash
# Babel, py-moneyed and stockholm disagree with ISO 4217, and with each other, on decimals of a currency.
#
# Expected: ISO 4217 gives each currency one number of decimals; a library of currencies is expected to carry it.
# Seen: Babel has CLDR's decimals for display instead: IQD 0 where ISO says 3, COP, HUF and LBP 0 where it says 2
#   (Babel 2.18 still had 2 for COP and HUF); stockholm gives BIF 2 where ISO says 0; py-moneyed and stockholm do
#   not know XCG, the Caribbean guilder since 2025.
# Cost: Minor units that are computed from them are wrong by 100 or 1,000, and Babel's formatted amounts lose the
#   cents that were paid.
# Instead: Keep ISO 4217's own table in the code, with its date; pass currency_digits=False and a pattern to Babel.
# Version: Babel 2.19.0, py-moneyed 3.0, stockholm 0.5.7.
# Source: ISO 4217 list one (SIX, maintenance agency), column "minor unit"; Unicode TR 35 part 3, supplemental
#   currency data, which is about customary display.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    babel==2.19.0 py-moneyed==3.0 stockholm==0.5.7
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from decimal import Decimal
from importlib.metadata import version

import moneyed
from babel.numbers import format_currency, get_currency_precision
from stockholm import currency as stockholm

ISO_4217 = {"USD": 2, "HTG": 2, "KWD": 3, "IQD": 3, "COP": 2, "HUF": 2, "LBP": 2, "BIF": 0, "XCG": 2}


def of_moneyed(code):
    try:
        return len(str(moneyed.get_currency(code).sub_unit)) - 1
    except moneyed.CurrencyDoesNotExist:
        return None


def of_stockholm(code):
    found = getattr(stockholm, code, None)
    return found and found.decimal_digits


print("babel", version("babel"), "py-moneyed", version("py-moneyed"), "stockholm", version("stockholm"))
wrong = {}
for code, digits in ISO_4217.items():
    answers = (get_currency_precision(code), of_moneyed(code), of_stockholm(code))
    print(code, "ISO 4217:", digits, "babel, py-moneyed, stockholm:", answers)
    if any(answer != digits for answer in answers):
        wrong[code] = answers
shown = format_currency(Decimal("1234.56"), "COP", locale="en_US")
print("babel shows 1234.56 COP as", shown)
sys.exit(
    (wrong, shown)
    != (
        {
            "IQD": (0, 3, 3),
            "COP": (0, 2, 2),
            "HUF": (0, 2, 2),
            "LBP": (0, 2, 2),
            "BIF": (0, 0, 2),
            "XCG": (2, None, None),
        },
        "COP1,235",
    )
)
PYTHON
