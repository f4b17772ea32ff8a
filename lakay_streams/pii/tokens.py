"""Tokens: `ip_1f2e3d4c_…` stands for an IP address, made with the key 1f2e3d4c.

HMAC-SHA256 of kind and value under the key, its first 128 bits as hex. The same value has the same token, so that
records can be joined and searched by it; without the key nobody can tell, or try out, which value it is.
"""

from __future__ import annotations

import hmac
import re
from functools import lru_cache

from lakay_streams.pii.keys import Key, KeyRing

TOKEN = re.compile(r"(?<![0-9A-Za-z_])([a-z]+)_([0-9a-f]{8})_([0-9a-f]{32})(?![0-9A-Za-z_])")
"""A token in a text: kind, key id, digest."""

_DIGEST_BYTES = 16


class Tokens:
    """Makes tokens with the current key of a ring."""

    def __init__(self, keys: KeyRing) -> None:
        """Make tokens with `keys.current`; `all_of` knows the previous one too."""
        self.keys = keys
        #: The id of the key in force.
        self.key_id = keys.current.id
        # The same users and devices come again and again.
        self._of = lru_cache(maxsize=65_536)(self._make)

    def of(self, kind: str, value: str) -> str:
        """Return the token of a value; `kind` is in lower-case letters."""
        return self._of(kind, value)

    def all_of(self, kind: str, value: str) -> list[str]:
        """Return the value's token under each key, to search data that a rotation has not reached yet."""
        return [token(key, kind, value) for key in self.keys.all]

    def _make(self, kind: str, value: str) -> str:
        return token(self.keys.current, kind, value)


def token(key: Key, kind: str, value: str) -> str:
    """Return the token of a value under `key`."""
    # Half a surrogate, which JSON can carry, has no UTF-8.
    message = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
    return f"{kind}_{key.id}_{hmac.digest(key.secret, message, 'sha256')[:_DIGEST_BYTES].hex()}"
