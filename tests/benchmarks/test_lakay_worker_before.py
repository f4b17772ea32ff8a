"""The worker of an earlier commit takes part in the bench with its own code, or says in one sentence why it cannot."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from benchmarks import __main__ as bench
from benchmarks import report
from benchmarks.contenders import CONTENDERS, Job, lakay_worker_before
from benchmarks.measure import Measurement
from benchmarks.report import Outcome

BEFORE = CONTENDERS["lakay-worker-before"]
NOW = CONTENDERS["lakay-worker"]


def job(folder: Path) -> Job:
    return Job(BEFORE.name, "nowhere:1", "bench-1", "bench-1-install", 1, str(folder))


@pytest.mark.parametrize("kind", ["no repository", "without the commit"])
def test_without_the_commit_it_is_absent_with_one_sentence(tmp_path: Path, kind: str) -> None:
    if kind == "without the commit":
        subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    program = (
        "from pathlib import Path\n"
        "from benchmarks.contenders import Job, lakay_worker_before as before\n"
        f"before.ROOT = Path({str(tmp_path)!r})\n"
        f"before.install(Job(*{tuple(job(tmp_path))!r}))\n"
    )
    # A folder inside of another repository is that one's.
    environment = {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent), "PATH": "/usr/bin:/bin:/usr/local/bin"}
    done = subprocess.run([sys.executable, "-c", program], cwd=bench.ROOT, env=environment, check=False)
    assert done.returncode == 0
    sentence = job(tmp_path).absence.read_text()
    assert "does not have the commit 57a1b2f" in sentence
    assert sentence.count("\n") == 0


def test_its_code_is_its_own_and_so_is_its_broker() -> None:
    python, *_ = lakay_worker_before.lakay()
    assert Path(python).is_relative_to(bench.BUILD / "57a1b2f")
    assert BEFORE.own_broker
    assert not NOW.own_broker
    assert (BEFORE.events, BEFORE.quick_events, BEFORE.commit_interval_ms, BEFORE.guarantee) == (
        NOW.events,
        NOW.quick_events,
        NOW.commit_interval_ms,
        NOW.guarantee,
    ), "both do the same"


def test_a_full_bench_runs_both_and_a_quick_one_neither_installs_nor_waits() -> None:
    assert {BEFORE.name, NOW.name} <= set(bench.FULL.contenders)
    assert BEFORE.name not in bench.QUICK.contenders


def test_who_has_a_broker_to_itself_is_given_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, str, str]] = []

    def called(job: Job, step: str, log: Path, timeout_s: float) -> None:
        calls.append((step, job.name, job.bootstrap_servers))
        log.write_text("")
        if step == "run":
            job.result.write_bytes(b'{"events": 10, "seconds": 1.0, "cpu_seconds": 0.5}')

    monkeypatch.setattr(bench, "_run_process", called)
    own = {BEFORE.name: "own:1"}
    plan = bench.Plan((NOW.name, BEFORE.name), rounds=2, call_s=1, total_s=60)
    with Progress(console=Console(quiet=True)) as progress:
        outcomes = bench.Bench((NOW, BEFORE), plan, "all:1", time.monotonic(), own).run(progress)
    assert [len(outcome.runs) for outcome in outcomes] == [2, 2]
    assert calls == [
        ("install", BEFORE.name, "own:1"),
        ("prepare", NOW.name, "all:1"),
        ("prepare", BEFORE.name, "own:1"),
        ("run", NOW.name, "all:1"),
        ("run", BEFORE.name, "own:1"),
        ("run", BEFORE.name, "own:1"),
        ("run", NOW.name, "all:1"),
    ], "rounds are interleaved"


def test_the_ratio_is_printed_with_its_range() -> None:
    def outcome(name: str, *cpu_s: float) -> Outcome:
        return Outcome(CONTENDERS[name], [Measurement(1_000, each, each) for each in cpu_s])

    console = Console(record=True, width=200, file=io.StringIO())
    report.show(console, [outcome(NOW.name, 1.0, 1.0, 1.0), outcome(BEFORE.name, 1.8, 2.0, 2.2)])
    assert "lakay-worker / lakay-worker-before, 2 times: 2.00 (1.80 to 2.20)" in console.export_text()
