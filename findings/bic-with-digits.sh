#!/usr/bin/env bash
# python-stdnum refuses BICs that ISO 9362 and every ISO 20022 message allow.
#
# Expected: ISO 9362:2014 lets the first four characters of a BIC be letters or digits, and so does the type of ISO
#   20022's payment messages.
# Seen: stdnum.bic takes letters only and answers InvalidFormat; schwifty and the message's own type take it.
# Cost: A message that is valid by its schema is rejected for its agent's identifier.
# Instead: Check the pattern of ISO 20022, and whether the BIC exists, not letters.
# Version: python-stdnum 2.2, beside schwifty 2026.10.1 and xmlschema 4.3.2.
# Source: ISO 9362:2014 (business party prefix: four alphanumeric characters); ISO 20022, BICFIDec2014Identifier.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    python-stdnum==2.2 schwifty==2026.10.1 xmlschema==4.3.2
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import schwifty
import stdnum.bic
import xmlschema
from stdnum.exceptions import ValidationError

SCHEMA = xmlschema.XMLSchema(
    """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="BICFI"><xs:simpleType>
    <xs:restriction base="xs:string"><xs:pattern value="[A-Z0-9]{4,4}[A-Z]{2,2}[A-Z0-9]{2,2}([A-Z0-9]{3,3}){0,1}"/>
    </xs:restriction></xs:simpleType></xs:element></xs:schema>"""
)


def of_stdnum(bic):
    try:
        return stdnum.bic.validate(bic) == bic
    except ValidationError as error:
        return type(error).__name__


print("python-stdnum", version("python-stdnum"), "schwifty", version("schwifty"))
seen = {}
for bic in ("AAAAHTPP", "A1B2HTPP"):
    seen[bic] = (of_stdnum(bic), schwifty.BIC(bic).is_valid, SCHEMA.is_valid(f"<BICFI>{bic}</BICFI>"))
    print(bic, "stdnum, schwifty, ISO 20022:", seen[bic])
sys.exit(seen != {"AAAAHTPP": (True, True, True), "A1B2HTPP": ("InvalidFormat", True, True)})
PYTHON
