"""A worker comes back when it must, and only then."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lakay_streams.process.child import HEARTBEAT_FD
from tests.agents.running import until

#: A supervised program: counts its starts in a file, then does what the next word of its plan says.
PROGRAM = """
import os, signal, sys, time
from pathlib import Path
starts = Path(sys.argv[1])
with starts.open("a") as file:
    print(os.getpid(), file=file)
plan = sys.argv[2:]
step = plan[min(len(starts.read_text().splitlines()), len(plan)) - 1]
if step == "stay":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Path(sys.argv[1] + ".up").touch()
    while True:
        time.sleep(0.01)
if step == "stubborn":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
    Path(sys.argv[1] + ".up").touch()
    while True:
        time.sleep(0.01)
if step == "hangs":
    from lakay_streams.process.child import heartbeat
    beat = heartbeat()
    for _ in range(30):
        beat()
        time.sleep(0.1)
    time.sleep(3600)
if step == "never-up":
    time.sleep(3600)
if step == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit(int(step))
"""

SUPERVISE = """
import sys
from lakay_streams.telemetry import logs
from lakay_streams.process.supervisor import Supervisor
logs.configure()
sys.exit(Supervisor([sys.executable, "-c", *sys.argv[1:]], start_s=4.0, hung_s=2.0).run())
"""


@contextmanager
def supervised(folder: Path, *plan: str) -> Iterator[subprocess.Popen[str]]:
    """Supervise the program with a plan."""
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, PROGRAM, str(folder / "starts"), *plan], stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def starts(folder: Path) -> list[int]:
    """Return the process ids of the program's runs."""
    return [int(pid) for pid in (folder / "starts").read_text().split()]


def test_it_starts_again_after_the_engines_exit_code_and_passes_the_last_one_on(tmp_path: Path) -> None:
    with supervised(tmp_path, "70", "70", "0") as process:
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert len(starts(tmp_path)) == 3
    lines = [json.loads(line) for line in errors.splitlines()]
    assert [line["event"] for line in lines] == ["worker_restarting"] * 2
    assert "exit code 70" in lines[0]["reason"]
    assert lines[0]["backoff_seconds"] < lines[1]["backoff_seconds"]


def test_it_starts_again_after_a_kill(tmp_path: Path) -> None:
    with supervised(tmp_path, "killed", "0") as process:
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "killed by SIGKILL" in json.loads(errors)["reason"]


@pytest.mark.parametrize(("step", "seconds"), [("hangs", 2.0), ("never-up", 4.0)])
def test_what_gives_no_sign_of_life_is_killed_told_and_started_again(tmp_path: Path, step: str, seconds: float) -> None:
    with supervised(tmp_path, step, "0") as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert len(starts(tmp_path)) == 2
    hung, restarting = [json.loads(line) for line in errors.splitlines()]
    assert (hung["event"], hung["level"], hung["silent_seconds"]) == ("worker_hung", "error", seconds)
    assert "killed by SIGKILL" in restarting["reason"]


@pytest.mark.parametrize("command", ["worker", "archive"])
def test_workers_show_that_they_live_before_they_find_kafka_and_until_they_are_stopped(
    tmp_path: Path, command: str
) -> None:
    beats, heart = os.pipe()
    environment = {HEARTBEAT_FD: str(heart), "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "LAKAY_DATA_DIR": str(tmp_path)}
    lakay = [sys.executable, "-m", "lakay_streams.cli", command, "--no-supervise", "--without-web"]
    process = subprocess.Popen(
        lakay, pass_fds=[heart], env=os.environ | environment, cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    os.close(heart)
    try:
        assert [os.read(beats, 1) for _ in range(3)] == [b"."] * 3
    finally:
        process.kill()
        process.wait()
    while os.read(beats, 1):
        pass
    os.close(beats)


@pytest.mark.parametrize("code", [0, 1, 2, 9])
def test_any_other_exit_code_is_an_answer(tmp_path: Path, code: int) -> None:
    with supervised(tmp_path, str(code)) as process:
        process.communicate(timeout=30)
    assert process.returncode == code
    assert len(starts(tmp_path)) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("step", "code"), [("stay", 0), ("stubborn", 9)])
def test_a_signal_is_handed_on_and_ends_both(tmp_path: Path, number: signal.Signals, step: str, code: int) -> None:
    with supervised(tmp_path, step) as process:
        until((tmp_path / "starts.up").exists, "the program is up")
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == code
    assert len(starts(tmp_path)) == 1


def test_a_signal_while_it_waits_to_start_again_ends_it(tmp_path: Path) -> None:
    with supervised(tmp_path, "70", "70", "70", "70", "70") as process:
        until(lambda: (tmp_path / "starts").exists() and len(starts(tmp_path)) >= 3, "it has failed a few times")
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_the_program_dies_with_its_supervisor(tmp_path: Path) -> None:
    with supervised(tmp_path, "stay") as process:
        until((tmp_path / "starts.up").exists, "the program is up")
        process.kill()
        process.communicate(timeout=30)
    (pid,) = starts(tmp_path)
    until(lambda: not alive(pid), "the program is gone")


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not yet reaped does not."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
