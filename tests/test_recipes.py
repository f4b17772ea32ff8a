"""The recipes of CONTRIBUTING.md fit the code: what they show is there, and what they make passes ruff."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.recipes import CONTRIBUTING, changed, recipes

ROOT = CONTRIBUTING.parent

GOES_ON_FROM = {"Add a setting": ["Add a rule"]}

WANTED = {"rule", "table", "topic", "event type", "endpoint", "page", "setting", "migration"}


def test_there_is_a_recipe_for_each_thing_that_is_added_often() -> None:
    assert {title.removeprefix("Add a ").removeprefix("Add an ") for title in recipes()} == WANTED


@pytest.mark.parametrize("title", recipes())
def test_every_block_of_code_is_a_step(title: str) -> None:
    section = CONTRIBUTING.read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    assert section.count("\n```") == 2 * len(recipes()[title]) > 0


@pytest.mark.parametrize("title", recipes())
def test_it_can_be_followed_literally(title: str, tmp_path: Path) -> None:
    steps = [step for each in (*GOES_ON_FROM.get(title, []), title) for step in recipes()[each]]
    for step in steps:
        if not step.is_new and not (tmp_path / step.path).exists():
            (tmp_path / step.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / step.path, tmp_path / step.path)
        assert not (step.is_new and (ROOT / step.path).exists()), f"{step.path} is there by now: take another example"
        step.follow(tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    made = sorted(tmp_path.rglob("*.py"))
    for document in tmp_path.rglob("*.json"):
        json.loads(document.read_text())
    for check in (
        ["check", "--no-cache", "--config", f"src = ['{ROOT}', '{tmp_path}']"],
        ["format", "--check", "--no-cache"],
    ):
        if made:
            ruff = Path(sys.executable).with_name("ruff")
            done = subprocess.run([ruff, *check, *made], cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr


def test_a_change_that_fits_no_more_is_told() -> None:
    with pytest.raises(ValueError, match=r"a\.py has not, in this order:\nthree"):
        changed("one\ntwo\n", " one\n+more\n@@\n three\n", "a.py")


def test_hunks_are_found_in_their_order() -> None:
    assert changed("a\nb\na\n", " a\n@@\n a\n+c\n", "a.py") == "a\nb\na\nc\n"
