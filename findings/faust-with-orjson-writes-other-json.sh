#!/usr/bin/env bash
# Installing orjson changes the JSON that Faust writes: dates, NaN and large integers.
#
# Expected: The extra faust[orjson] is advertised as a faster JSON library; the bytes in topics and changelogs
#   should not depend on what is installed.
# Seen: Without it a date is "2026-03-08T00:00:00", NaN is the bare word NaN (no JSON), text is escaped to ASCII,
#   integers have any size; with it the date is "2026-03-08", NaN is null, and an integer beyond 64 bits raises
#   TypeError.
# Cost: Two workers of one version but different images write different keys, so state and partitions no longer
#   meet; a transitive install is enough.
# Instead: Encode with one serializer of your own, named in the topic, and pin orjson on or off.
# Version: faust-streaming 0.15.3, with and without orjson 3.13.0.
# Source: Faust's installation page, bundles; faust/utils/json.py.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check faust-streaming==0.15.3
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import subprocess
import sys
from importlib.metadata import version

PROBE = """
import datetime, math
from faust.utils import json

for value in (datetime.date(2026, 3, 8), math.nan, "Kreyòl", 2**70):
    try:
        text = json.dumps(value)
        print(text if isinstance(text, str) else text.decode())
    except TypeError as error:
        print(type(error).__name__)
"""


def written():
    return subprocess.run([sys.executable, "-c", PROBE], check=True, capture_output=True, text=True).stdout.split()


pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
seen = {"without orjson": written()}
subprocess.run([*pip, "orjson==3.13.0"], check=True)
seen["with orjson"] = written()
print("faust-streaming", version("faust-streaming"), "orjson", version("orjson"), seen)
sys.exit(
    seen
    != {
        "without orjson": ['"2026-03-08T00:00:00"', "NaN", '"Krey\\u00f2l"', "1180591620717411303424"],
        "with orjson": ['"2026-03-08"', "null", '"Kreyòl"', "TypeError"],
    }
)
PYTHON
