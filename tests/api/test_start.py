"""`lakay api` that cannot start says in one sentence what to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from tests.agents.running import ROOT


def _start(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lakay_streams.cli", "api", *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "LOG_LEVEL": "ERROR"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = _start(tmp_path, "--host", "127.0.0.1", "--port", str(port), API_TOKEN="an-operators-token")
    assert (done.returncode, done.stderr) == (
        1,
        f"The API cannot listen on 127.0.0.1:{port} (Address already in use): choose a free --port or PORT, or "
        "correct HOST.\n",
    )


def test_a_missing_extra(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('no', name='uvicorn')")
    done = _start(tmp_path, PYTHONPATH=os.pathsep.join((str(tmp_path), str(ROOT))))
    assert (done.returncode, done.stderr) == (
        1,
        "uvicorn is not installed, which the HTTP API needs: pip install 'lakay-intelligence[api]'.\n",
    )
