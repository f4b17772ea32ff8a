"""What the tests of the API ask for."""

from __future__ import annotations

from tests.reports.conftest import office

__all__ = ["office"]
