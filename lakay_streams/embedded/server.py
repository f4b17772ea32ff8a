"""A server of this machine's own, as a child process: its folder, its port, its start and its end.

For demos and tests: each listens on loopback only and dies with its parent, however that dies. Start one from a thread
that lives as long as the server should: Linux ends the child with that thread.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from lakay_streams.errors import LakayError, PrerequisiteError
from lakay_streams.process.child import die_with_parent


class EmbeddedServer(ABC):
    """One server in a child process.

    `port` is a free one unless given, and stays the same over restarts. `data` keeps the server's files and its log;
    without it they live in a temporary folder that `stop` deletes.
    """

    #: What people call it.
    name: ClassVar[str]
    #: What it logs once it serves requests.
    ready: ClassVar[bytes]
    #: How lines that tell why it did not come up begin or go on.
    complaints: ClassVar[tuple[str, ...]]
    #: Ends it in good order, and at once where its data goes too.
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    drop_signal: ClassVar[signal.Signals] = signal.SIGKILL

    def __init__(self, data: Path | None = None, port: int = 0) -> None:
        """Choose the port and the folder; nothing runs and nothing is written until `start`."""
        self._temporary = data is None
        self._data = data
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def prepare(self) -> Sequence[str | Path]:
        """Make the folder fit to start on, and return the command that starts the server.

        Raises `PrerequisiteError` when a program is missing or refuses.
        """

    @property
    @abstractmethod
    def setting(self) -> str:
        """The variable that points this project at it, as `NAME=value`."""

    @property
    def pid(self) -> int | None:
        """The process id of the running server, to stop or kill it in tests; None when there is none."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """The exit code of a server that ended by itself; None while it runs."""
        return self._process.poll() if self._process else None

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.data / f"{self.name.lower()}.log"

    @property
    def data(self) -> Path:
        """The folder of the server's files; a temporary one is made at the first use."""
        if self._data is None:
            self._data = Path(tempfile.mkdtemp(prefix=f"lakay-{self.name.lower()}-"))
        return self._data

    def start(self, timeout_s: float = 60.0) -> Self:
        """Start the server and return when it serves requests, some seconds later.

        Raises `PrerequisiteError` when something it needs is missing, or it is not up within `timeout_s`.
        """
        if self._process is not None:
            return self
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = self.prepare()
        with self.log.open("ab") as log:
            said_before = log.tell()
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for the parent, which then stops the server in its own order.
                start_new_session=True,
                preexec_fn=partial(die_with_parent, self.drop_signal),
            )
        self._wait_until_ready(said_before, timeout_s)
        return self

    def stop(self, timeout_s: float = 20.0) -> None:
        """Stop the server: in good order when its data stays, at once when the data goes too."""
        if self._process is not None:
            self._process.send_signal(self.drop_signal if self._temporary else self.stop_signal)
            self._reap(timeout_s)
        if self._temporary and self._data is not None:
            shutil.rmtree(self._data, ignore_errors=True)
            self._data = None

    def end(self, *, kill: bool = False) -> None:
        """End the process and keep its data and port, for `start`; `kill` leaves it no time to shut down."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if kill else self.stop_signal)
            self._reap()

    def restart(self, *, kill: bool = False) -> None:
        """End the process and start again on the same data and port."""
        self.end(kill=kill)
        self.start()

    def __enter__(self) -> Self:
        """Start the server."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server."""
        self.stop()

    def wait(self) -> int:
        """Block until the server ends by itself and return its exit code."""
        return self._process.wait() if self._process else 0

    def _wait_until_ready(self, said_before: int, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        assert self._process is not None  # noqa: S101 - for the type checker
        while time.monotonic() < deadline:
            with self.log.open("rb") as log:
                log.seek(said_before)
                said = log.read()
            if self.ready in said:
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        lines = said.decode(errors="replace").splitlines()
        errors = [line for line in lines if any(complaint in line for complaint in self.complaints)]
        self._process.kill()
        self._reap()
        raise PrerequisiteError(
            f"The embedded {self.name} did not come up on port {self.port} "
            f"({errors[-1] if errors else f'nothing within {timeout_s:.0f} s'}): "
            f"read {self.log}, free the port or choose another, and try again."
        )

    def _reap(self, timeout_s: float = 20.0) -> None:
        assert self._process is not None  # noqa: S101 - for the type checker
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve(server: type[EmbeddedServer], *, module: str, describes: str, port: int) -> int:
    """Run a server in the foreground until Ctrl-C or SIGTERM, as `python -m module` does; return the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=describes)
    parser.add_argument("--port", type=int, default=port, help=f"where clients connect (default {port})")
    parser.add_argument("--data", type=Path, help="keep its files in this folder (default: a temporary one)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with server(arguments.data, arguments.port) as running:
            print(f"{running.name} is ready: {running.setting}  (log: {running.log})", flush=True)
            return running.wait()
    except KeyboardInterrupt:
        return 0
    except LakayError as error:
        print(error, file=sys.stderr)
        return 1
