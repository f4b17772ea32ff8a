"""What the tests of reports ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lakay_streams.db.pool import Database
from lakay_streams.settings import Settings
from tests.reports.office import Office, schemas


@pytest.fixture
async def office(stored: Settings) -> AsyncIterator[Office]:
    """An office with an empty archive."""
    async with Database(stored, application="tests") as database:
        yield Office(stored, database)


@pytest.fixture
def fincen_schemas() -> Path:
    """The folder of FinCEN's schemas; whoever asks for it is skipped where they are not."""
    folder = schemas()
    if folder is None:
        pytest.skip(
            "Batches were not compared with FinCEN's own schemas, which are not here: name their folder in "
            "LAKAY_TEST_FINCEN_SCHEMAS"
        )
    return folder
