"""DATABASE_URL in the runbook's form, with what operators put into it."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from lakay_streams.db.pool import Database
from lakay_streams.db.roles import as_owner
from lakay_streams.db.schema import connected
from lakay_streams.db.url import connection_parameters
from lakay_streams.errors import DatabaseError, DatabaseUnavailable, SettingsError
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
        f"postgresql://{'hush' * 20}/lakay",
        "postgresql://hush..hush/lakay",
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


OPTIONS = (
    *("sslmode", "ssl", "channel_binding", "gssencmode", "target_session_attrs", "service", "hostaddr", "keepalives"),
    *("ssl_min_protocol_version", "require_auth", "load_balance_hosts", "sslnegotiation", "sslcertmode", "host"),
    *("tcp_user_timeout", "keepalives_count", "sslcert", "sslrootcert", "sslkey", "passfile", "user", "dbname"),
    *("options", "client_encoding", "application_name", "replication", "krbsrvname", "password", "sslpassword"),
)
ODD = "hush%27%22%20hush%2Fhush%25"


@pytest.mark.parametrize("value", ["hush", "%2Fhush", "-c%20hush", ODD])
@pytest.mark.parametrize("option", OPTIONS)
async def test_no_error_quotes_what_stands_in_the_url(option: str, value: str, capsys: pytest.CaptureFixture) -> None:
    """Whatever libpq says of an option, or of a server that is away."""
    url = SecretStr(f"postgresql://lakay:{ODD}@127.0.0.1:1/lakay?{option}={value}")
    settings = Settings(_env_file=None).model_copy(update={"database_url": url})
    with pytest.raises((DatabaseUnavailable, SettingsError)) as told:
        async with Database(settings, application="tests") as database:
            await database.check()
    with pytest.raises((DatabaseUnavailable, SettingsError)) as told_by_migrations, connected(settings):
        pass
    for sentence in (str(told.value), str(told_by_migrations.value), capsys.readouterr().out):
        assert "hush" not in sentence
    assert "DATABASE_URL" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    "refused",
    [
        f"lakay:{ODD}@ADDRESS/lakay",
        f"{ODD}:lakay_dev@ADDRESS/lakay",
        f"lakay:lakay_dev@ADDRESS/{ODD}",
        "lakay:lakay_dev@ADDRESS/lakay?options=hush",
        "lakay:lakay_dev@ADDRESS/lakay?options=-c%20hush%3D1",
        "lakay:lakay_dev@ADDRESS/lakay?options=-c%20work_mem%3Dhush",
    ],
)
async def test_no_error_quotes_what_a_server_refuses(
    postgres: str, refused: str, capsys: pytest.CaptureFixture
) -> None:
    address = postgres.rpartition("@")[2].partition("/")[0]
    url = SecretStr(f"postgresql://{refused.replace('ADDRESS', address)}")
    settings = Settings(_env_file=None).model_copy(update={"database_url": url})
    with pytest.raises(DatabaseError, match="PostgreSQL cannot be used") as told:
        async with Database(settings, application="tests") as database:
            await database.check()
    with pytest.raises(DatabaseError, match="PostgreSQL cannot be used") as told_by_migrations, connected(settings):
        pass
    for sentence in (str(told.value), str(told_by_migrations.value), capsys.readouterr().out):
        assert "hush" not in sentence
        assert "lakay_dev" not in sentence
