"""`make setup` needs a Python and make; without a Python it says so before it does anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make setup` reads of a checkout, and a folder for the only programs that there are."""
    for name in ("Makefile", "pyproject.toml", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "bin").mkdir()
    return tmp_path


def setup(checkout: Path) -> subprocess.CompletedProcess[str]:
    make = shutil.which("make")
    assert make is not None
    environment = {"PATH": str(checkout / "bin")}
    return subprocess.run([make, "setup"], cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def test_without_a_python_it_says_which_ones_do(checkout: Path) -> None:
    refused = setup(checkout)
    assert refused.returncode != 0
    assert refused.stderr.startswith("Python 3.11, 3.12, 3.13 or 3.14 is needed: install it")
    assert not (checkout / ".venv").exists()


def test_a_python_that_cannot_make_environments_is_named_with_what_it_lacks(checkout: Path) -> None:
    python = checkout / "bin" / "python3.12"
    python.write_text('#!/bin/sh\n[ "$1" = -c ]\n')
    python.chmod(0o755)
    refused = setup(checkout)
    assert refused.returncode != 0
    assert refused.stderr.startswith("python3.12 cannot make an environment: install its venv module")
