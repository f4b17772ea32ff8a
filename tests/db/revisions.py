"""The newest two revisions of the schema, as the migrations' files have them: a new one changes no test."""

from __future__ import annotations

from pathlib import Path

from lakay_streams.db import migrations

_VERSIONS = Path(migrations.__path__[0], "versions")

BEFORE, NEWEST = sorted(path.name[:4] for path in _VERSIONS.glob("[0-9]*.py"))[-2:]
