#!/usr/bin/env bash
# A rocksdict snapshot answers a key from the past and iterates over the present.
#
# Expected: A RocksDB snapshot is a consistent view of one moment, for look-ups and for iteration alike.
# Seen: snapshot["balance"] is the old value, but snapshot.items(), keys() and iter() show the value written
#   afterwards, and keys that the same snapshot says it does not have.
# Cost: A backup, checksum or export that iterates over a snapshot mixes moments, and disagrees with look-ups in it.
# Instead: Make the iterator itself at the wanted moment (an iterator of the database keeps its own view), or stop
#   writing.
# Version: rocksdict 0.3.29.
# Source: RocksDB wiki, "Snapshot" and "Iterator" (implicit snapshot).
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

database = Rdict(tempfile.mkdtemp(dir="."))
database["balance"] = 1
snapshot = database.snapshot()
iterator = database.items()
database["balance"] = 2
database["later"] = 3
try:
    later = snapshot["later"]
except Exception as error:
    later = str(error)
seen = {
    "look-up in the snapshot": snapshot["balance"],
    "look-up of a later key": later,
    "items of the snapshot": dict(snapshot.items()),
    "an iterator as old as the snapshot": dict(iterator),
}
print("rocksdict", version("rocksdict"), seen)
sys.exit(
    seen
    != {
        "look-up in the snapshot": 1,
        "look-up of a later key": "key not found",
        "items of the snapshot": {"balance": 2, "later": 3},
        "an iterator as old as the snapshot": {"balance": 1},
    }
)
PYTHON
