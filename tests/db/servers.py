"""The PostgreSQL servers that tests run on, each with a role that is no superuser and a password, over TCP.

Both packaged versions are always among them, the one that operators are asked for (16, runbook 1.3) and the newest, so
that a bare machine skips nothing. A machine with a PostgreSQL of its own (Debian's package) adds that one, and
LAKAY_TEST_POSTGRES the server that it names, whose role must be allowed to create databases.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.errors import InsufficientPrivilege
from pydantic import SecretStr

from lakay_streams.db.url import connection_parameters
from lakay_streams.embedded.postgres import NEWEST, PACKAGED, EmbeddedPostgres, installed_binaries, packaged_binaries
from lakay_streams.settings import Settings, load_settings

SERVERS = [f"packaged {version}" for version in sorted(PACKAGED, key=lambda version: version != NEWEST)]
if installed_binaries() is not None:
    SERVERS.append("installed")
if os.environ.get("LAKAY_TEST_POSTGRES"):
    SERVERS.append("named")


@contextmanager
def served(server: str) -> Iterator[str]:
    """Run one of `SERVERS`, and yield its DATABASE_URL."""
    if server == "named":
        yield os.environ["LAKAY_TEST_POSTGRES"]
        return
    kind, _, version = server.partition(" ")
    binaries = packaged_binaries(int(version)) if kind == "packaged" else installed_binaries()
    with EmbeddedPostgres(binaries=binaries) as running:
        yield running.url


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Create an empty database on the server, and drop it in the end; yields its DATABASE_URL."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    parameters = connection_parameters(SecretStr(server), "tests")
    with psycopg.connect(**parameters, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        address, _, query = server.partition("?")
        yield f"{address.rpartition('/')[0]}/{name}{query and '?' + query}"
    finally:
        with psycopg.connect(**parameters, autocommit=True) as connection:
            _drop(connection, name)


def _drop(connection: psycopg.Connection, name: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            return
        except InsufficientPrivilege:
            # The server's own autovacuum is in it for a moment, which only a superuser may end.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def settings_for(url: str) -> Settings:
    """Return the default settings with this DATABASE_URL."""
    return load_settings(env_file=None).model_copy(update={"database_url": SecretStr(url)})
