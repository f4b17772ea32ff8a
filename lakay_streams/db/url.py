"""DATABASE_URL and DATABASE_OWNER_URL as the drivers take them.

Operators know the form `postgresql+asyncpg://` (runbook 2.3); libpq knows no driver in the scheme, and calls asyncpg's
`ssl` `sslmode`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from lakay_streams.errors import SettingsError
from lakay_streams.settings import Settings

#: A server that vanishes without a word is noticed within these seconds (libpq's `keepalives_*`, `tcp_user_timeout`).
NOTICED_WITHIN_S = 15

CONNECT_WITHIN_S = 5


def variable_of(settings: Settings) -> str:
    """Return which variable the URL of `settings` is of: with `roles.as_owner`, it is the owner's."""
    own = settings.database_url == settings.database_owner_url
    return "DATABASE_OWNER_URL" if own else "DATABASE_URL"


def parameters_of(settings: Settings, application: str) -> dict[str, Any]:
    """Return libpq's parameters for the URL of `settings`; raises as `connection_parameters`, under its own name."""
    return connection_parameters(settings.database_url, application, variable_of(settings))


def connection_parameters(url: SecretStr, application: str, variable: str = "DATABASE_URL") -> dict[str, Any]:
    """Return libpq's parameters for `url`, which is of `variable`; the server lists the connection as `application`.

    Raises `SettingsError` for a URL that libpq cannot read, without a word of it.
    """
    _, _, place = url.get_secret_value().partition("://")
    address, _, query = place.partition("?")
    options = [_option(name, value) for name, value in parse_qsl(query, keep_blank_values=True)]
    try:
        given = conninfo_to_dict(f"postgresql://{address}?{urlencode(options)}")
        # An @, : or / of a password that was not encoded ends up in these, and in the message of a failed connection.
        if (
            "@" in f"{given.get('host')}{given.get('dbname')}"
            or not str(given.get("port", "0")).replace(",", "").isdigit()
            or not re.fullmatch(r"-?[0-9]{1,9}", str(given.get("connect_timeout", "0")))
        ):
            raise ProgrammingError
        # As the resolver asks for it: one that cannot be asked for is no server that is away.
        str(given.get("host", "")).encode("idna")
    except (ProgrammingError, UnicodeError):
        # Its own message may quote a piece of the password.
        raise SettingsError(
            f"{variable} cannot be read: write postgresql+asyncpg://user:password@host:5432/database, percent-encode "
            "special characters in it, and after a ? name only options of libpq (ssl is read as sslmode)"
        ) from None
    defaults = {
        "connect_timeout": CONNECT_WITHIN_S,
        "application_name": application,
        "keepalives_idle": NOTICED_WITHIN_S // 3,
        "keepalives_interval": NOTICED_WITHIN_S // 3,
        "keepalives_count": 2,
        "tcp_user_timeout": NOTICED_WITHIN_S * 1000,
    }
    return defaults | given


def reason_of(failure: BaseException, parameters: Mapping[str, Any]) -> str:
    """Return why a connection with `parameters` failed, in libpq's or the server's words without what they quote.

    They quote values of the URL, and any of these may be a password that was put into the wrong place.
    """
    # The first line: what follows is advice.
    told = next(iter(str(failure).strip().splitlines()), type(failure).__name__)
    # A port is a number, or the URL was refused; numbers are our own defaults.
    given = {value for name, value in parameters.items() if name != "port" and isinstance(value, str)}
    words = given.union(*(value.split() for value in given)) - {""}
    for word in sorted(words, key=len, reverse=True):
        told = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "…", told)
    return re.sub(r"\"[^\"]*\"|'[^']*'", "…", told)


def _option(name: str, value: str) -> tuple[str, str]:
    if name != "ssl":
        return name, value
    return "sslmode", {"true": "require", "1": "require", "false": "disable", "0": "disable"}.get(value.lower(), value)
