"""Secrets: which are development's, what one for production looks like, and who else can read them.

DEBUG=false refuses what anybody can look up in this repository, and what could be guessed. A refusal names the variable
and never its value.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import parse_qsl, unquote

from pydantic import SecretStr

DEVELOPMENT_PII_SECRETS = {
    "PII_TOKEN_SECRET": "lakay-pii-token-secret-dev-only",
    "PII_ENCRYPTION_KEY": "lakay-encryption-key-dev-only",
}

DEVELOPMENT_DATABASE_PASSWORD = "lakay_dev"  # noqa: S105 - the runbook's default, which is refused in production
DEVELOPMENT_LAKE_KEY = "minioadmin"

#: Letters that a token of production has at least, and how many different ones: 32 random hex digits have some 14.
TOKEN_LENGTH = 32
TOKEN_DISTINCT = 8

#: Different bytes that a key of 32 has at least: random ones have some 30.
KEY_DISTINCT = 16

PLACEHOLDER = re.compile(r"<[A-Z0-9_]{3,}>")
"""What the runbook's templates have where a value belongs: <STRONG_PASSWORD>."""

_MAKE_KEY = "`openssl rand -hex 32`"


class WithSecrets(Protocol):
    """Settings as they are asked here: those of `_SECRETS` by their names, and these."""

    @property
    def debug(self) -> bool:
        """Whether development's secrets are accepted."""

    @property
    def api_token(self) -> SecretStr | None:
        """The token of the API's one caller without a name."""

    @property
    def api_tokens(self) -> SecretStr | None:
        """The tokens of its named callers."""

    @property
    def worker_token(self) -> SecretStr | None:
        """The token of the worker's pages."""


class _Secret(NamedTuple):
    """A variable: its value in development, whether a value is strong, and where a strong one comes from."""

    attribute: str
    development: Callable[[str], bool]
    strong: Callable[[str], bool]
    from_where: str


def token_map(tokens: SecretStr | None) -> dict[str, str]:
    """Return API_TOKENS as tokens by name."""
    if tokens is None:
        return {}
    pairs = (each.partition(":") for each in tokens.get_secret_value().split(","))
    return {name.strip(): token.strip() for name, _, token in pairs}


def password_of(url: str) -> str:
    """Return the password in a URL, decoded; "" without one."""
    place, _, query = url.partition("://")[2].partition("?")
    named = dict(parse_qsl(query)).get("password", "")
    return unquote(place.rpartition("@")[0].partition(":")[2]) or named


def production_problems(settings: WithSecrets) -> Iterator[str]:
    """Yield a sentence for each secret that production refuses."""
    if settings.debug:
        return
    for variable, secret, value in _in_force(settings):
        if secret.development(value):
            yield f"{variable} is the development one, which DEBUG=false refuses: set {secret.from_where}"
        elif not secret.strong(value):
            yield f"{variable} is too weak or cut off, which DEBUG=false refuses: set {secret.from_where}"
    single = {"API_TOKEN": settings.api_token, "WORKER_TOKEN": settings.worker_token}
    tokens = {variable: token.get_secret_value() for variable, token in single.items() if token is not None}
    tokens |= {f"The token of {name} in API_TOKENS": token for name, token in token_map(settings.api_tokens).items()}
    for what, token in tokens.items():
        if len(token) < TOKEN_LENGTH or len(set(token)) < TOKEN_DISTINCT:
            yield f"{what} is too weak, which DEBUG=false refuses: set what {_MAKE_KEY} prints"


def development_secrets(settings: WithSecrets) -> list[str]:
    """Return the variables whose development secret is in force."""
    return [variable for variable, secret, value in _in_force(settings) if secret.development(value)]


def warnings(settings: WithSecrets, env_file: Path | None = Path(".env")) -> Iterator[str]:
    """Yield a sentence for each secret that anybody knows, or that others on this machine can read."""
    known = development_secrets(settings)
    if known:
        yield (
            f"development secrets are in force, which anybody can look up ({', '.join(known)}): set your own before "
            "real events come, and DEBUG=false"
        )
    try:
        mode = env_file.stat().st_mode & 0o777 if env_file else 0
    except OSError:
        return
    if mode & 0o077:
        yield f"{env_file} can be read or changed by others (mode {mode:04o}): run `chmod 600 {env_file}`"


def placeholders(given: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each given variable that nobody filled in."""
    for variable, value in given.items():
        if PLACEHOLDER.search(value):
            yield f"{variable} still has a placeholder of the template (<...>) in it: set the real value"


def _in_force(settings: WithSecrets) -> Iterator[tuple[str, _Secret, str]]:
    """Yield each variable that has a value, with what is wanted of it."""
    for variable, secret in _SECRETS.items():
        value = getattr(settings, secret.attribute)
        if value is not None:
            yield variable, secret, value.get_secret_value()


def _is_hex_key(value: str) -> bool:
    if not re.fullmatch(r"[0-9a-fA-F]{64,}", value) or len(value) % 2:
        return False
    return len(set(bytes.fromhex(value))) >= KEY_DISTINCT


def _is_base64_key(value: str) -> bool:
    if not re.fullmatch(r"[A-Za-z0-9+/_-]{43}=", value):
        return False
    try:
        key = base64.b64decode(value.translate(str.maketrans("-_", "+/")), validate=True)
    except binascii.Error:
        return False
    return len(set(key)) >= KEY_DISTINCT


def _is_lake_key(value: str) -> bool:
    return value == DEVELOPMENT_LAKE_KEY


def _any(_value: str) -> bool:
    return True


_SECRETS = {
    **{
        variable: _Secret(
            variable.lower(),
            lambda url: password_of(url) == DEVELOPMENT_DATABASE_PASSWORD,
            _any,
            "one with a password of its own",
        )
        for variable in ("DATABASE_URL", "DATABASE_OWNER_URL")
    },
    **{
        variable: _Secret(variable.lower(), _is_lake_key, _any, "a key of your own")
        for variable in ("DATALAKE_ACCESS_KEY", "DATALAKE_SECRET_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    },
    "PII_TOKEN_SECRET": _Secret(
        "pii_token_secret",
        lambda value: value == DEVELOPMENT_PII_SECRETS["PII_TOKEN_SECRET"],
        _is_hex_key,
        f"what {_MAKE_KEY} prints",
    ),
    "PII_ENCRYPTION_KEY": _Secret(
        "pii_encryption_key",
        lambda value: value == DEVELOPMENT_PII_SECRETS["PII_ENCRYPTION_KEY"],
        _is_base64_key,
        "what `openssl rand -base64 32` prints",
    ),
    "AUDIT_SIGNING_KEY": _Secret("audit_signing_key", lambda _value: False, _is_hex_key, f"what {_MAKE_KEY} prints"),
}
