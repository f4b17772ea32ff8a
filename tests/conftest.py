"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from lakay_streams.embedded.kafka import EmbeddedKafka
from lakay_streams.settings import Settings
from tests import s3_server
from tests.s3_server import EmbeddedS3, S3Address


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


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Address]:
    """The address of one real S3 server for the whole run; `LAKAY_TEST_S3` names one that runs."""
    if running := s3_server.named():
        yield running
        return
    with EmbeddedS3() as server:
        yield server.address


@pytest.fixture
def own_s3() -> Iterator[EmbeddedS3]:
    """An S3 server of the test's own, to kill, stop and start again."""
    with EmbeddedS3() as server:
        yield server


@pytest.fixture
def lake_on_s3(s3: S3Address) -> Iterator[Settings]:
    """Settings that name an empty bucket as the lake."""
    from tests.lake import buckets

    with buckets.fresh_bucket(s3) as bucket:
        yield buckets.settings_for(s3, bucket)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the first test of the S3 server take the minutes that building it takes, once on a machine."""
    if not s3_server.is_built():
        for item in items:
            if isinstance(item, pytest.Function) and not {"s3", "own_s3"}.isdisjoint(item.fixturenames):
                item.add_marker(pytest.mark.timeout(s3_server.BUILD_S))


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
