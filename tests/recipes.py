"""The recipes of CONTRIBUTING.md, and what follows one literally.

python -m tests.recipes FOLDER TITLE...      in a copy of the project: for example "Add a rule" "Add a setting"
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CONTRIBUTING = Path(__file__).parents[1] / "CONTRIBUTING.md"

_STEP = re.compile(r"^(New|In)(?:: | )`([^`]+)`[^\n]*(?:\n[^\n`]+)*\n\n```[a-z]+\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Step(NamedTuple):
    """One block of a recipe: a new file's text, or what changes in one that is there."""

    is_new: bool
    path: str
    block: str

    def follow(self, folder: Path) -> None:
        """Make the file, or change it; raises `ValueError` where the file is not as the recipe shows it."""
        file = folder / self.path
        if self.is_new:
            if file.exists():
                raise ValueError(f"{self.path} is there already")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.block)
        else:
            file.write_text(changed(file.read_text(), self.block, self.path))


def changed(text: str, block: str, path: str) -> str:
    """Return `text` after the hunks of `block`, in their order, each found behind the one before."""
    done = ""
    for hunk in re.split(r"^@@\n", block, flags=re.MULTILINE):
        lines = [(line[:1], line[1:]) for line in hunk.splitlines()]
        before = "".join(f"{line}\n" for sign, line in lines if sign != "+")
        after = "".join(f"{line}\n" for sign, line in lines if sign != "-")
        at = re.search(f"^{re.escape(before)}", text, re.MULTILINE)
        if at is None:
            raise ValueError(f"{path} has not, in this order:\n{before}")
        done += text[: at.start()] + after
        text = text[at.end() :]
    return done + text


def recipes() -> dict[str, list[Step]]:
    """Return the steps of each recipe by its title."""
    return {title: list(_steps(section)) for title, section in _sections()}


def _sections() -> Iterator[tuple[str, str]]:
    text = CONTRIBUTING.read_text().partition("\n# Recipes\n")[2]
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, rest = section.partition("\n")
        yield title, rest


def _steps(section: str) -> Iterator[Step]:
    for kind, path, block in _STEP.findall(section):
        yield Step(kind == "New", path, block)


if __name__ == "__main__":
    for wanted in sys.argv[2:]:
        for step in recipes()[wanted]:
            step.follow(Path(sys.argv[1]))
            print(f"{wanted}: {step.path}")
