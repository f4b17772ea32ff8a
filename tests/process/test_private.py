"""What this project's processes make is for their own user alone, and who runs them is no matter of opinion."""

from __future__ import annotations

import os
import pwd
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lakay_streams.db import audit
from lakay_streams.process.private import write_private

ROOT = Path(__file__).parents[2]


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_private_file_is_its_owners_alone_also_where_another_was(tmp_path: Path) -> None:
    file = tmp_path / "sar.json"
    file.write_text("old")
    file.chmod(0o644)
    write_private(file, b"new")
    assert (file.read_bytes(), mode(file)) == (b"new", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_a_private_file_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_private(tmp_path / "folder", b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_what_a_command_makes_is_its_users_alone(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "lakay_streams.cli", "simulate", "--events", "10", "--out", "made.jsonl"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        umask=0,
        check=True,
        capture_output=True,
    )
    made = list(tmp_path.iterdir())
    assert made
    assert {mode(each) for each in made} == {0o600}


def test_the_trail_names_the_real_user_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody-else")
    assert audit.operator() == f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}"


def test_a_user_without_a_name_is_told_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_123)
    assert audit.operator().startswith("uid4000000123@")
