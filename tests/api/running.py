"""An API process, as an operator runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from lakay_streams.settings import Settings
from tests.agents.running import DEADLINE_S, ROOT, free_port, until

TOKEN = "an-operators-token"
REPORTS = "/api/v1/pipeline/compliance-reports"


class RunningApi:
    """The process, its log, and a client with the token."""

    def __init__(self, port: int, log: Path) -> None:
        """Know where it listens and logs."""
        self.port = port
        self._log = log
        self.clients: list[httpx.Client] = []
        self.client = self.as_another({"Authorization": f"Bearer {TOKEN}"})

    def as_another(self, headers: dict[str, str] | None = None) -> httpx.Client:
        """Return a client that sends other headers."""
        # A proxy of the environment has no business with this machine's own pages.
        client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=30, trust_env=False)
        self.clients.append(client)
        return client

    def is_up(self) -> bool:
        """Whether it answers."""
        try:
            return self.client.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    def log(self) -> str:
        """Everything it has logged."""
        return self._log.read_text()

    def events(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines of an event."""
        return [json.loads(line) for line in self.log().splitlines() if f'"event":"{event}"' in line]


@contextmanager
def api(settings: Settings, folder: Path, **environment: str) -> Iterator[RunningApi]:
    """Run `lakay api` until the block ends; SIGTERM must then end it well."""
    port = free_port()
    given = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "API_TOKEN": TOKEN,
        "PYTHONPATH": str(ROOT),
    }
    log = folder / "api.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "lakay_streams.cli", "api"],
            env=os.environ | given | environment,
            cwd=folder,
            stdout=output,
            stderr=output,
        )
    running = RunningApi(port, log)
    try:
        until(running.is_up, "the API answers")
        yield running
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0, running.log()[-3_000:]
    finally:
        for client in running.clients:
            client.close()
        process.kill()
        process.wait()
