"""The packaged schemas of what Lakay sends."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def outbound_schema(name: str, version: str = "1.0") -> dict[str, Any]:
    """Return a packaged outbound schema as a consumer would read it."""
    file = resources.files("lakay_streams.contracts") / "schemas" / "outbound" / name / f"{version}.json"
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema
