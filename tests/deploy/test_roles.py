"""roles.sql gives a fresh PostgreSQL the roles that compose.yaml's processes come as."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from pydantic import SecretStr

from lakay_streams.db import schema
from lakay_streams.embedded.postgres import EmbeddedPostgres, packaged_binaries
from lakay_streams.settings import Settings
from tests.deploy.composed import DEPLOY
from tests.deploy.test_compose import FILLED_IN, SERVICES, settings_of

BINARIES = packaged_binaries(16)
SUPERUSER_PASSWORD = FILLED_IN["POSTGRES_PASSWORD"]


class ComposedPostgres(EmbeddedPostgres):
    """PostgreSQL as the image starts it: a superuser with a password, and nothing else."""

    def _initialise(self, cluster: Path) -> None:
        super()._initialise(cluster)
        statements = f"DROP DATABASE lakay;\nDROP ROLE lakay;\nALTER ROLE postgres PASSWORD '{SUPERUSER_PASSWORD}';\n"
        self._run("postgres", "--single", "-D", cluster, "postgres", given=statements)


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    with ComposedPostgres(binaries=BINARIES) as server:
        script = DEPLOY / "postgres" / "roles.sql"
        address = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres"}
        subprocess.run(
            [str(BINARIES / "psql"), "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-f", str(script)],
            env=SERVICES["postgres"]["environment"] | address | {"PGPASSWORD": SUPERUSER_PASSWORD},
            check=True,
        )
        yield server


def settings_at(server: EmbeddedPostgres, service: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a service, with the server in the place of the one that they name."""
    settings = settings_of(service, monkeypatch)

    def moved(url: SecretStr) -> SecretStr:
        return SecretStr(url.get_secret_value().replace("@postgres:5432/", f"@127.0.0.1:{server.port}/"))

    owner = settings.database_owner_url
    return settings.model_copy(
        update={"database_url": moved(settings.database_url), "database_owner_url": owner and moved(owner)}
    )


def connect(server: EmbeddedPostgres, user: str, password: str, database: str) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(host="127.0.0.1", port=server.port, user=user, password=FILLED_IN[password], dbname=database)


def test_the_migration_makes_the_schema_and_the_processes_may_not_undo_its_protection(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema.upgrade(settings_at(postgres, "migrate", monkeypatch))
    assert not schema.status(settings_at(postgres, "archive", monkeypatch)).pending
    with connect(postgres, "lakay", "DATABASE_PASSWORD", "lakay") as connection:
        connection.execute("SELECT count(*) FROM alerts")
        with pytest.raises(InsufficientPrivilege):
            connection.execute("DELETE FROM alerts")


def test_mlflow_has_a_database_of_its_own_and_none_of_ours(postgres: EmbeddedPostgres) -> None:
    with connect(postgres, "mlflow", "MLFLOW_DATABASE_PASSWORD", "mlflow") as connection:
        connection.execute("CREATE TABLE experiments (id int)")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connect(postgres, "mlflow", "MLFLOW_DATABASE_PASSWORD", "lakay")
