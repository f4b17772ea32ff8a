"""Digests of records, under a key that the database does not hold: who changes a record there cannot make its digest.

They are made of what a record says, its personal values in the clear, and not of how it is kept: `lakay pii rotate`,
which seals the same values anew and makes their tokens again, changes no digest. Without the key nobody can try out
which personal value stands behind a digest.

The key comes from AUDIT_SIGNING_KEY; where that is not set, from PII_TOKEN_SECRET. What an earlier key made is checked
with AUDIT_SIGNING_KEY_PREVIOUS, which may list several, separated by commas: records are kept for years.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from pydantic import SecretStr

from lakay_streams.pii.keys import Key
from lakay_streams.settings import Settings

_PURPOSE = "audit"

#: From here on a float holds no exact integer, and PostgreSQL's numbers and Python's differ in how they are written.
_EXACT = 1 << 53


class Digests:
    """Makes digests with the key in force, and checks those of earlier ones."""

    def __init__(self, current: Key, earlier: tuple[Key, ...] = ()) -> None:
        """Hold the keys."""
        self._current = current
        self._keys = {key.id: key for key in (current, *earlier)}

    @classmethod
    def of(cls, settings: Settings) -> Digests:
        """Return those under the settings' keys."""
        own = settings.audit_signing_key
        current = own if own is not None else settings.pii_token_secret
        earlier = [*_listed(settings.audit_signing_key_previous), settings.pii_token_secret]
        if settings.pii_token_secret_previous is not None:
            earlier.append(settings.pii_token_secret_previous)
        return cls(Key.derived(current, _PURPOSE), tuple(Key.derived(secret, _PURPOSE) for secret in earlier))

    @property
    def key_id(self) -> str:
        """The id of the key in force."""
        return self._current.id

    def holds(self, key_id: str) -> bool:
        """Whether what was made with this key can be checked."""
        return key_id in self._keys

    def of_record(self, record: Mapping[str, Any]) -> str:
        """Return the digest of a record of JSON's types, `key id:hex`."""
        return self._made(self._current, _plain(record))

    def all_of(self, record: Mapping[str, Any]) -> list[str]:
        """Return its digest under every key that is held, the one in force first, to find it among older ones."""
        plain = _plain(record)
        return [self._made(key, plain) for key in self._keys.values()]

    def fits(self, record: Mapping[str, Any], digest: str) -> bool:
        """Whether `digest` was made of this record, with a key that is held."""
        key = self._keys.get(digest.partition(":")[0])
        return key is not None and hmac.compare_digest(self._made(key, _plain(record)), digest)

    @staticmethod
    def _made(key: Key, plain: bytes) -> str:
        return f"{key.id}:{hmac.digest(key.secret, plain, 'sha256').hex()}"


def _listed(secrets: SecretStr | None) -> Iterator[SecretStr]:
    if secrets is not None:
        yield from (SecretStr(each.strip()) for each in secrets.get_secret_value().split(",") if each.strip())


def _plain(record: Mapping[str, Any]) -> bytes:
    """Return the one way in which a record is written, whether it comes from Kafka or out of a `jsonb`."""
    return orjson.dumps(_same(record), option=orjson.OPT_SORT_KEYS)


def _same(value: Any) -> Any:
    match value:
        case dict():
            return {name: _same(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_same(inner) for inner in value]
        case float():
            # 1.0, 1 and 1e0 are one number to PostgreSQL
            return int(value) if value.is_integer() and abs(value) < _EXACT else value
        case int() if not isinstance(value, bool) and abs(value) >= _EXACT:
            return float(value)
    return value
