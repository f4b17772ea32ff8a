"""A slice of the tests on every other Python that is supported and on this machine.

    python -m tests.pythons [SECONDS]

Each gets an environment of its own from the lock, in `.venv-3.X`, once. What is not on the machine, or has no packages
yet, is told in the same line as what ran, and fails nothing; a test that fails does. SECONDS, by default 600, is how
long all of it may take: what would begin later is told, too.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements-dev.lock"

#: Supported; `requires-python`, the classifiers and the Makefile name the same.
VERSIONS = ("3.11", "3.12", "3.13", "3.14")

#: What needs no server, and takes seconds.
SLICE = (
    "tests/domain",
    "tests/contracts",
    "tests/pii",
    "tests/engine/kafka/test_buffer.py",
    "tests/engine/kafka/test_batch.py",
    "tests/engine/state/test_rocksdb.py",
    "tests/engine/test_environment.py",
    "tests/settings/test_settings.py",
)


class NoEnvironment(Exception):  # noqa: N818 - it is told, and is no error
    """An interpreter cannot be given the locked packages."""


def interpreters(version: str) -> Iterator[Path]:
    """Yield where an interpreter of `version` may be: on the PATH, and where pyenv keeps what it has installed.

    pyenv's own commands on the PATH fail unless somebody has chosen that version.
    """
    found = shutil.which(f"python{version}")
    if found is not None:
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    kept = [path for path in pyenv.glob(f"versions/{version}.*") if re.fullmatch(r"[0-9.]+", path.name)]
    for path in sorted(kept, key=lambda path: [int(part) for part in path.name.split(".")], reverse=True):
        yield path / "bin" / "python"


def found(version: str) -> Path | None:
    """Return an interpreter of `version` that works, or None."""
    wanted = f"import sys; sys.exit('%d.%d' % sys.version_info[:2] != '{version}')"
    for path in interpreters(version):
        try:
            if subprocess.run([path, "-c", wanted], capture_output=True, check=False, timeout=30).returncode == 0:
                return path
        except (OSError, subprocess.TimeoutExpired):
            continue
    return None


def environment(version: str, interpreter: Path, deadline: float) -> Path:
    """Return the environment's interpreter, made from the lock when it is not there or older than that.

    Raises `NoEnvironment`.
    """
    folder = ROOT / f".venv-{version}"
    python, stamp = folder / "bin" / "python", folder / ".installed"
    if stamp.exists() and stamp.stat().st_mtime > LOCK.stat().st_mtime:
        return python
    # Packages as they are published: to build one would take long, and a compiler.
    uv = Path(sys.executable).with_name("uv")
    install: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", python]
    commands: list[list[str | Path]] = [
        [uv, "venv", "--quiet", "--clear", "--python", interpreter, folder],
        [*install, "--only-binary", ":all:", "--require-hashes", "-r", LOCK],
        [*install, "--no-deps", "--no-build-isolation", "-e", ROOT],
    ]
    for command in commands:
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
                timeout=max(1.0, deadline - time.monotonic()),
            )
        except subprocess.TimeoutExpired:
            raise NoEnvironment("its packages took too long") from None
        except OSError as exc:
            raise NoEnvironment(str(exc)) from None
        if done.returncode != 0:
            raise NoEnvironment(" ".join(done.stderr.split())[:160] or f"exit code {done.returncode}")
    stamp.touch()
    return python


def run(version: str, deadline: float) -> tuple[str, bool]:
    """Run the slice on a version; return what to say of it, and whether it is a failure."""
    interpreter = found(version)
    if interpreter is None:
        return f"{version} not found", False
    started = time.monotonic()
    if started > deadline:
        return f"{version} not run, for want of time", False
    try:
        python = environment(version, interpreter, deadline)
    except NoEnvironment as exc:
        return f"{version} not run ({exc})", False
    try:
        tests = subprocess.run(
            [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--numprocesses=2", "--dist=loadfile", *SLICE],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=max(60.0, deadline - time.monotonic()),
        )
    except subprocess.TimeoutExpired:
        return f"{version} not finished within its time", False
    if tests.returncode != 0:
        print(tests.stdout[-6_000:], tests.stderr[-2_000:], file=sys.stderr)
        return f"{version} FAILED", True
    return f"{version} passed in {time.monotonic() - started:.0f} s", False


def main(seconds: float) -> int:
    """Run the slice on each other version; return 1 when any failed."""
    own = "{}.{}".format(*sys.version_info)
    deadline = time.monotonic() + seconds
    told = {version: run(version, deadline) for version in VERSIONS if version != own}
    print(f"Python {own} runs the whole suite; a slice of it: {', '.join(said for said, _ in told.values())}.")
    return int(any(failed for _, failed in told.values()))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600))
