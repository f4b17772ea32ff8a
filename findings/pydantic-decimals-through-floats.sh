#!/usr/bin/env bash
# pydantic reads a JSON number into a Decimal by way of a float; msgspec does not.
#
# Expected: model_validate_json has the digits before it, and a field of type Decimal asks for exactly them: 0.10 is
#   Decimal("0.10"), as in msgspec.
# Seen: 0.10 loses its scale, 12345678901234567.89 loses its cents and gains one, and 1.0000000000000000000000001
#   becomes 1.
# Cost: Equality of canonical texts, signatures and scales breaks for every amount that ends in zero, and large
#   totals change value without an error.
# Instead: Send amounts as JSON strings or integer minor units, or decode with msgspec.
# Version: pydantic 2.14.3 and msgspec 0.22.0.
# Source: RFC 8259, section 6 (the reader sets the limits of precision); pydantic's conversion table takes numbers
#   for Decimal and names no loss.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pydantic==2.14.3 msgspec==0.22.0
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from decimal import Decimal

import msgspec
import pydantic


class Model(pydantic.BaseModel):
    amount: Decimal


class Struct(msgspec.Struct):
    amount: Decimal


print("pydantic", pydantic.VERSION, "msgspec", msgspec.__version__)
seen = {}
for digits in ("0.10", "12345678901234567.89", "1.0000000000000000000000001"):
    document = b'{"amount":%s}' % digits.encode()
    seen[digits] = (
        str(Model.model_validate_json(document).amount),
        str(msgspec.json.decode(document, type=Struct).amount),
    )
    print(digits, "pydantic:", seen[digits][0], "msgspec:", seen[digits][1])
sys.exit(
    seen
    != {
        "0.10": ("0.1", "0.10"),
        "12345678901234567.89": ("12345678901234568", "12345678901234567.89"),
        "1.0000000000000000000000001": ("1", "1.0000000000000000000000001"),
    }
)
PYTHON
