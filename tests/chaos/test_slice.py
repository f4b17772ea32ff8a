"""Two minutes of chaos: one fault of most kinds, with nothing lost, doubled or different."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.fleet import ROOT

KINDS = (
    "killed_outputs_sent",
    "killed_offsets_sent",
    "killed_committed",
    "killed_opening",
    "zombie_in_checkpoint",
    "shuffled",
    "broker_killed",
    "disk_corrupted",
    "record_crashes_once",
)


@pytest.mark.timeout(600)
def test_workers_struck_by_most_kinds_of_faults_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    chaos = subprocess.run(
        [sys.executable, "-m", "tests.chaos"],
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "CHAOS_SEED": "20260302",
            "CHAOS_FAULTS": str(len(KINDS)),
            "CHAOS_KINDS": ",".join(KINDS),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert chaos.returncode == 0, chaos.stdout + chaos.stderr
    told = json.loads((tmp_path / "build" / "chaos.json").read_text())
    assert told["faults_by_kind"] == dict.fromkeys(KINDS, 1)
    assert told["events"] > 10_000
    assert told["outputs"] > 100
    assert (told["lost"], told["doubled"], told["differences"]) == (0, 0, [])
