#!/usr/bin/env bash
# DuckDB rounds 2.5 to 3 or to 2 depending on its type, and cuts the median of decimals.
#
# Expected: One database has one rule for a half, and a median of money is not lower than the mean of the middle
#   two.
# Seen: 2.5 as a decimal casts to 3, as a double to 2, though round() of the double is 3. The median of 0.10 and
#   0.25 as decimals is 0.17 (cut), as doubles 0.175; the average of the same decimals is the double 0.175.
# Cost: A column's type decides cents and counts, and thresholds made from medians lean to one side.
# Instead: Round explicitly with round() or round_even(), and cast to a wider decimal before median and
#   quantile_cont.
# Version: DuckDB 2.0.1.
# Source: DuckDB's documentation of casting and of round, round_even, median.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check duckdb==2.0.1
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys

import duckdb


def one(query):
    return duckdb.execute(query).fetchone()[0]


amounts = "FROM (VALUES (0.10), (0.25)) AS t(amount)"
seen = {
    "decimal 2.5 to integer": one("SELECT CAST(2.5::DECIMAL(2,1) AS INTEGER)"),
    "double 2.5 to integer": one("SELECT CAST(2.5::DOUBLE AS INTEGER)"),
    "round of double 2.5": one("SELECT round(2.5::DOUBLE)"),
    "median of decimals": str(one(f"SELECT median(amount) {amounts}")),
    "median of doubles": one(f"SELECT median(amount::DOUBLE) {amounts}"),
    "average of decimals": one(f"SELECT avg(amount) {amounts}"),
}
print("duckdb", duckdb.__version__, seen)
sys.exit(
    seen
    != {
        "decimal 2.5 to integer": 3,
        "double 2.5 to integer": 2,
        "round of double 2.5": 3.0,
        "median of decimals": "0.17",
        "median of doubles": 0.175,
        "average of decimals": 0.175,
    }
)
PYTHON
