"""The documents name what there is: files, headings, commands, targets, settings, layers. The alert is a true one."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from lakay_streams.cli.app import app
from lakay_streams.contracts.outbound import load
from tests.documents import README, ROOT, SETTINGS, alert_in, defaults, settings_page, shown_alert, written
from tests.recipes import Step, recipes

MADE = ("build", "dist", ".venv", ".lakay", "__pycache__")
"""What commands make, and no checkout has."""


def checked_out() -> Iterator[Path]:
    """Every file of the project, but for those whose name or folder is hidden."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in MADE and not name.startswith(".")]
        yield from (Path(folder, name) for name in names if not name.startswith("."))


FILES = sorted(checked_out())
DOCUMENTS = [path for path in FILES if path.suffix == ".md"]
MODULES = [path for path in FILES if path.suffix == ".py"]

STEPS: list[Step] = [step for steps in recipes().values() for step in steps]
"""What recipes add: examples, which the code has not."""

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@cache
def text_of(document: Path) -> str:
    return document.read_text()


@cache
def code_in(document: Path) -> tuple[str, ...]:
    """What a document shows as code: in back quotes, and the lines of blocks."""
    fenced = re.findall(r"^```[a-z]*\n(.*?)^```", text_of(document), re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^(?: {4}|\t)(?![-*|]|\d+\.)(\S.*)$", text_of(document), re.MULTILINE)
    return (*inline_in(document), *indented, *(line for block in fenced for line in block.splitlines()))


def inline_in(document: Path) -> list[str]:
    without_blocks = re.sub(r"^```.*?^```", "", text_of(document), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"(?<!`)`([^`\n]+)`", without_blocks)


def anchors_of(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text_of(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links_of(document: Path) -> Iterator[tuple[str, Path, str]]:
    """Each link into the repository: as written, the file it means, and the heading."""
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(document)):
        if not re.match(r"[a-z]+:", link):
            name, _, anchor = link.partition("#")
            yield link, (document.parent / name).resolve() if name else document, anchor


@every_document
def test_every_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    for link, target, anchor in links_of(document):
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors_of(target), f"{link}: {target.name} has no such heading"


def test_every_document_is_reached_from_the_readme() -> None:
    reached, left = set[Path](), [README]
    while left:
        document = left.pop()
        if document in reached or document.suffix != ".md":
            continue
        reached.add(document)
        for _, target, _ in links_of(document):
            left.append(target / "README.md" if target.is_dir() else target)
    assert set(DOCUMENTS) - reached == set()


def names_a_file(token: str) -> bool:
    name = token.partition("::")[0]
    first = name.split("/")[0]
    if re.search(r"[\s*<>{}…()|,=]", name) or name.startswith(("http", "/", "../", "-")) or first in MADE:
        return False
    top = {path.relative_to(ROOT).parts[0] for path in FILES}
    return ("/" in name and first in top) or bool(re.search(r"\w\.(py|md|toml|sh|ya?ml|svg|html|lock)$", name))


def found(token: str, document: Path) -> list[Path]:
    name = token.partition("::")[0]
    places = [ROOT / name, document.parent / name]
    if "/" not in name:
        places += [path for path in FILES if path.name == name]
    return [place for place in places if place.exists()]


@every_document
def test_every_file_that_is_named_exists_with_the_test_in_it(document: Path) -> None:
    for token in inline_in(document):
        if names_a_file(token) and token not in {step.path for step in STEPS if step.is_new}:
            files = found(token, document)
            assert files, f"{token} does not exist"
            _, _, test = token.partition("::")
            assert not test or any(f"def {test}(" in text_of(file) for file in files), f"{token} does not exist"


@every_document
def test_every_name_in_a_module_that_is_named_exists(document: Path) -> None:
    """As in `transport.Consumer`: a module of the engine, and what it defines."""
    engine = {path.stem: path for path in MODULES if "engine" in path.parts and "lakay_streams" in path.parts}
    for token in inline_in(document):
        named = re.fullmatch(r"([a-z_]+)\.([A-Za-z]\w+)", token)
        if named and named[1] in engine and not names_a_file(token):
            assert re.search(rf"(def|class) {named[2]}\b", text_of(engine[named[1]])), f"{token} does not exist"


@every_document
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = {target for code in code_in(document) for target in re.findall(r"\bmake ([a-z]+)\b", code)}
    assert named <= set(targets)


@every_document
def test_every_command_that_is_named_exists(document: Path) -> None:
    root = get_command(app)
    for code in code_in(document):
        for line in re.findall(r"\blakay ((?:[a-z-]+(?: |$))+)", code):
            command: object = root
            for word in line.split():
                if not isinstance(command, TyperGroup) or word.startswith("-"):
                    break
                assert word in command.commands, f"lakay {line}: there is no {word}"
                command = command.commands[word]


@every_document
def test_every_setting_that_is_named_exists(document: Path) -> None:
    variables = set(
        re.findall(r"^# ?([A-Z][A-Z0-9_]+)=|^([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M)
    )
    settings = {name for pair in variables for name in pair if name}
    others = (ROOT / "Makefile").read_text() + "".join(step.block for step in STEPS if step.path == ".env.example")
    prefixes = {name.split("_")[0] for name in settings}
    named = {name for code in code_in(document) for name in re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", code)}
    unknown = {
        name
        for name in named - settings
        if name.split("_")[0] in prefixes and name not in others and not name.startswith("LAKAY_TEST_")
    }
    assert unknown == set()


def test_the_table_of_settings_is_that_of_the_code() -> None:
    assert SETTINGS.read_text() == settings_page(), "run `make docs`"


def layers() -> list[list[str]]:
    """The rows of the import contract that exist, uppermost first, as folders and files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contract = next(each for each in project["tool"]["importlinter"]["contracts"] if each["type"] == "layers")
    rows = [re.findall(r"[a-z_.]+", row) for row in contract["layers"]]
    folders = [[name.replace(".", "/") for name in row] for row in rows]
    there = [[path for name in row for path in (name, f"{name}.py") if (ROOT / path).exists()] for row in folders]
    return [row for row in there if row]


def test_the_architecture_shows_the_rows_of_the_import_contract_in_their_order() -> None:
    section = text_of(ROOT / "ARCHITECTURE.md").partition("## Where things are")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)
    shown = [re.findall(r"`([^`]+)`", row) for row in rows]
    assert [sorted(row) for row in shown] == [sorted(row) for row in layers()]


def test_every_package_is_in_a_row() -> None:
    packages = {
        "/".join(path.relative_to(ROOT).parts[:2])
        for path in MODULES
        if path.relative_to(ROOT).parts[0] == "lakay_streams" and path.name != "__init__.py"
    }
    assert packages <= {name for row in layers() for name in row}


def test_the_alert_of_the_readme_is_valid_and_just_what_the_simulation_makes() -> None:
    shown = alert_in(text_of(README))
    document = json.loads(shown)
    assert load("fraud-alert").faults(shown.encode(), document) == ()
    made = shown_alert()
    # The version follows from every setting there is; which alert is made does not.
    made["settings_version"] = document["settings_version"]
    assert shown == written(made), "run `make docs`"


@pytest.mark.parametrize("record", sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")), ids=lambda path: path.stem)
def test_a_decision_says_its_context_reason_and_consequences(record: Path) -> None:
    headings = re.findall(r"^## (.+)$", text_of(record), re.MULTILINE)
    assert headings == ["Context", "Decision", "Reason", "Consequences"]
    title = re.match(r"# (\d{4})\. (.+)\n", text_of(record))
    assert title is not None
    assert record.name.startswith(f"{title[1]}-")
    index = text_of(record.parent / "README.md")
    assert f"[{title[1]}. {title[2]}]({record.name})" in index, "list it in docs/decisions/README.md"


def test_defaults_are_those_of_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUD_LOGIN_COUNT_MAX", "9")
    assert defaults().fraud.login_count_max == 5
