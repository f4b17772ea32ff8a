"""What the tests of reports ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from lakay_streams.db.pool import Database
from lakay_streams.settings import Settings
from tests.reports.office import Office


@pytest.fixture
async def office(stored: Settings) -> AsyncIterator[Office]:
    """An office with an empty archive."""
    async with Database(stored, application="tests") as database:
        yield Office(stored, database)
