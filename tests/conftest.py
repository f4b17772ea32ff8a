"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.settings import Settings


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """The bootstrap servers of one real Kafka for the whole run; `LAKAY_TEST_KAFKA` names one that runs.

    Every test takes topics and groups of its own names, since the broker and its topics are shared.
    """
    running = os.environ.get("LAKAY_TEST_KAFKA")
    if running:
        yield running
        return
    with EmbeddedKafka() as broker:
        yield broker.bootstrap_servers


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The DATABASE_URL of one real PostgreSQL for the whole run, the newest packaged one."""
    from tests.db import servers

    with servers.served(servers.SERVERS[0]) as url:
        yield url


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give tests that ask for `every_postgres` one server after another."""
    if "every_postgres" in metafunc.fixturenames:
        from tests.db import servers

        metafunc.parametrize("every_postgres", servers.SERVERS, indirect=True, scope="session")


@pytest.fixture(scope="session")
def every_postgres(request: pytest.FixtureRequest) -> Iterator[str]:
    """The DATABASE_URL of each server that the tests run on."""
    from tests.db import servers

    with servers.served(request.param) as url:
        yield url


@pytest.fixture
def anywhere(every_postgres: str) -> Iterator[Settings]:
    """Settings that name an empty database, on every server."""
    from tests.db import servers

    with servers.fresh_database(every_postgres) as url:
        yield servers.settings_for(url)


@pytest.fixture
def fresh(postgres: str) -> Iterator[Settings]:
    """Settings that name an empty database."""
    from tests.db import servers

    with servers.fresh_database(postgres) as url:
        yield servers.settings_for(url)


@pytest.fixture
def stored(fresh: Settings) -> Settings:
    """Settings that name a database with the schema and no rows."""
    from lakay_streams.db import schema

    schema.init_db(fresh)
    return fresh
