"""Tokens join and tell nothing; keys are known by their ids; both keys of a rotation are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from lakay_streams.pii.keys import Key, KeyRing, encryption_keys, token_keys
from lakay_streams.pii.tokens import TOKEN, Tokens
from lakay_streams.settings import load_settings

OLD, NEW = Key.derived(SecretStr("a" * 64), "pii token"), Key.derived(SecretStr("b" * 64), "pii token")
TOKENS = Tokens(KeyRing(NEW, OLD))


@given(st.text(), st.text())
def test_the_same_value_has_the_same_token_and_no_other_has(one: str, other: str) -> None:
    assert (TOKENS.of("device", one) == TOKENS.of("device", other)) == (one == other)
    assert TOKENS.of("device", one) != TOKENS.of("user", one)
    assert TOKEN.fullmatch(TOKENS.of("device", one))


def test_a_token_is_hmac_sha256_under_a_key_derived_from_the_secret() -> None:
    """Computed here as the docs say it, with nothing of the project."""
    import hashlib
    import hmac

    def under(secret: bytes, message: bytes) -> bytes:
        return hmac.new(secret, message, hashlib.sha256).digest()

    key, key_id = under(b"b" * 64, b"lakay pii token"), under(b"b" * 64, b"lakay pii token id")[:4].hex()
    assert TOKENS.of("ip", "203.0.113.7") == f"ip_{key_id}_{under(key, b'ip' + bytes(1) + b'203.0.113.7')[:16].hex()}"


def test_while_a_key_is_replaced_both_tokens_are_searched_for() -> None:
    assert TOKENS.all_of("user", "u-1") == [TOKENS.of("user", "u-1"), Tokens(KeyRing(OLD, None)).of("user", "u-1")]
    assert len(Tokens(KeyRing(NEW, None)).all_of("user", "u-1")) == 1


def test_each_secret_has_keys_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PII_TOKEN_SECRET", "the same")
    monkeypatch.setenv("PII_ENCRYPTION_KEY", "the same")
    settings = load_settings(env_file=None)
    assert token_keys(settings).current != encryption_keys(settings).current
    assert token_keys(settings).previous is None
    monkeypatch.setenv("PII_TOKEN_SECRET_PREVIOUS", "the one before")
    assert load_settings(env_file=None).pii_token_secret_previous is not None
    assert token_keys(load_settings(env_file=None)).previous not in {None, token_keys(settings).current}
