#!/usr/bin/env bash
# fastjsonschema compiles a schema of draft 2020-12 as one of draft 7, without a word.
#
# Expected: It supports drafts 4, 6 and 7; a schema whose $schema names 2020-12 is expected to be refused.
# Seen: It compiles, and the keywords that draft 7 does not have (prefixItems, dependentRequired,
#   unevaluatedProperties, minContains) check nothing.
# Cost: After a contract moves to 2020-12, the fast validator takes what the contract forbids.
# Instead: Refuse any other $schema yourself before compiling, or use jsonschema-rs.
# Version: fastjsonschema 2.22.3, beside jsonschema 4.26.0.
# Source: JSON Schema core 2020-12, section 8.1.1 (an implementation that does not know the dialect should refuse
#   it).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check fastjsonschema==2.22.3 jsonschema==4.26.0
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import fastjsonschema
import jsonschema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
CASES = [
    ({"prefixItems": [{"type": "integer"}]}, ["text"]),
    ({"dependentRequired": {"amount": ["currency"]}}, {"amount": 1}),
    ({"unevaluatedProperties": False}, {"other": 1}),
    ({"minContains": 2, "contains": {"const": 1}}, [1]),
]


def taken(schema, value):
    try:
        fastjsonschema.compile(schema)(value)
    except fastjsonschema.JsonSchemaException:
        return False
    return True


print("fastjsonschema", version("fastjsonschema"), "jsonschema", version("jsonschema"))
seen = []
for keywords, value in CASES:
    schema = {"$schema": DIALECT, **keywords}
    seen.append((taken(schema, value), jsonschema.Draft202012Validator(schema).is_valid(value)))
    print(keywords, value, "taken by fastjsonschema, by jsonschema:", seen[-1])
sys.exit(seen != [(True, False)] * len(CASES))
PYTHON
