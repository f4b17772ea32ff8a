"""The checks before a commit are those of `make check`, and the gaps that `make coverage` tells are real."""

from __future__ import annotations

import re
from pathlib import Path

from tests.gaps import Module, folder_of, page, percent, ranges, shares

ROOT = Path(__file__).parents[1]


def test_the_hooks_before_a_commit_run_what_make_check_runs() -> None:
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    checks = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()]
    hooks = re.findall(r"^ +entry: (.+)$", (ROOT / ".pre-commit-config.yaml").read_text(), re.MULTILINE)
    assert hooks == checks


def test_neighbouring_lines_are_one_range() -> None:
    assert ranges([3, 7, 8, 9, 12]) == "3, 7-9, 12"


def test_a_share_is_rounded_down_so_that_all_means_all() -> None:
    assert percent(1, 10_000) == "99.9%"
    assert percent(0, 10_000) == "100.0%"
    assert percent(0, 0) == ""


def test_modules_are_added_up_by_folder() -> None:
    modules = [
        Module("agents/users.py", 10, 4, 1, (3,), ((5, 7),)),
        Module("lakay_streams/domain/fraud/decide.py", 20, 2, 0, (), ()),
        Module("lakay_streams/domain/money.py", 30, 6, 2, (1, 2), ()),
        Module("lakay_streams/errors.py", 5, 0, 0, (), ()),
    ]
    assert [share[:] for share in shares(modules)] == [
        ("agents", 10, 1, 4, 1),
        ("lakay_streams", 5, 0, 0, 0),
        ("lakay_streams/domain", 50, 2, 8, 2),
    ]
    assert folder_of("tables/users.py") == "tables"


def test_the_page_lists_each_module_with_a_gap_and_no_other() -> None:
    text = page(
        [
            Module("agents/users.py", 10, 4, 1, (3,), ((5, -1),)),
            Module("lakay_streams/errors.py", 5, 0, 0, (), ()),
            Module("tables/users.py", 2, 0, 0, (1, 2), ()),
        ],
        ["tests/agents"],
    )
    assert "Measured: tests/agents. " in text
    assert text.endswith("|---|---|---|\n| agents/users.py | 3 | 5→end |\n| tables/users.py | all |  |\n")
