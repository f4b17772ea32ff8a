#!/usr/bin/env bash
# pendulum.datetime and pendulum.instance give the same local time different moments.
#
# Expected: Both make a moment from a local time and a zone; in the skipped and in the repeated hour one library has
#   one rule.
# Seen: 02:30 of the skipped hour is 03:30 by datetime() and parse() and 01:30 by instance(); 01:30 of the repeated
#   hour is the second by datetime() and parse() and the first by instance(): an hour apart each.
# Cost: A value that is parsed and one that comes through a driver as a naive datetime differ, and the order of
#   events turns.
# Instead: Attach the zone with zoneinfo and an explicit fold, convert to UTC, and give pendulum that.
# Version: pendulum 3.3.0, tzdata 2026.6.
# Source: PEP 495 (fold is 0 by default); pendulum's datetime() has fold=1 as default, instance() keeps the
#   argument's fold.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check pendulum==3.3.0 tzdata==2026.6
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys
from importlib.metadata import version

import pendulum

ZONE = "America/Port-au-Prince"
print("pendulum", version("pendulum"))
seen = {}
for local in (datetime.datetime(2026, 3, 8, 2, 30), datetime.datetime(2026, 11, 1, 1, 30)):
    made = (
        pendulum.datetime(local.year, local.month, local.day, local.hour, local.minute, tz=ZONE),
        pendulum.parse(local.isoformat(), tz=ZONE),
        pendulum.instance(local, tz=ZONE),
    )
    seen[local.isoformat()] = [moment.isoformat() for moment in made]
    print(local, "datetime, parse, instance:", seen[local.isoformat()])
sys.exit(
    seen
    != {
        "2026-03-08T02:30:00": ["2026-03-08T03:30:00-04:00"] * 2 + ["2026-03-08T01:30:00-05:00"],
        "2026-11-01T01:30:00": ["2026-11-01T01:30:00-05:00"] * 2 + ["2026-11-01T01:30:00-04:00"],
    }
)
PYTHON
