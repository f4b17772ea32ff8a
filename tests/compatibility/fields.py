"""States and journal entries by the names of their fields, as a commit decodes them.

    python tests/compatibility/fields.py TYPES < LINES > LINES

TYPES is a JSON object: table to MODULE:CLASS, its state's. Each line of the input is a JSON array of table, key and the
state in base64; each line of the output the same with the fields in the state's place. The journal is JSON, the rest
MessagePack. PYTHONPATH says of which commit the classes are: this imports nothing else of the project's, so that both
commits can run it.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import msgspec

JOURNAL = "journal"


def fields(value: object) -> Any:
    """Return `value` as JSON has it, each record as an object of its fields."""
    if isinstance(value, msgspec.Struct):
        return {name: fields(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: fields(getattr(value, name)) for name in value._fields}
    if isinstance(value, Mapping):
        return {str(key): fields(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [fields(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(map(fields, value))
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def differences(before: Any, now: Any, where: str = "") -> list[str]:
    """Return where two records' fields differ; `now` may have more of them than `before`."""
    if isinstance(before, dict) and isinstance(now, dict):
        shared = before.keys() & now.keys()
        gone = [f"{where}.{name} is gone" for name in sorted(before.keys() - shared)]
        return gone + [each for name in shared for each in differences(before[name], now[name], f"{where}.{name}")]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = enumerate(zip(before, now, strict=True))
        return [each for number, pair in pairs for each in differences(*pair, f"{where}[{number}]")]
    return [] if before == now else [f"{where} is {now} instead of {before}"]


def main(types: Mapping[str, str]) -> None:
    """Decode what comes on standard input."""
    decoders = {}
    for table, path in types.items():
        module, _, name = path.partition(":")
        form = msgspec.json if table == JOURNAL else msgspec.msgpack
        decoders[table] = form.Decoder(getattr(import_module(module), name))
    for line in sys.stdin:
        table, key, state = json.loads(line)
        json.dump([table, key, fields(decoders[table].decode(base64.b64decode(state)))], sys.stdout)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
