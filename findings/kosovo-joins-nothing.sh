#!/usr/bin/env bash
# A country code from one library is unknown to the next: XK of phonenumbers and of IBANs.
#
# Expected: Libraries of ISO 3166 codes join: the region of a valid phone number is a country to pycountry, and a
#   country whose IBANs schwifty takes has BICs, too.
# Seen: phonenumbers knows XK, TA and AC, which pycountry does not have; schwifty validates Kosovo's example IBAN,
#   which begins with XK, and refuses every BIC of Kosovo because "XK" is no country.
# Cost: An inner join on the country drops these customers; a payment passes with its IBAN and fails with its BIC.
# Instead: Keep one table of codes with the user-assigned XK added, and left-join on it.
# Version: phonenumbers 9.0.43, pycountry 26.2.16, schwifty 2026.10.1.
# Source: ISO 3166-1 (XK is user-assigned; AC and TA are exceptionally reserved); SWIFT IBAN registry, Kosovo.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    phonenumbers==9.0.43 pycountry==26.2.16 schwifty==2026.10.1
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import phonenumbers
import pycountry
import schwifty

number = phonenumbers.example_number("XK")
try:
    schwifty.BIC("AAAAXKPR")
    bic = "valid"
except schwifty.exceptions.InvalidCountryCode as error:
    bic = str(error)
seen = {
    "regions of phonenumbers without a country": sorted(
        code for code in phonenumbers.SUPPORTED_REGIONS if pycountry.countries.get(alpha_2=code) is None
    ),
    "region of a valid number": phonenumbers.is_valid_number(number) and phonenumbers.region_code_for_number(number),
    "example IBAN of the registry": schwifty.IBAN("XK051212012345678906").country_code,
    "a BIC of the same country": bic,
}
print({name: version(name) for name in ("phonenumbers", "pycountry", "schwifty")}, seen)
sys.exit(
    seen
    != {
        "regions of phonenumbers without a country": ["AC", "TA", "XK"],
        "region of a valid number": "XK",
        "example IBAN of the registry": "XK",
        "a BIC of the same country": "Invalid country code 'XK'",
    }
)
PYTHON
