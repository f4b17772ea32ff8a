#!/usr/bin/env bash
# A leap second is 23:59:59 to whenever, the next day to polars, and an error to Python.
#
# Expected: RFC 3339 allows second 60 where a leap second was inserted, as on 2016-12-31. One expects parsers to
#   agree: all refuse, or all choose the same neighbour.
# Seen: whenever clamps to 23:59:59 of the same day; polars rolls over into the first second of the next day and
#   year, and does so for 2026, which has no leap second; Python and ciso8601 refuse.
# Cost: The same event lands in different days, and in different years' totals, in a service and in the data frame
#   that checks it.
# Instead: Decide it once where the event enters: refuse second 60, or map it to one rule, and store the moment as a
#   number.
# Version: whenever 0.11.0, polars 2.1.0, ciso8601 2.4.1.
# Source: RFC 3339, section 5.7 and appendix D.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    whenever==0.11.0 polars==2.1.0 ciso8601==2.4.1
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys

import ciso8601
import polars
import whenever


def answer(parse, text):
    try:
        return str(parse(text))
    except ValueError as error:
        return type(error).__name__


def in_polars(text):
    return polars.Series([text]).str.to_datetime(time_unit="us", time_zone="UTC")[0].isoformat()


parsers = {
    "Python": datetime.datetime.fromisoformat,
    "ciso8601": ciso8601.parse_datetime,
    "whenever": whenever.Instant,
    "polars": in_polars,
}
print("whenever", whenever.__version__, "polars", polars.__version__)
seen = {}
for text in ("2016-12-31T23:59:60Z", "2026-12-31T23:59:60Z"):
    seen[text] = {name: answer(parse, text) for name, parse in parsers.items()}
    print(text, seen[text])
sys.exit(
    seen
    != {
        "2016-12-31T23:59:60Z": {
            "Python": "ValueError",
            "ciso8601": "ValueError",
            "whenever": "2016-12-31T23:59:59Z",
            "polars": "2017-01-01T00:00:00+00:00",
        },
        "2026-12-31T23:59:60Z": {
            "Python": "ValueError",
            "ciso8601": "ValueError",
            "whenever": "2026-12-31T23:59:59Z",
            "polars": "2027-01-01T00:00:00+00:00",
        },
    }
)
PYTHON
