#!/usr/bin/env bash
# fastavro writes integers that the schema's int cannot hold, and cuts 1.9 to 1.
#
# Expected: An Avro int has 32 bits; a larger value, and a fraction, are no ints and are refused, as Apache Avro's
#   writer does.
# Seen: schemaless_writer writes 2**33 into an int and 1.9 as 1; into ["null", "double", "long"] it writes an
#   integer as a double, where Apache Avro writes the long.
# Cost: Readers in other languages fail on or wrap the large value, counts lose their fraction, and integers beyond
#   2**53 lose digits.
# Instead: Call fastavro.validate first (it refuses all but the choice in the union), and put long before double in
#   unions.
# Version: fastavro 1.13.1, beside avro 1.12.2.
# Source: Apache Avro specification 1.12, primitive types.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check fastavro==1.13.1 avro==1.12.2
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import io
import json
import sys
from importlib.metadata import version

import avro.errors
import avro.io
import avro.schema
import fastavro


def through_fastavro(schema, value):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return fastavro.schemaless_reader(io.BytesIO(out.getvalue()), fastavro.parse_schema(schema))


def through_avro(schema, value):
    parsed, out = avro.schema.parse(json.dumps(schema)), io.BytesIO()
    try:
        avro.io.DatumWriter(parsed).write(value, avro.io.BinaryEncoder(out))
    except avro.errors.AvroTypeException:
        return "AvroTypeException"
    return avro.io.DatumReader(parsed).read(avro.io.BinaryDecoder(io.BytesIO(out.getvalue())))


print("fastavro", version("fastavro"), "avro", version("avro"))
seen = []
for schema, value in (("int", 2**33), ("long", 1.9), (["null", "double", "long"], 2**53 + 1)):
    valid = fastavro.validate(value, fastavro.parse_schema(schema), raise_errors=False)
    seen.append((through_fastavro(schema, value), through_avro(schema, value), valid))
    print(schema, value, "fastavro, avro, fastavro.validate:", seen[-1])
sys.exit(
    seen
    != [
        (8589934592, "AvroTypeException", False),
        (1, "AvroTypeException", False),
        (9007199254740992.0, 9007199254740993, True),
    ]
)
PYTHON
