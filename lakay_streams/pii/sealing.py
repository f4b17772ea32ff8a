"""Sealing: bytes encrypted with AES-256-GCM, to be read again by who has the key.

What is sealed is bound to its place (`context`, such as a row's id): moved elsewhere, it does not open. A nonce is 96
random bits, so one key should seal no more than some billion records: rotate it as the runbook says, every quarter.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lakay_streams.errors import PiiError
from lakay_streams.pii.keys import KeyRing

_NONCE_BYTES = 12


class Vault:
    """Seals with the current key of a ring, and opens what either key sealed."""

    def __init__(self, keys: KeyRing) -> None:
        """Hold `keys`."""
        #: The id of the key in force.
        self.key_id = keys.current.id
        self._ciphers = {key.id: AESGCM(key.secret) for key in keys.all}

    def seal(self, plain: bytes, context: str) -> bytes:
        """Return `plain` sealed with the current key: the nonce, then what AES-GCM makes of it."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._ciphers[self.key_id].encrypt(nonce, plain, _bound(self.key_id, context))

    def open(self, sealed: bytes, key_id: str, context: str) -> bytes:
        """Return what was sealed with key `key_id` in `context`.

        Raises `PiiError` when that key is not held, or the bytes are not what was sealed there.
        """
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise PiiError(
                f"{context} is sealed with key {key_id}, which is neither PII_ENCRYPTION_KEY nor "
                "PII_ENCRYPTION_KEY_PREVIOUS: set the latter to the key it was sealed with."
            )
        try:
            return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(key_id, context))
        except (InvalidTag, ValueError):
            raise PiiError(f"{context} does not open: it was changed after it was sealed, or moved there.") from None


def _bound(key_id: str, context: str) -> bytes:
    return f"{key_id}/{context}".encode()
