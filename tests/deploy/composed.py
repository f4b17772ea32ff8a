"""`deploy/compose.yaml` as Docker Compose reads it: variables put in, anchors and merges resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"

_NAMED = re.compile(r"\$\{([A-Z_0-9]+)(:[?-])?")


class Unset(Exception):  # noqa: N818 - what it is about
    """A variable that has to be set is not."""


def read(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the file with its variables put in; a setting without a value is handed on, or left out."""
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    composed: dict[str, Any] = _put_in(document, given)
    for service in composed["services"].values():
        environment = service.get("environment", {})
        handed_on = {name: given.get(name) if value is None else str(value) for name, value in environment.items()}
        service["environment"] = {name: value for name, value in handed_on.items() if value is not None}
    return composed


def variables() -> set[str]:
    """Return every variable that the file names in ${...}."""
    return {found[1] for found in _NAMED.finditer(COMPOSE.read_text())}


def required() -> set[str]:
    """Return those without which nothing starts."""
    return {found[1] for found in _NAMED.finditer(COMPOSE.read_text()) if found[2] == ":?"}


def _put_in(value: Any, given: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _put_in(inner, given) for key, inner in value.items()}
    if isinstance(value, list):
        return [_put_in(inner, given) for inner in value]
    return _interpolated(value, given) if isinstance(value, str) else value


def _interpolated(text: str, given: Mapping[str, str]) -> str:
    """Put variables into a text: ${NAME}, ${NAME:-default} and ${NAME:?why}; a default may have some inside."""
    found = _NAMED.search(text)
    if found is None:
        return text.replace("$$", "$")
    end = _closing(text, found.end())
    otherwise = text[found.end() : end]
    name, how = found[1], found[2]
    if given.get(name):
        value = given[name]
    elif how == ":-":
        value = _interpolated(otherwise, given)
    else:
        raise Unset(name)
    return text[: found.start()].replace("$$", "$") + value + _interpolated(text[end + 1 :], given)


def _closing(text: str, start: int) -> int:
    """Return where the brace closes within which `start` is."""
    depth = 1
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    raise ValueError(f"no closing brace: {text}")
