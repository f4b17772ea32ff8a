#!/usr/bin/env bash
# pydantic reads P5Y as 1,825 days: five years of keeping records end a day or two early.
#
# Expected: A year has no fixed length, so a timedelta cannot hold P5Y: one expects a refusal, as msgspec's, or a
#   calendar duration, as isodate's.
# Seen: pydantic takes each year as 365 days and each month as 30: P5Y is 1,825 days although five years have 1,826
#   or 1,827, and P12M is five days shorter than P1Y.
# Cost: A retention period of five years (31 CFR 1010.430) that is configured as P5Y deletes records while the law
#   still asks for them.
# Instead: Configure days (P1827D), or keep years as a number and add them to a date.
# Version: pydantic 2.14.3, beside msgspec 0.22.0 and isodate 0.7.2.
# Source: ISO 8601-1:2019, nominal durations; 31 CFR 1010.430(d).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    pydantic==2.14.3 msgspec==0.22.0 isodate==0.7.2
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys

import isodate
import msgspec
import pydantic

read = pydantic.TypeAdapter(datetime.timedelta).validate_python
try:
    msgspec.convert("P5Y", datetime.timedelta)
    refused = False
except msgspec.ValidationError:
    refused = True
opened = datetime.date(2021, 3, 1)
seen = {
    "pydantic, P5Y": read("P5Y").days,
    "pydantic, P1Y": read("P1Y").days,
    "pydantic, P12M": read("P12M").days,
    "msgspec refuses P5Y": refused,
    "kept until, pydantic": str(opened + read("P5Y")),
    "kept until, isodate": str(opened + isodate.parse_duration("P5Y")),
}
print("pydantic", pydantic.VERSION, seen)
sys.exit(
    seen
    != {
        "pydantic, P5Y": 1825,
        "pydantic, P1Y": 365,
        "pydantic, P12M": 360,
        "msgspec refuses P5Y": True,
        "kept until, pydantic": "2026-02-28",
        "kept until, isodate": "2026-03-01",
    }
)
PYTHON
