#!/usr/bin/env bash
# python-stdnum refuses every ITIN whose middle digits are 50 to 65, which the IRS assigns.
#
# Expected: stdnum.us.itin tells whether a number can be an ITIN. The IRS assigns fourth and fifth digits 50 to 65,
#   70 to 88, 90 to 92 and 94 to 99.
# Seen: Only 70 to 99 without 89 and 93 pass: all of 50 to 65 is InvalidComponent.
# Cost: Migrants with a newer ITIN fail identity checks, and a report goes out without a number that is there.
# Instead: Check the IRS's ranges yourself, and reject no customer because of such a number alone: it has no check
#   digit.
# Version: python-stdnum 2.2.
# Source: IRS, Internal Revenue Manual 3.21.263 (ITIN real-time system), valid ranges; 31 CFR
#   1020.220(a)(2)(i)(A)(4).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check python-stdnum==2.2
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import stdnum.us.itin

IRS = {*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)}
refused = sorted(group for group in IRS if not stdnum.us.itin.is_valid(f"900-{group}-0000"))
print("python-stdnum", version("python-stdnum"), "refuses fourth and fifth digits", refused)
sys.exit(refused != list(range(50, 66)))
PYTHON
