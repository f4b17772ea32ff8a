"""Where the pages listen, and what happens when they cannot."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from lakay_streams.errors import PrerequisiteError
from lakay_streams.worker_pages.server import canonical_url, listen
from tests.agents.running import LAKAY_WORKER


def test_a_port_in_use_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*LAKAY_WORKER, "--port", port],
            env=os.environ | {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "LOG_LEVEL": "ERROR"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith(f"The worker's pages cannot listen on 127.0.0.1:{port} (")
    assert "--port" in sentence


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(PrerequisiteError, match="WORKER_HOST"):
        listen("192.0.2.1", 0)


def test_others_are_sent_to_where_the_pages_can_be_reached() -> None:
    assert canonical_url("127.0.0.1", 6066) == "http://127.0.0.1:6066"
    assert canonical_url("::1", 6066) == "http://[::1]:6066"
    assert canonical_url("0.0.0.0", 6066) == f"http://{socket.gethostname()}:6066"  # noqa: S104
