#!/usr/bin/env bash
# polars rounds the product and the quotient of decimals to the larger scale of the two.
#
# Expected: A product of decimals needs the sum of their scales; DuckDB and pyarrow, which share memory with polars,
#   give it.
# Seen: 12.34 times 0.0299 is 0.3690 in polars and 0.368966 in the others, 0.25 times 0.25 is 0.06; the result's
#   type is decimal(38) with the operands' scale.
# Cost: Fees and conversions are rounded at every step, half to even, before they are added up; the same query gives
#   other cents elsewhere.
# Instead: Cast the factors to the scale that the result needs first, and round once at the end.
# Version: polars 2.1.0, beside pyarrow 26.0.0 and DuckDB 2.0.1.
# Source: SQL:2016, data type of the result of multiplication (implementation-defined precision, scale the sum);
#   DuckDB's and Arrow's documentation of decimal multiplication.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    polars==2.1.0 pyarrow==26.0.0 duckdb==2.0.1
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from decimal import Decimal

import duckdb
import polars
import pyarrow
import pyarrow.compute

print("polars", polars.__version__, "pyarrow", pyarrow.__version__, "duckdb", duckdb.__version__)
seen = {}
for left, right in (("12.34", "0.0299"), ("0.25", "0.25")):
    a, b = Decimal(left), Decimal(right)
    frame = polars.DataFrame({"a": [a], "b": [b]})
    answers = (
        frame.select(polars.col("a") * polars.col("b")).item(),
        pyarrow.compute.multiply(pyarrow.scalar(a), pyarrow.scalar(b)).as_py(),
        duckdb.execute(f"SELECT {left} * {right}").fetchone()[0],
    )
    seen[left, right] = tuple(str(answer) for answer in answers)
    print(left, "*", right, "polars, pyarrow, DuckDB:", seen[left, right])
sys.exit(
    seen
    != {
        ("12.34", "0.0299"): ("0.3690", "0.368966", "0.368966"),
        ("0.25", "0.25"): ("0.06", "0.0625", "0.0625"),
    }
)
PYTHON
