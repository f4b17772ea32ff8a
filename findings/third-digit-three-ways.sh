#!/usr/bin/env bash
# The text 2.345 into two decimals: DuckDB says 2.35, polars 2.34, and pyarrow refuses.
#
# Expected: Three engines that pass Arrow memory to each other agree on a cast to decimal(18, 2), or all refuse to
#   lose a digit.
# Seen: DuckDB rounds half away from zero, polars half to even, pyarrow raises ArrowInvalid. To whole numbers 2.999
#   becomes 3 in DuckDB and 2 in polars. pyarrow's division cuts: 2.00 / 3.00 is 0.6666.
# Cost: A file that is loaded by another engine has other cents, and totals no longer reconcile.
# Instead: Read amounts as text or with all their digits, and round once, explicitly, with Python's Decimal or SQL's
#   round.
# Version: DuckDB 2.0.1, polars 2.1.0, pyarrow 26.0.0.
# Source: IEEE 754-2019, section 4.3 (names both directions for halves); the engines' documentation of casts.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    duckdb==2.0.1 polars==2.1.0 pyarrow==26.0.0
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from decimal import Decimal

import duckdb
import polars
import pyarrow
import pyarrow.compute

try:
    in_pyarrow = pyarrow.compute.cast(pyarrow.array(["2.345"]), pyarrow.decimal128(18, 2))[0].as_py()
except pyarrow.ArrowInvalid:
    in_pyarrow = "ArrowInvalid"
quotient = pyarrow.compute.divide(pyarrow.array([Decimal("2.00")]), pyarrow.array([Decimal("3.00")]))
seen = {
    "DuckDB, 2.345": str(duckdb.execute("SELECT '2.345'::DECIMAL(18,2)").fetchone()[0]),
    "polars, 2.345": str(polars.Series(["2.345"]).cast(polars.Decimal(18, 2))[0]),
    "pyarrow, 2.345": in_pyarrow,
    "DuckDB, 2.999 whole": duckdb.execute("SELECT 2.999::DECIMAL(18,3)::BIGINT").fetchone()[0],
    "polars, 2.999 whole": polars.Series([Decimal("2.999")]).cast(polars.Int64)[0],
    "pyarrow, 2.00 / 3.00": str(quotient[0]),
}
print("duckdb", duckdb.__version__, "polars", polars.__version__, "pyarrow", pyarrow.__version__, seen)
sys.exit(
    seen
    != {
        "DuckDB, 2.345": "2.35",
        "polars, 2.345": "2.34",
        "pyarrow, 2.345": "ArrowInvalid",
        "DuckDB, 2.999 whole": 3,
        "polars, 2.999 whole": 2,
        "pyarrow, 2.00 / 3.00": "0.6666",
    }
)
PYTHON
