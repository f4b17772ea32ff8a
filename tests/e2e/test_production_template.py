"""The runbook's environment file for production (appendix D) starts everything, however it is given.

Compose gives it as the process's environment, where Faust reads some of the same names for itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from pydantic import SecretStr

from lakay_streams.db.url import connection_parameters
from tests.agents.running import ask, free_port, until
from tests.db.servers import SERVERS, fresh_database, served
from tests.e2e.platform import Platform
from tests.settings.production import filled_in

SCHEMAS = Path(__file__).parents[2] / "lakay_streams/contracts/schemas"
COMMANDS = ["settings check", "topics create", "db upgrade", "db status", "compliance lists show"]
PASSWORD = "a-password-of-its-own"
PAGES = {"worker": "/ready", "archive": "/ready", "api": "/health"}


class Production:
    """A machine on which the template is all that is set."""

    def __init__(self, folder: Path, template: dict[str, str], how: str) -> None:
        """Give it `how`: as "environment", or as ".env" in the folder that everything is started in."""
        self.folder = folder
        self._environment = {name: value for name, value in os.environ.items() if name not in template}
        if how == ".env":
            (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in template.items()))
            (folder / ".env").chmod(0o600)
        else:
            self._environment |= template

    def start(self, *arguments: str, name: str) -> subprocess.Popen[bytes]:
        """Start a command; its output goes to a log of this name."""
        with (self.folder / name).open("ab") as log:
            command = [sys.executable, "-m", "lakay_streams.cli", *arguments]
            return subprocess.Popen(command, env=self._environment, cwd=self.folder, stdout=log, stderr=log)

    @contextmanager
    def serving(self, process: str) -> Iterator[str]:
        """Run one process that serves pages until the block ends; it must end well. Yields their address."""
        port = free_port()
        running = self.start(process, "--port", str(port), name=process)
        try:
            yield f"http://127.0.0.1:{port}"
            running.terminate()
            assert running.wait(60) == 0, self.log(process)
        finally:
            running.kill()
            running.wait()

    def log(self, name: str) -> str:
        """The end of a log."""
        return (self.folder / name).read_text()[-3_000:]


def answers(url: str) -> bool:
    try:
        return ask(url).status == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def own_server() -> Iterator[str]:
    """A PostgreSQL whose role has a password of its own, without which production starts nothing."""
    with served(SERVERS[0]) as url:
        known = urlsplit(url).password or ""
        with psycopg.connect(**connection_parameters(SecretStr(url), "tests"), autocommit=True) as connection:
            connection.execute(f"ALTER ROLE CURRENT_USER PASSWORD '{PASSWORD}'")
        yield url.replace(f":{known}@", f":{PASSWORD}@", 1)


@pytest.mark.parametrize("how", ["environment", ".env"])
def test_every_process_runs_under_the_whole_production_template(
    platform: Platform, own_server: str, tmp_path: Path, how: str
) -> None:
    with ExitStack() as stack:
        template = filled_in(
            KAFKA_BOOTSTRAP_SERVERS=platform.kafka,
            DATABASE_URL=stack.enter_context(fresh_database(own_server)),
            CONTRACTS_PATH=str(SCHEMAS),
        )
        production = Production(tmp_path, template, how)
        for command in COMMANDS:
            assert production.start(*command.split(), name=command).wait(120) == 0, production.log(command)
        # All at once: each takes seconds to start, and none needs another.
        urls = {process: stack.enter_context(production.serving(process)) for process in PAGES}
        for process, url in urls.items():
            until(partial(answers, url + PAGES[process]), f"the {process} answers")
    assert (tmp_path / ".lakay" / "v1").is_dir(), "the state is where it was, whatever APP_VERSION says"
