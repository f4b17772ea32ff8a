#!/usr/bin/env bash
# Python's datetime.fromisoformat takes half an hour for half a second.
#
# Expected: ISO 8601 lets the last unit have a fraction: 12.5 is half past twelve. Python's documentation says that
#   fractional hours and minutes are not supported, so one expects ValueError.
# Seen: "2026-03-08T12.5Z" becomes 12:00:00.5, and "12:30.5" becomes 12:30:00.5: the fraction is added as one of a
#   second. Offsets are not checked either: -05:75 becomes -06:15.
# Cost: A sender's valid moment is silently up to an hour off, which moves velocity windows and the order of events.
# Instead: Check the text against RFC 3339 (seconds required, offset minutes below 60) before fromisoformat, or use
#   a parser that refuses it, such as msgspec's.
# Version: Python 3.11.7, 3.12.1 and 3.13.0, beside isodate 0.7.2 and aniso8601 10.0.1.
# Source: Python's documentation of datetime.fromisoformat, list of exceptions; ISO 8601-1:2019, decimal
#   representations of time of day.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check isodate==0.7.2 aniso8601==10.0.1
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys
from importlib.metadata import version

import aniso8601
import isodate

parse = datetime.datetime.fromisoformat
seen = {
    "Python, 12.5 hours": str(parse("2026-03-08T12.5Z").time()),
    "isodate, 12.5 hours": str(isodate.parse_datetime("2026-03-08T12.5Z").time()),
    "aniso8601, 12.5 hours": str(aniso8601.parse_datetime("2026-03-08T12.5Z").time()),
    "Python, 12:30.5": str(parse("2026-03-08T12:30.5Z").time()),
    "Python, offset -05:75": parse("2026-03-08T12:00:00-05:75").isoformat(),
}
print("Python", sys.version.split()[0], "isodate", version("isodate"), seen)
sys.exit(
    seen
    != {
        "Python, 12.5 hours": "12:00:00.500000",
        "isodate, 12.5 hours": "12:30:00",
        "aniso8601, 12.5 hours": "12:30:00",
        "Python, 12:30.5": "12:30:00.500000",
        "Python, offset -05:75": "2026-03-08T12:00:00-06:15",
    }
)
PYTHON
