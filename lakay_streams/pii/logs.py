"""Log lines without personal values.

An operator finds a user's lines by the user's id (runbook 9.6), which Trebanx makes and only Trebanx can tell a person
by; so ids are logged as they are, as long as they look like ids. Whatever else is personal, by its field's name or by
its form, is logged as its token, with which lines can still be joined. Internet addresses in sentences are those of
servers, which operators need; one of a user is a field's value.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from lakay_streams.pii.personal import kind_of, screen, screen_text
from lakay_streams.pii.tokens import Tokens

#: What services make ids of: no spaces and no @.
_THING = re.compile(r"[0-9A-Za-z_.:-]{1,128}")

#: A user's id also has a digit, which a name has not.
_USER = re.compile(r"(?=[^0-9]*[0-9])[0-9A-Za-z_.:-]{1,128}")

#: Fields with a word that comes from outside, where anything may come.
_OUTSIDE = frozenset({"event_type", "event_version"})

#: Fields of the log itself that only sound personal.
_OWN = frozenset({"app_name"})


class LogScreen:
    """A structlog processor that puts tokens in the place of personal values."""

    def __init__(self, tokens: Tokens) -> None:
        """Make the tokens with `tokens`."""
        self._tokens = tokens

    def __call__(self, _logger: object, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Return the line screened."""
        for field, value in line.items():
            line[field] = self._screened(field, value)
        return line

    def _screened(self, field: str, value: Any) -> Any:
        match value:
            case str() if field not in _OWN:
                return self._text(field, value)
            case dict():
                return screen({field: value}, self._tokens).document[field]
            case list() | tuple():
                return [self._screened(field, inner) for inner in value]
        return value

    def _text(self, field: str, value: str) -> str:
        kind = kind_of(field)
        if kind == "user":
            return value if _USER.fullmatch(value) else self._tokens.of(kind, value)
        if kind is not None:
            return self._tokens.of(kind, value)
        if (field in _OUTSIDE or field.endswith("_id")) and not _THING.fullmatch(value):
            return self._tokens.of("text", value)
        return screen_text(value, self._tokens, servers=True)
