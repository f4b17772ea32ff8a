#!/usr/bin/env bash
# xmlschema reads \w and \s of an XSD pattern as Python does, libxml2 as XML Schema does.
#
# Expected: A pattern's \w is every character but punctuation, separators and others: "€" is one, "_" is none; \s is
#   only space, tab, line feed and carriage return.
# Seen: xmlschema takes "a_b" and the no-break space and refuses "€"; lxml (libxml2) does as the standard says.
# Cost: A file that passes the test suite's validator is refused by the receiver's, or the other way round.
# Instead: Validate with libxml2 or the receiver's own validator, and write explicit classes in own schemas.
# Version: xmlschema 4.3.2, lxml 6.1.3.
# Source: XML Schema 1.1 part 2, appendix G.4.2.5, multi-character escapes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check xmlschema==4.3.2 lxml==6.1.3
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import lxml.etree
import xmlschema

TEMPLATE = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="v"><xs:simpleType>
<xs:restriction base="xs:string"><xs:pattern value="%s"/></xs:restriction></xs:simpleType></xs:element></xs:schema>"""

print("xmlschema", version("xmlschema"), "lxml", version("lxml"))
seen = {}
for pattern, value in ((r"\w+", "a1"), (r"\w+", "a_b"), (r"\w+", "€"), (r"\s", "\u00a0")):
    document, schema = f"<v>{value}</v>", TEMPLATE % pattern
    seen[pattern, value] = (
        xmlschema.XMLSchema(schema).is_valid(document),
        lxml.etree.XMLSchema(lxml.etree.XML(schema)).validate(lxml.etree.XML(document)),
    )
    print(pattern, ascii(value), "xmlschema, libxml2:", seen[pattern, value])
sys.exit(
    seen
    != {
        (r"\w+", "a1"): (True, True),
        (r"\w+", "a_b"): (True, False),
        (r"\w+", "€"): (False, True),
        (r"\s", "\u00a0"): (True, False),
    }
)
PYTHON
