"""The keys of personal values: one in force, and while it is being replaced the one before it.

A key's id is made from the secret, so that data can say which key they were made with and nobody has to name keys.
"""

from __future__ import annotations

import hmac
from typing import NamedTuple, Self

from pydantic import SecretStr

from lakay_streams.settings import Settings

ID_BYTES = 4


class Key(NamedTuple):
    """A key of 32 bytes, derived from a secret, and its id of eight hex digits."""

    id: str
    secret: bytes

    @classmethod
    def derived(cls, secret: SecretStr, purpose: str) -> Self:
        """Derive the key for `purpose`: HMAC-SHA256 of the purpose under the secret as it is written."""
        given = secret.get_secret_value().encode()
        return cls(_hmac(given, f"lakay {purpose} id")[:ID_BYTES].hex(), _hmac(given, f"lakay {purpose}"))


class KeyRing(NamedTuple):
    """The key that new data is made with, and the one that older data may have been made with."""

    current: Key
    previous: Key | None

    @property
    def all(self) -> tuple[Key, ...]:
        """Every key that may be met, the current one first."""
        return (self.current,) if self.previous is None else (self.current, self.previous)


def token_keys(settings: Settings) -> KeyRing:
    """Return the keys of tokens: PII_TOKEN_SECRET, and PII_TOKEN_SECRET_PREVIOUS."""
    return _ring(settings.pii_token_secret, settings.pii_token_secret_previous, "pii token")


def encryption_keys(settings: Settings) -> KeyRing:
    """Return the keys of sealed values: PII_ENCRYPTION_KEY, and PII_ENCRYPTION_KEY_PREVIOUS."""
    return _ring(settings.pii_encryption_key, settings.pii_encryption_key_previous, "pii encryption")


def _ring(current: SecretStr, previous: SecretStr | None, purpose: str) -> KeyRing:
    return KeyRing(Key.derived(current, purpose), None if previous is None else Key.derived(previous, purpose))


def _hmac(secret: bytes, message: str) -> bytes:
    return hmac.digest(secret, message.encode(), "sha256")
