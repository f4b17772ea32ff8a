"""The worker of an earlier commit at its whole job: what today's is compared with, side by side in one run.

It runs from a work tree of its own under `build/`, in an environment of its own from its own lock, both made once. Both
workers get the same traffic, of today's simulator, and each has a broker to itself: topics have fixed names, and what a
worker sends to itself in one run is read again by the next one.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Never

from benchmarks.contenders import Job, absent, fail, lakay_worker

ROOT = Path(__file__).parents[2]

COMMIT = "57a1b2f"
"""The last one before each movement of money was counted exactly once."""

TREE = ROOT / "build" / COMMIT


def install(job: Job) -> None:
    """Make the work tree and its environment."""
    if not has_commit(ROOT):
        absent(job, f"this repository does not have the commit {COMMIT}: take a whole clone (`git fetch --unshallow`).")
    make(ROOT, TREE)


def prepare(job: Job) -> None:
    """Load the traffic."""
    lakay_worker.load(job, lakay())


def run(job: Job) -> Never:
    """Run one worker until all the traffic is committed."""
    lakay_worker.run_one(job, lakay())


def lakay() -> tuple[str, ...]:
    """Return the earlier commit's command."""
    return (str(TREE / ".venv" / "bin" / "python"), "-m", "lakay_streams.cli")


def has_commit(root: Path) -> bool:
    """Return whether `root` is a repository that has the commit."""
    try:
        found = subprocess.run(["git", "cat-file", "-e", f"{COMMIT}^{{commit}}"], cwd=root, check=False)
    except FileNotFoundError:
        return False
    return found.returncode == 0


def make(root: Path, tree: Path) -> None:
    """Check the commit out, and make its environment with the Python of this one; what is there already stays."""
    if not (tree / "Makefile").is_file():
        # One that was deleted by hand is still registered.
        _done("git", "worktree", "prune", folder=root)
        _done("git", "worktree", "add", "--quiet", "--force", "--detach", str(tree), COMMIT, folder=root)
    python = Path(sys.base_prefix) / "bin" / "python{}.{}".format(*sys.version_info)
    _done("make", "--quiet", "setup", f"PYTHON={python}", folder=tree)


def _done(*command: str, folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, check=False)
    if done.returncode != 0:
        fail(f"`{' '.join(command)}` ended with code {done.returncode} in {folder}.")
