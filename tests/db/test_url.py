"""DATABASE_URL in the runbook's form, with what operators put into it."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from lakay_streams.db.pool import Database
from lakay_streams.db.roles import as_owner
from lakay_streams.db.schema import connected
from lakay_streams.db.url import connection_parameters
from lakay_streams.errors import DatabaseUnavailable, SettingsError
from lakay_streams.settings import Settings


def parameters(url: str) -> dict[str, object]:
    return connection_parameters(SecretStr(url), "tests")


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg", "postgresql+psycopg"])
def test_every_accepted_scheme_means_the_same(scheme: str) -> None:
    found = parameters(f"{scheme}://lakay:pass@db.example:5433/records")
    assert {name: found[name] for name in ("user", "password", "host", "port", "dbname")} == {
        "user": "lakay",
        "password": "pass",
        "host": "db.example",
        "port": "5433",
        "dbname": "records",
    }
    assert found["application_name"] == "tests"


def test_special_characters_are_percent_encoded() -> None:
    assert parameters("postgresql+asyncpg://lakay:p%40ss%2F%3A%3F@host/lakay")["password"] == "p@ss/:?"


@pytest.mark.parametrize(("ssl", "sslmode"), [("require", "require"), ("true", "require"), ("verify-full",) * 2])
def test_asyncpgs_ssl_is_libpqs_sslmode(ssl: str, sslmode: str) -> None:
    assert parameters(f"postgresql+asyncpg://host/lakay?ssl={ssl}")["sslmode"] == sslmode


def test_the_operators_options_win_over_the_projects() -> None:
    found = parameters("postgresql://host/lakay?connect_timeout=30&application_name=desk")
    assert (found["connect_timeout"], found["application_name"]) == ("30", "desk")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://lakay:hush@hush@host:port/lakay",
        "postgresql://lakay:hush%zz@host/lakay",
        "postgresql://h?hush=1",
        "postgresql://h?connect_timeout=hush",
    ],
)
def test_what_cannot_be_read_is_refused_without_a_word_of_it(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL cannot be read: write postgresql") as refused:
        parameters(url)
    assert "hush" not in str(refused.value)


def two(owner: str) -> Settings:
    """Return settings of two roles, as whoever owns the tables uses them."""
    urls = {"database_url": SecretStr("postgresql://lakay@127.0.0.1:1/lakay"), "database_owner_url": SecretStr(owner)}
    return as_owner(Settings(_env_file=None).model_copy(update=urls))


def test_the_owners_url_is_refused_under_its_own_name() -> None:
    unreadable = two("postgresql://lakay_owner:hush@hush@host:port/lakay")
    for opened in (lambda: Database(unreadable, application="tests"), lambda: connected(unreadable).__enter__()):
        with pytest.raises(SettingsError, match="DATABASE_OWNER_URL cannot be read: write postgresql") as refused:
            opened()
        assert "hush" not in str(refused.value)


async def test_a_server_that_is_away_is_told_by_the_variable_that_names_it() -> None:
    away = two("postgresql://lakay_owner:hush@127.0.0.1:1/lakay")
    with pytest.raises(DatabaseUnavailable, match="or correct DATABASE_OWNER_URL"), connected(away):
        pass
    async with Database(away, application="tests") as database:
        with pytest.raises(DatabaseUnavailable, match="or correct DATABASE_OWNER_URL"):
            await database.check()
