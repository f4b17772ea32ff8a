"""What no test reaches: docs/coverage.md, written by `make coverage` from what it measured.

python -m tests.gaps [tests/domain ...]      the tests that were measured, all of them unless named
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import coverage

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
END = -1
"""What coverage.py gives as the target of a jump out of a function (any number below zero)."""

HEAD = """# Coverage

`make coverage` writes this page. It has no threshold: a number to reach is reached by tests that claim nothing. It is a
target of its own because the tests take half as long again, or twice as long, while they are measured.

Measured: {measured}

What workers, archives and APIs run in processes of their own counts as well; what a process ran before a test killed it
(`kill -9`) does not, so the lines of recovery are better covered than the page says.

A **line** counts as missed when no test ran it. A **branch** counts as missed when its line ran and one way out of the
line was never taken; `12→15` is the way from line 12 to line 15, `12→end` the way out of the function. Branches of
lines that did not run count as missed in the first table, and are not listed in the second.
"""


PART = "What only other tests reach looks emptier than it is: run `make coverage` for all."


class Module(NamedTuple):
    """What was measured of one module: counts, and where the gaps are."""

    name: str
    statements: int
    branches: int
    branches_missed: int
    lines: tuple[int, ...]
    jumps: tuple[tuple[int, int], ...]
    """The branches missed on lines that ran."""


class Share(NamedTuple):
    """How much of a folder's statements and branches ran."""

    folder: str
    statements: int
    lines_missed: int
    branches: int
    branches_missed: int


def measured() -> list[Module]:
    """Return every module that `make coverage` measured, by name."""
    data = coverage.Coverage()
    data.load()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        data.json_report(outfile=file.name)
        report = json.loads(Path(file.name).read_text())
    return [
        Module(
            name,
            told["summary"]["num_statements"],
            told["summary"]["num_branches"],
            told["summary"]["missing_branches"],
            tuple(told["missing_lines"]),
            tuple((start, end) for start, end in told["missing_branches"] if start not in told["missing_lines"]),
        )
        for name, told in sorted(report["files"].items())
    ]


def folder_of(name: str) -> str:
    """Return the folder that a module's row is added to: `agents`, `lakay_streams/engine`."""
    parts = name.split("/")
    return "/".join(parts[: 2 if parts[0] == "lakay_streams" and len(parts) > 2 else 1])


def shares(modules: Iterable[Module]) -> list[Share]:
    """Add modules up by folder."""
    folders: dict[str, list[Module]] = {}
    for module in modules:
        folders.setdefault(folder_of(module.name), []).append(module)
    return [share(folder, of) for folder, of in sorted(folders.items())]


def share(folder: str, modules: Sequence[Module]) -> Share:
    """Add modules up."""
    return Share(
        folder,
        sum(module.statements for module in modules),
        sum(len(module.lines) for module in modules),
        sum(module.branches for module in modules),
        sum(module.branches_missed for module in modules),
    )


def ranges(numbers: Sequence[int]) -> str:
    """Write line numbers, neighbours as one range: `3, 7-9`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def percent(missed: int, of: int) -> str:
    """Write how much of something ran, rounded down, so that 100% means all."""
    return f"{(of - missed) * 1000 // of / 10}%" if of else ""


def page(modules: Sequence[Module], tests: Sequence[str]) -> str:
    """Return the whole page."""
    text = io.StringIO()
    text.write(HEAD.format(measured=f"{', '.join(tests)}. {PART}" if tests else "all tests."))
    text.write("\n## By folder\n\n| folder | statements | run | branches | taken |\n|---|---|---|---|---|\n")
    for row in [*shares(modules), share("all", modules)]:
        run, taken = percent(row.lines_missed, row.statements), percent(row.branches_missed, row.branches)
        text.write(f"| {row.folder} | {row.statements:,} | {run} | {row.branches:,} | {taken} |\n")
    text.write("\n## Gaps by module\n\n| module | lines missed | branches missed |\n|---|---|---|\n")
    for module in modules:
        if module.lines or module.jumps:
            jumps = ", ".join(f"{start}→{'end' if end <= END else end}" for start, end in module.jumps)
            lines = ranges(module.lines) if len(module.lines) < module.statements else "all"
            text.write(f"| {module.name} | {lines} | {jumps} |\n")
    return text.getvalue()


if __name__ == "__main__":
    PAGE.write_text(page(measured(), sys.argv[1:]))
    print(f"The gaps by module are in {PAGE.relative_to(Path.cwd())}.")
