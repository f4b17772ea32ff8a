#!/usr/bin/env bash
# rocksdict sorts negative float keys after the positive ones, and backwards.
#
# Expected: keys(from_key=x) walks the keys from x upwards; with integer keys it does, also below zero.
# Seen: Float keys are ordered by their bytes: 0, 1, 2.5, then -1, -2.5, -100. From -1.0 on there are only the lower
#   ones, and the positive ones are missed.
# Cost: A range over balances, deltas or times before 1970 returns the wrong half, without an error.
# Instead: Use integers (minor units, microseconds) as keys of ranges.
# Version: rocksdict 0.3.29.
# Source: rocksdict's documentation of Rdict.keys, from_key; IEEE 754, sign and magnitude.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check rocksdict==0.3.29
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
import tempfile
from importlib.metadata import version

from rocksdict import Rdict


def walked(kind):
    database = Rdict(tempfile.mkdtemp(dir="."))
    for number in (-100, -3, -1, 0, 1, 2):
        database[kind(number)] = b""
    return list(database.keys()), list(database.keys(from_key=kind(-1)))


seen = {"integers": walked(int), "floats": walked(float)}
print("rocksdict", version("rocksdict"), seen)
sys.exit(
    seen
    != {
        "integers": ([-100, -3, -1, 0, 1, 2], [-1, 0, 1, 2]),
        "floats": ([0.0, 1.0, 2.0, -1.0, -3.0, -100.0], [-1.0, -3.0, -100.0]),
    }
)
PYTHON
