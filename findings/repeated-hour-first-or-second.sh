#!/usr/bin/env bash
# 01:30 of the repeated hour is the first one to Python and the second one to DuckDB.
#
# Expected: A local time without an offset, in America/Port-au-Prince, means one moment on both sides of a query;
#   where it is ambiguous, one expects an error as polars and pyarrow give.
# Seen: Python's datetime takes the first (fold=0, daylight time), DuckDB's AT TIME ZONE the second (standard time):
#   an hour apart. In the skipped hour they agree.
# Cost: A report of a business day in Haiti, filtered once in Python and once in SQL, differs by an hour's transfers
#   each November.
# Instead: Convert the bounds to UTC in one place, and pass UTC to the query.
# Version: DuckDB 2.0.1, tzdata 2026.6, Python 3.11.7.
# Source: PEP 495 (fold); PostgreSQL's rule for ambiguous times (standard time), which DuckDB follows.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==2.0.1 tzdata==2026.6
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import datetime
import sys
from zoneinfo import ZoneInfo

import duckdb

ZONE = "America/Port-au-Prince"
duckdb.execute("SET TimeZone = 'UTC'")
seen = {}
for local in ("2026-11-01 01:30:00", "2026-03-08 02:30:00"):
    of_python = datetime.datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(ZONE)).astimezone(datetime.UTC)
    of_duckdb = duckdb.execute("SELECT (?::TIMESTAMP AT TIME ZONE ?)::VARCHAR", [local, ZONE]).fetchone()[0]
    seen[local] = (f"{of_python:%H:%M}", of_duckdb[11:16])
    print(local, ZONE, "in UTC: Python, DuckDB:", seen[local])
print("Python", sys.version.split()[0], "duckdb", duckdb.__version__)
sys.exit(
    seen
    != {
        "2026-11-01 01:30:00": ("05:30", "06:30"),
        "2026-03-08 02:30:00": ("07:30", "07:30"),
    }
)
PYTHON
