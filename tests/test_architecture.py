"""The shape of the code: imports point down, every module says what it is, and names stay ours."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("lakay_streams", "agents", "tables")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported_by(path: Path) -> set[str]:
    """Full names of the modules that a module imports, at its top or inside its functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def test_imports_point_down() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


DOMAIN = [path for path in MODULES if "domain" in path.parts]


@pytest.mark.parametrize("path", DOMAIN, ids=named)
def test_the_domain_imports_only_the_standard_library_and_itself_but_for_what_its_records_are_made_of(
    path: Path,
) -> None:
    foreign = {
        name
        for name in imported_by(path)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.startswith(("lakay_streams.domain", "lakay_streams.errors"))
    }
    assert foreign == ({"msgspec", "msgspec.structs"} if path.name == "frozen.py" else set())


IMPURE = {"asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "socket", "subprocess", "time"}


@pytest.mark.parametrize("path", DOMAIN, ids=named)
def test_the_domain_has_no_input_output_clock_or_chance(path: Path) -> None:
    assert not imported_by(path) & IMPURE
    read = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert not read & {"now", "utcnow", "today"}


def test_every_library_that_is_imported_is_declared() -> None:
    project = PROJECT["project"]
    declared = chain(project["dependencies"], *project["optional-dependencies"].values())
    declared_names = {re.split(r"[\[<>=~! ]", line)[0].lower().replace("_", "-") for line in declared}
    providers = importlib.metadata.packages_distributions()
    undeclared = {
        f"{named(path)} imports {top}"
        for path in MODULES
        for top in {name.partition(".")[0] for name in imported_by(path)}
        if top not in sys.stdlib_module_names
        and top not in PACKAGES
        and not {name.lower().replace("_", "-") for name in providers.get(top, [])} & declared_names
    }
    assert not undeclared


@pytest.mark.parametrize("name", ["agents", "tables"])
def test_no_other_distribution_provides_our_generic_names(name: str) -> None:
    others = set(importlib.metadata.packages_distributions().get(name, [])) - {"lakay-intelligence"}
    assert not others, "its modules would be mixed with ours: remove it from this environment"


@pytest.mark.parametrize("name", ["agents", "tables"])
def test_importing_our_generic_names_does_nothing(name: str) -> None:
    """Someone who means another `agents` must get an empty package, not a running application."""
    (package,) = [path for path in MODULES if path == ROOT / name / "__init__.py"]
    assert [type(node) for node in ast.parse(package.read_text()).body] == [ast.Expr]


def test_every_package_either_may_know_faust_or_is_kept_from_it() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (kept,) = [contract["source_modules"] for contract in contracts if "faust" in contract.get("forbidden_modules", ())]
    packages = {
        f"lakay_streams.{path.stem}" for path in (ROOT / "lakay_streams").glob("[a-z]*") if path.suffix != ".typed"
    }
    assert {*kept, "lakay_streams.engine", "lakay_streams.worker_pages"} == packages | {"tables"}
