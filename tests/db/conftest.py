"""The schema on every server there is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakay_streams.settings import Settings
from tests.db.servers import SERVERS, fresh_database, served, settings_for


@pytest.fixture(scope="session", params=SERVERS)
def every_postgres(request: pytest.FixtureRequest) -> Iterator[str]:
    """The DATABASE_URL of each server that the tests run on, one after another."""
    with served(request.param) as url:
        yield url


@pytest.fixture
def anywhere(every_postgres: str) -> Iterator[Settings]:
    """Settings that name an empty database, on every server."""
    with fresh_database(every_postgres) as url:
        yield settings_for(url)
