"""The demo as a user runs it: real Kafka, real worker, simulated Trebanx, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.settings.production import PRODUCTION


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for all that a demo leaves on disk; a demo that leaves a process running there has it ended."""
    yield tmp_path
    for process in processes_in(tmp_path):
        process.kill()


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start `lakay demo` without a terminal; it and its children are known by their TMPDIR."""
    inherited = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP_SERVERS"}
    return subprocess.Popen(
        [sys.executable, "-m", "lakay_streams.cli", "demo", *arguments],
        cwd=folder,
        env=inherited | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes_in(folder: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TMPDIR") == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


def child(demo: subprocess.Popen[str], called: str) -> psutil.Process:
    """The demo's own child with these words in its command line, once it is there."""
    while demo.poll() is None:
        for process in psutil.Process(demo.pid).children():
            with suppress(psutil.Error):
                if called in " ".join(process.cmdline()):
                    return process
        time.sleep(0.05)
    pytest.fail(f"the demo ended before it started {called}: {demo.communicate()}")


def nothing_is_left(folder: Path) -> bool:
    return not processes_in(folder) and not list(folder.glob("lakay-*"))


def test_a_demo_commits_alerts_and_sums_them_up(folder: Path) -> None:
    demo = start(folder, "--rate", "1000", "--summary", "out/demo.json", "--picture", "demo.svg")
    assert demo.stdout is not None
    # For as long as this machine needs to the first one.
    output = ""
    while " alerts; the latest: " not in output:
        line = demo.stdout.readline()
        assert line, f"the demo ended without an alert: {output}"
        output += line
    demo.send_signal(signal.SIGINT)
    rest, errors = demo.communicate()
    assert (demo.returncode, errors) == (0, "")
    assert "\x1b" not in output + rest
    told = json.loads((folder / "out/demo.json").read_text())
    assert told["kafka"] == "embedded"
    assert told["events"] > 0
    assert told["events_per_s"] > 0
    assert told["alerts"]["total"] == sum(told["alerts"]["by_topic"].values()) > 0
    tiered = ("lakay.fraud.alerts", "lakay.behavior.ato-alerts", "lakay.circles.tier-changes")
    read = [told["alerts"]["by_topic"].get(topic, 0) for topic in tiered]
    assert sum(told["alerts"]["by_tier"].values()) == sum(read)
    assert told["alerts"]["by_rule"]
    assert 0 < told["seconds_to_first_alert"] <= told["seconds"]
    assert (folder / "demo.svg").read_text().startswith("<svg")
    assert nothing_is_left(folder)


def test_a_demo_stops_by_itself(folder: Path) -> None:
    demo = start(folder, "--seconds", "1")
    _, errors = demo.communicate()
    assert demo.returncode in (0, 1), "1 unless alerts were committed by then"
    assert errors == ""
    assert nothing_is_left(folder)


def test_ctrl_c_stops_every_child(folder: Path) -> None:
    demo = start(folder)
    for part in ("kafka.Kafka", "lakay_streams.cli worker", "lakay_streams.demo.traffic"):
        assert child(demo, part).is_running()
    demo.send_signal(signal.SIGINT)
    _, errors = demo.communicate()
    assert demo.returncode in (0, 1), "1 unless alerts were committed by then"
    assert errors == ""
    assert nothing_is_left(folder)


def test_sigterm_while_kafka_starts_leaves_nothing(folder: Path) -> None:
    demo = start(folder)
    child(demo, "kafka.Kafka")
    demo.terminate()
    output, errors = demo.communicate()
    assert demo.returncode == 1
    assert "Stopped before any traffic." in output
    assert errors == ""
    assert nothing_is_left(folder)


def test_a_child_that_dies_ends_the_demo_with_its_last_words(folder: Path) -> None:
    demo = start(folder)
    worker = child(demo, "lakay_streams.cli worker")
    while not any(b"lakay_starting" in log.read_bytes() for log in folder.glob("lakay-demo-*/worker.log")):
        time.sleep(0.05)
    worker.kill()
    _, errors = demo.communicate()
    assert demo.returncode == 1
    assert errors.startswith("The worker ended by itself with code -9.")
    assert '"event":"lakay_starting"' in errors
    assert nothing_is_left(folder)


def test_a_kafka_that_dies_ends_the_demo_too(folder: Path) -> None:
    demo = start(folder)
    child(demo, "lakay_streams.demo.traffic")
    child(demo, "kafka.Kafka").kill()
    _, errors = demo.communicate()
    assert demo.returncode == 1
    assert errors.startswith("Kafka ended by itself with code -9.")
    assert nothing_is_left(folder)


@pytest.mark.parametrize("listens", [False, True], ids=["refuses", "stays silent"])
def test_a_broker_that_does_not_answer_is_one_sentence(folder: Path, listens: bool) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listens:
            server.listen()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        demo = start(folder, KAFKA_BOOTSTRAP_SERVERS=address)
        _, errors = demo.communicate()
    assert demo.returncode == 1
    assert len(errors.splitlines()) == 1
    assert address in errors
    assert "KAFKA_BOOTSTRAP_SERVERS" in errors
    assert nothing_is_left(folder)


def test_a_kafka_in_production_gets_no_made_up_events(folder: Path) -> None:
    demo = start(folder, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1", **PRODUCTION)
    _, errors = demo.communicate()
    assert demo.returncode == 1
    assert "made-up events" in errors


def test_without_kafkas_jars_and_a_way_to_them_the_demo_says_what_to_do(folder: Path) -> None:
    settings = folder / ".m2" / "settings.xml"
    settings.parent.mkdir()
    settings.write_text(
        "<settings><mirrors><mirror><mirrorOf>*</mirrorOf><url>http://127.0.0.1:1/</url></mirror></mirrors></settings>"
    )
    demo = start(folder, HOME=str(folder), XDG_CACHE_HOME=str(folder / "cache"), PATH="/nonexistent")
    _, errors = demo.communicate()
    assert demo.returncode == 1
    assert "could not be fetched from 127.0.0.1" in errors
    assert "KAFKA_BOOTSTRAP_SERVERS" in errors
    assert len(errors.splitlines()) == 1
    assert nothing_is_left(folder)
