#!/usr/bin/env bash
# arrow's shift(hours=24) is 23 hours over the spring change, and pendulum's add(hours=24) is 24.
#
# Expected: Hours are lengths of time, days are dates: shift(hours=24) is 24 hours later, shift(days=1) the same
#   clock time.
# Seen: arrow moves the clock for both, so shift(hours=24) ends 23 hours later, while the difference of the two
#   arrow objects says 24; one hour after 01:30 is by that difference two. pendulum keeps the difference; but
#   pendulum's moment plus timedelta(days=1) is 24 hours, plus duration(days=1) the same clock time.
# Cost: Windows, deadlines and cool-off periods are an hour short or long twice a year.
# Instead: Do arithmetic on UTC, and convert to a zone for display.
# Version: arrow 1.4.0, pendulum 3.3.0, tzdata 2026.6.
# Source: arrow's documentation of Arrow.shift; pendulum's of addition and subtraction.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    arrow==1.4.0 pendulum==3.3.0 tzdata==2026.6
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys
from importlib.metadata import version

import arrow
import pendulum

ZONE = "America/Port-au-Prince"
noon = arrow.get(2026, 3, 7, 12, tzinfo=ZONE)
night = arrow.get(2026, 3, 8, 1, 30, tzinfo=ZONE)
same = pendulum.datetime(2026, 3, 7, 12, tz=ZONE)


def hours(later, earlier):
    utc = datetime.UTC
    return (later.astimezone(utc) - earlier.astimezone(utc)).total_seconds() / 3600


seen = {
    "arrow, shift(hours=24)": hours(noon.shift(hours=24).datetime, noon.datetime),
    "arrow's own difference": (noon.shift(hours=24) - noon).total_seconds() / 3600,
    "arrow's own difference after one hour": (night.shift(hours=1) - night).total_seconds() / 3600,
    "pendulum, add(hours=24)": hours(same.add(hours=24), same),
    "pendulum, timedelta(days=1)": hours(same + datetime.timedelta(days=1), same),
    "pendulum, duration(days=1)": hours(same + pendulum.duration(days=1), same),
}
print("arrow", version("arrow"), "pendulum", version("pendulum"), seen)
sys.exit(
    seen
    != {
        "arrow, shift(hours=24)": 23.0,
        "arrow's own difference": 24.0,
        "arrow's own difference after one hour": 2.0,
        "pendulum, add(hours=24)": 24.0,
        "pendulum, timedelta(days=1)": 24.0,
        "pendulum, duration(days=1)": 23.0,
    }
)
PYTHON
