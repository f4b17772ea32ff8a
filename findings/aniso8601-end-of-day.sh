#!/usr/bin/env bash
# aniso8601 reads 24:00, the end of a day, as the beginning of the same day.
#
# Expected: ISO 8601 writes the end of a day as 24:00: "2026-12-31T24:00:00Z" is the same moment as
#   "2027-01-01T00:00:00Z".
# Seen: aniso8601 answers 2026-12-31T00:00:00Z, a whole day earlier, and says nothing; dateutil and ciso8601 answer
#   the next day. An interval from 00:00 to 24:00 has no length.
# Cost: An event or the end of a reporting period that is written with 24:00 falls a day too early, in December into
#   the wrong year.
# Instead: Refuse hour 24 before parsing (RFC 3339 does not allow it), or parse with dateutil or ciso8601.
# Version: aniso8601 10.0.1, beside python-dateutil 2.9.0.post0 and ciso8601 2.4.1.
# Source: ISO 8601-1:2019/Amd 1:2022, which brought 24:00:00 back as the end of a calendar day; W3C XML Schema 1.1
#   part 2, dateTime.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    aniso8601==10.0.1 python-dateutil==2.9.0.post0 ciso8601==2.4.1
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys
from importlib.metadata import version

import aniso8601
import ciso8601
from dateutil.parser import isoparse

WRITTEN = "2026-12-31T24:00:00Z"
begin, end = aniso8601.parse_interval("2026-12-31T00:00:00Z/2026-12-31T24:00:00Z")
seen = {
    "aniso8601": aniso8601.parse_datetime(WRITTEN).isoformat(),
    "dateutil": isoparse(WRITTEN).isoformat(),
    "ciso8601": ciso8601.parse_datetime(WRITTEN).isoformat(),
    "length of aniso8601's interval": str(end - begin),
}
print("aniso8601", version("aniso8601"), WRITTEN, seen)
sys.exit(
    seen
    != {
        "aniso8601": "2026-12-31T00:00:00+00:00",
        "dateutil": "2027-01-01T00:00:00+00:00",
        "ciso8601": "2027-01-01T00:00:00+00:00",
        "length of aniso8601's interval": "0:00:00",
    }
)
PYTHON
