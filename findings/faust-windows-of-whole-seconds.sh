#!/usr/bin/env bash
# Faust's windows step by whole seconds: tumbling windows of 2.5 s overlap, and none may be shorter than 1 s.
#
# Expected: A window's size is a number of seconds that may be a float or a timedelta; tumbling windows are
#   "fixed-size, non-overlapping, gap-less" (its docstring).
# Seen: The step is cut to an integer: with 2.5 s a record at second 2 is counted in two windows; with 1.5 s one at
#   second 100.7 is counted in the window from 100.0, while current() reads the one from 100.5; half a second raises
#   ValueError at the first record. Windows end a tenth of a second early: 9.95 is given the window (0.0, 9.9).
# Cost: Counts are doubled, or are read from another window than they were written to.
# Instead: Use whole seconds, or bucket the event time yourself.
# Version: faust-streaming 0.15.3.
# Source: Faust's user guide, "Tables", windowing; docstring of faust.TumblingWindow.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check faust-streaming==0.15.3
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from faust.windows import TumblingWindow


def ranges(size, timestamp):
    try:
        return [tuple(window) for window in TumblingWindow(size).ranges(timestamp)]
    except ValueError as error:
        return str(error)


seen = {
    "2.5 s, second 2": ranges(2.5, 2.0),
    "1.5 s, second 100.7": ranges(1.5, 100.7),
    "1.5 s, second 100.7, current()": tuple(TumblingWindow(1.5).current(100.7)),
    "0.5 s, second 2": ranges(0.5, 2.0),
    "10 s, second 9.95": ranges(10.0, 9.95),
}
print("faust-streaming", version("faust-streaming"), seen)
sys.exit(
    seen
    != {
        "2.5 s, second 2": [(0.0, 2.4), (2.0, 4.4)],
        "1.5 s, second 100.7": [(100.0, 101.4)],
        "1.5 s, second 100.7, current()": (100.5, 101.9),
        "0.5 s, second 2": "range() arg 3 must not be zero",
        "10 s, second 9.95": [(0.0, 9.9)],
    }
)
PYTHON
