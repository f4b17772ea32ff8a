"""A worker process with its pages, as an operator runs it, and what may be asked of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer

DEADLINE_S = 90.0

#: What every worker of the tests wants for /tables; they publish an address, and so want one.
WORKER_TOKEN = "sesame"

LAKAY_WORKER = (sys.executable, "-m", "lakay_streams.cli", "worker")
BUGGY_WORKER = (sys.executable, "-m", "tests.agents.buggy_worker")
ROOT = Path(__file__).parents[2]


class Answer(NamedTuple):
    """What a page said. Redirects are told, not followed."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.text)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def ask(url: str, **headers: str) -> Answer:
    """Get a page of this machine; header names are written with underscores."""
    # The addresses are this machine's own.
    request = urllib.request.Request(  # noqa: S310
        url, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    try:
        # A proxy of the environment has no business with this machine's own pages.
        opener = urllib.request.build_opener(_Stay, urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as response:
            return Answer(response.status, dict(response.headers), response.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, dict(error.headers), error.read().decode())


def until(holds: Callable[[], bool], what: str, seconds: float = DEADLINE_S) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds:g} s: {what}")


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningWorker:
    """A worker process, its pages and its log."""

    def __init__(self, process: subprocess.Popen[bytes], kafka: str, log: Path, port: int) -> None:
        """Watch `process`."""
        self.process = process
        self.kafka = kafka
        self.port = port
        self._log = log

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://localhost:{self.port}"

    def ask(self, path: str, **headers: str) -> Answer:
        """Get one of its pages, as somebody with its token unless another Authorization is given."""
        return ask(self.url + path, **({"Authorization": f"Bearer {WORKER_TOKEN}"} | headers))

    def is_up(self) -> bool:
        """Whether its pages answer."""
        try:
            return self.ask("/health").status == 200
        except OSError:
            return False

    def is_ready(self) -> bool:
        """Whether it processes records."""
        try:
            return self.ask("/ready").status == 200
        except OSError:
            return False

    def log(self) -> str:
        """Everything it has logged."""
        return self._log.read_text()

    def wait_for(self, event: str, **fields: Any) -> dict[str, Any]:
        """Wait for a log event with these fields, and return its line."""

        def found() -> list[dict[str, Any]]:
            return [line for line in self.events(event) if fields.items() <= line.items()]

        until(lambda: bool(found()), f"{event} with {fields} in the log:\n{self.log()[-3_000:]}")
        return found()[0]

    def events(self, event: str) -> list[dict[str, Any]]:
        """Return the whole log lines of an event."""
        lines = self.log().splitlines(keepends=True)
        return [json.loads(line) for line in lines if f'"event":"{event}"' in line and line.endswith("\n")]

    def children(self) -> list[int]:
        """Return the process ids of its children."""
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]


@contextmanager
def worker(
    kafka: str, folder: Path, *, command: Iterable[str] = LAKAY_WORKER, name: str = "worker", **environment: str
) -> Iterator[RunningWorker]:
    """Run a worker until the block ends; SIGTERM must then end it well."""
    port = free_port()
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka,
        "KAFKA_SESSION_TIMEOUT_S": "4",
        "LAKAY_DATA_DIR": str(folder / name),
        "WORKER_PORT": str(port),
        "WORKER_PUBLIC_URL": f"http://localhost:{port}/",
        "WORKER_TOKEN": WORKER_TOKEN,
        "LOG_SCORED_PER_SECOND": "100000",
        "PYTHONPATH": str(ROOT),
    }
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command), env=os.environ | settings | environment, cwd=folder, stdout=output, stderr=output
        )
    try:
        yield RunningWorker(process, kafka, log, port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0, log.read_text()[-3_000:]
    finally:
        process.kill()
        process.wait()


async def send(kafka: str, records: Iterable[tuple[str, bytes | None, bytes | None]]) -> None:
    """Send (topic, key, value) records, in order."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=5)
    await producer.start()
    try:
        for topic, key, value in records:
            await producer.send(topic, key=key, value=value)
        await producer.flush()
    finally:
        await producer.stop()
