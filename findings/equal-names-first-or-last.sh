#!/usr/bin/env bash
# Of two equal names in a JSON object DuckDB and polars take the first, every decoder here the last.
#
# Expected: RFC 8259 leaves equal names to the reader; one expects the readers of one data platform to agree.
# Seen: json, orjson and msgspec answer with the last value, DuckDB's JSON functions and polars with the first, and
#   DuckDB's read_json with an error.
# Cost: What a service decided on is not what an analyst reads in the archive of the same bytes.
# Instead: Reject objects with equal names where they enter, and archive what was decided on, not the raw text
#   alone.
# Version: DuckDB 2.0.1, polars 2.1.0, orjson 3.13.0, msgspec 0.22.0.
# Source: RFC 8259, section 4.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    duckdb==2.0.1 polars==2.1.0 orjson==3.13.0 msgspec==0.22.0
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import io
import json
import sys

import duckdb
import msgspec
import orjson
import polars

TEXT = '{"amount":1,"amount":2}'
with open("events.json", "w") as file:
    file.write(TEXT)
try:
    of_file = duckdb.execute("SELECT amount FROM read_json('events.json')").fetchone()
except duckdb.InvalidInputException:
    of_file = "InvalidInputException"
seen = {
    "json": json.loads(TEXT)["amount"],
    "orjson": orjson.loads(TEXT)["amount"],
    "msgspec": msgspec.json.decode(TEXT)["amount"],
    "polars": polars.read_ndjson(io.StringIO(TEXT))["amount"][0],
    "DuckDB, ->>": int(duckdb.execute("SELECT (?::JSON)->>'amount'", [TEXT]).fetchone()[0]),
    "DuckDB, read_json": of_file,
}
print("duckdb", duckdb.__version__, "polars", polars.__version__, seen)
sys.exit(
    seen
    != {
        "json": 2,
        "orjson": 2,
        "msgspec": 2,
        "polars": 1,
        "DuckDB, ->>": 1,
        "DuckDB, read_json": "InvalidInputException",
    }
)
PYTHON
