"""What is sealed opens with its key at its place, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from lakay_streams.errors import PiiError
from lakay_streams.pii.keys import Key, KeyRing
from lakay_streams.pii.sealing import Vault

OLD, NEW = (Key.derived(SecretStr(secret), "pii encryption") for secret in ("old", "new"))


@given(st.binary(), st.text())
def test_what_is_sealed_opens(plain: bytes, context: str) -> None:
    vault = Vault(KeyRing(NEW, None))
    assert vault.open(vault.seal(plain, context), vault.key_id, context) == plain


def test_the_same_value_is_never_sealed_the_same_way() -> None:
    vault = Vault(KeyRing(NEW, None))
    assert len({vault.seal(b"same", "row") for _ in range(100)}) == 100


def test_what_the_previous_key_sealed_opens_until_that_key_is_taken_away() -> None:
    sealed = Vault(KeyRing(OLD, None)).seal(b"value", "row")
    assert Vault(KeyRing(NEW, OLD)).open(sealed, OLD.id, "row") == b"value"
    with pytest.raises(PiiError, match=f"sealed with key {OLD.id}.*PII_ENCRYPTION_KEY_PREVIOUS"):
        Vault(KeyRing(NEW, None)).open(sealed, OLD.id, "row")


def test_what_was_changed_or_moved_does_not_open() -> None:
    vault = Vault(KeyRing(NEW, OLD))
    sealed = vault.seal(b"value", "row 1")
    for wrong, key_id, context in (
        (sealed[:-1] + bytes([sealed[-1] ^ 1]), NEW.id, "row 1"),
        (sealed, NEW.id, "row 2"),
        (sealed, OLD.id, "row 1"),
        (b"", NEW.id, "row 1"),
    ):
        with pytest.raises(PiiError, match="does not open"):
            vault.open(wrong, key_id, context)
