"""Reading the settings from the environment and `.env`, and telling what was read without telling a secret."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dotenv import dotenv_values
from pydantic import BaseModel, SecretStr, ValidationError

from lakay_streams.errors import SettingsError
from lakay_streams.settings.core import Settings
from lakay_streams.settings.kinds import Group
from lakay_streams.settings.secrets import placeholders

_URL_PASSWORD = re.compile(r"(:/{1,2}[^\s:/@]*:)\S*@")
_LIKE_A_SECRET = re.compile(r"[A-Za-z0-9+/=_-]{24,}|[:@]")
_ADDRESS = re.compile(r"(^|_)(URL|URI|ENDPOINT|HOST|SERVERS)$")

DEFAULT_CONTRACTS_PATH = Path("../trebanx-contracts/schemas")


class Setting(NamedTuple):
    """One row of `lakay settings check`; `value` is safe to print."""

    variable: str
    value: str
    source: str
    meaning: str


def load_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read and validate every setting; the process environment wins over `env_file`.

    Raises `SettingsError` with one line per problem, each naming its variable and what to do, none showing a secret.
    """
    try:
        groups: dict[str, Any] = _default_contracts(env_file) | _no_lake_endpoint(env_file)
    except (OSError, UnicodeDecodeError) as unreadable:
        raise SettingsError(f"{env_file} cannot be read ({unreadable}): make it a UTF-8 text file") from None
    problems = list(_not_filled_in(env_file))
    if problems:
        # Whatever else they are refused for follows from it.
        raise SettingsError("\n".join(problems))
    for name, group in Settings.GROUPS.items():
        try:
            groups[name] = group(_env_file=env_file)
        except ValidationError as invalid:
            problems += _problems(group, invalid, env_file)
            groups[name] = group.model_construct()
    try:
        settings = Settings(_env_file=env_file, **groups)
    except ValidationError as invalid:
        problems += _problems(Settings, invalid, env_file)
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def explain(settings: Settings, env_file: Path | None = Path(".env")) -> list[Setting]:
    """Every variable with its value in force (secrets masked), where it comes from, and what it means."""
    rows = []
    for group in (settings, *(getattr(settings, name) for name in Settings.GROUPS)):
        for name, field in type(group).model_fields.items():
            if name not in Settings.GROUPS:
                variable = _variable(type(group), name)
                value = _shown(getattr(group, name))
                rows.append(Setting(variable, value, _source(variable, env_file), field.description or ""))
    return rows


def unknown_variables(env_file: Path | None = Path(".env")) -> dict[str, str]:
    """Variables with a domain's prefix that no setting has, with the nearest one that exists ("" if none is near).

    They change nothing, which their author did not mean.
    """
    known = [_variable(group, name) for group in Settings.GROUPS.values() for name in group.model_fields]
    prefixes = tuple(str(group.model_config.get("env_prefix")) for group in Settings.GROUPS.values())
    given = [name.upper() for name in (*os.environ, *_file_values(env_file))]
    unknown = (name for name in given if name.startswith(prefixes) and name not in known)
    return {name: next(iter(difflib.get_close_matches(name, known, 1)), "") for name in unknown}


def _variable(group: type[BaseModel], field: str) -> str:
    return f"{group.model_config.get('env_prefix') or ''}{field}".upper()


def _file_values(env_file: Path | None) -> dict[str, str | None]:
    return dict(dotenv_values(env_file)) if env_file else {}


def _not_filled_in(env_file: Path | None) -> Iterator[str]:
    """Yield a sentence for each of our variables that is no text, or still the template's."""
    groups: tuple[type[Group], ...] = (Settings, *Settings.GROUPS.values())
    known = {_variable(group, name) for group in groups for name in group.model_fields}
    given = {name.upper(): value for name, value in (_file_values(env_file) | dict(os.environ)).items() if value}
    ours = {name: value for name, value in given.items() if name in known}
    for name, value in ours.items():
        if not _is_text(value):
            yield f"{name} is no UTF-8 text: correct it in {_source(name, env_file)}"
    yield from placeholders(ours)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _source(variable: str, env_file: Path | None) -> str:
    if any(name.upper() == variable and value for name, value in os.environ.items()):
        return "environment"
    if any(name.upper() == variable and value for name, value in _file_values(env_file).items()):
        return str(env_file)
    return "default"


def _default_contracts(env_file: Path | None) -> dict[str, Path]:
    """The default folder counts only when it is there; an explicit one must be."""
    if _source("CONTRACTS_PATH", env_file) == "default" and DEFAULT_CONTRACTS_PATH.is_dir():
        return {"contracts_path": DEFAULT_CONTRACTS_PATH}
    return {}


def _no_lake_endpoint(env_file: Path | None) -> dict[str, str]:
    """An endpoint that is given empty is none, where other variables that are empty have their default."""
    given = {name.upper(): value for name, value in (_file_values(env_file) | dict(os.environ)).items()}
    return {"datalake_endpoint": ""} if given.get("DATALAKE_ENDPOINT") == "" else {}


def _problems(group: type[Group], invalid: ValidationError, env_file: Path | None) -> Iterator[str]:
    for error in invalid.errors(include_url=False, include_context=False):
        message = error["msg"].removeprefix("Value error, ")
        if not error["loc"]:
            # A path that was meant for a URL, say.
            yield from _URL_PASSWORD.sub(r"\1**********@", message).splitlines()
            continue
        field = str(error["loc"][0])
        variable = _variable(group, field)
        is_told = not (_is_secret(group, field) or _ADDRESS.search(variable))
        value = f"={_quoted(error['input'])}" if is_told else ""
        source = _source(variable, env_file).replace("environment", "the environment")
        yield f"{variable}{value} is refused ({_lower(message)}): correct it in {source}"


def _is_secret(group: type[Group], field: str) -> bool:
    return "SecretStr" in str(group.model_fields[field].annotation)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _quoted(value: object) -> str:
    """A refused value as it may be told: not where it may be a secret, or an address with one, in the wrong place."""
    return "**********" if _LIKE_A_SECRET.search(str(value)) else str(value).partition("?")[0]


def _shown(value: object) -> str:
    """The value as it may be printed: a secret masked, and before an @, where passwords stand, all but a user."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else "-" if value is None else str(value)
    scheme, separator, rest = text.partition("://") if "://" in text else ("", "", text)
    if isinstance(value, SecretStr) and not separator:
        return str(value)
    credentials, at, place = rest.rpartition("@")
    user, colon, _ = credentials.partition(":")
    told = f"{user}:**********" if colon else "**********"
    return f"{scheme}{separator}{told if at else ''}{at}{place.partition('?')[0] if separator else place}"
