#!/usr/bin/env bash
# Apache Avro for Python writes 1.1 as 0.11 where the schema's scale is 2.
#
# Expected: A decimal's unscaled number is value times 10 to the schema's scale; a value with fewer places is
#   padded, one that does not fit is an error. fastavro does both.
# Seen: avro checks only that the value has not too many places, and stores its digits as they are: 1.1 comes back
#   as 0.11 and 1E+3 as 0.01. 99999.99, too wide for precision 6, is written, and comes back as 100000 (fastavro
#   refuses it).
# Cost: Amounts become a tenth or a hundred-thousandth of themselves, in a file that every reader takes for good.
# Instead: quantize() every Decimal to the schema's scale and check its precision before avro, or use fastavro.
# Version: avro 1.12.2, beside fastavro 1.13.1.
# Source: Apache Avro specification 1.12, decimal logical type.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check avro==1.12.2 fastavro==1.13.1
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import io
import json
import sys
from decimal import Decimal
from importlib.metadata import version

import avro.io
import avro.schema
import fastavro

SCHEMA = {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}


def through_avro(value):
    schema, out = avro.schema.parse(json.dumps(SCHEMA)), io.BytesIO()
    avro.io.DatumWriter(schema).write(value, avro.io.BinaryEncoder(out))
    return avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(io.BytesIO(out.getvalue())))


def through_fastavro(value):
    schema, out = fastavro.parse_schema(SCHEMA), io.BytesIO()
    try:
        fastavro.schemaless_writer(out, schema, value)
    except ValueError:
        return "ValueError"
    return fastavro.schemaless_reader(io.BytesIO(out.getvalue()), schema)


print("avro", version("avro"), "fastavro", version("fastavro"))
seen = {}
for text in ("1.10", "1.1", "1E+3", "99999.99"):
    seen[text] = (str(through_avro(Decimal(text))), str(through_fastavro(Decimal(text))))
    print(text, "avro:", seen[text][0], "fastavro:", seen[text][1])
sys.exit(
    seen
    != {
        "1.10": ("1.10", "1.10"),
        "1.1": ("0.11", "1.10"),
        "1E+3": ("0.01", "1000.00"),
        "99999.99": ("100000", "ValueError"),
    }
)
PYTHON
