#!/usr/bin/env bash
# A Faust Record with validation=True cuts 1.5 to 1 and keeps the noise of a float in a Decimal.
#
# Expected: validation=True is there to check that fields have the right type: 1.5 is no int, and 1.1 read from JSON
#   is 1.1.
# Seen: The values are coerced first: 1.5 becomes 1, true becomes 1, and the number 1.1 becomes
#   Decimal("1.100000000000000088817841970012523233890533447265625"), which is then written to the topic in full.
#   Null raises TypeError, not ValidationError.
# Cost: Wrong counts and amounts pass a validation that was switched on to stop them.
# Instead: Decode with a strict decoder (msgspec, or pydantic with strict=True) and hand Faust the bytes.
# Version: faust-streaming 0.15.3.
# Source: faust/models/fields.py: prepare_value converts (int(), Decimal()) before validate looks.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check faust-streaming==0.15.3
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from decimal import Decimal
from importlib.metadata import version

import faust


class Transfer(faust.Record, serializer="json", validation=True):
    count: int
    amount: Decimal


def read(document):
    try:
        transfer = Transfer.loads(document)
    except (TypeError, faust.exceptions.ValidationError) as error:
        return type(error).__name__
    return transfer.count, str(transfer.amount)


noise = "1.100000000000000088817841970012523233890533447265625"
seen = {
    "a half": read(b'{"count": 1.5, "amount": "2.00"}'),
    "true": read(b'{"count": true, "amount": "2.00"}'),
    "a number": read(b'{"count": 1, "amount": 1.1}'),
    "null": read(b'{"count": null, "amount": "2.00"}'),
}
print("faust-streaming", version("faust-streaming"), seen)
sys.exit(
    seen != {"a half": (1, "2.00"), "true": (1, "2.00"), "a number": (1, noise), "null": "TypeError"}
)
PYTHON
