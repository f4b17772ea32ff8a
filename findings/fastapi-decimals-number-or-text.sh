#!/usr/bin/env bash
# FastAPI sends the same Decimal as a rounded number or as exact text: the return annotation decides.
#
# Expected: An annotation documents and filters; one expects it not to change how a value is written. Decimal is
#   chosen so that money stays exact.
# Seen: Without an annotation, Decimal("1234567890123456.10") in a dict goes out as the number 1234567890123456.0,
#   ten cents short, and Decimal("100.00") as 100.0; with the annotation, or in a model, it goes out as the exact
#   string.
# Cost: Adding a return type to an endpoint changes its JSON for every client; leaving it out rounds money.
# Instead: Annotate every endpoint with a model, and test the response's raw text.
# Version: FastAPI 0.165.0 with pydantic 2.14.3.
# Source: fastapi/encoders.py, decimal_encoder (int or float), against pydantic's serialization of Decimal (string).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    fastapi==0.165.0 pydantic==2.14.3 starlette==1.10.0 httpx==0.28.1
cd "$folder"

"$folder/venv/bin/python" - <<'PYTHON'
import sys
from decimal import Decimal
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.testclient import TestClient

app = FastAPI()


@app.get("/plain")
def plain():
    return {"large": Decimal("1234567890123456.10"), "round": Decimal("100.00")}


@app.get("/annotated")
def annotated() -> dict[str, Decimal]:
    return {"large": Decimal("1234567890123456.10"), "round": Decimal("100.00")}


with TestClient(app) as client:
    seen = {path: client.get(path).text for path in ("/plain", "/annotated")}
print("fastapi", version("fastapi"), "pydantic", version("pydantic"), seen)
sys.exit(
    seen
    != {
        "/plain": '{"large":1234567890123456.0,"round":100.0}',
        "/annotated": '{"large":"1234567890123456.10","round":"100.00"}',
    }
)
PYTHON
