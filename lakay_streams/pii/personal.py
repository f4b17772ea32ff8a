"""Which values of a JSON document are personal, and the document with tokens in their place.

A value is personal by the name of its field (`kind_of`), wherever it stands, and then also where it is repeated: in a
sentence ("a new device, abc-123"), in a list, as a name. E-mail and IP addresses, telephone and social security numbers
are found in any text. So a field that nobody thought of gives away what it repeats to nobody.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from lakay_streams.pii.tokens import TOKEN, Tokens

KINDS: dict[str, str] = {
    **dict.fromkeys(("user", "users", "recipient", "recipients", "sender", "senders", "member", "members"), "user"),
    **dict.fromkeys(("organizer", "customer", "customers", "beneficiary", "payer", "payee", "counterparty"), "user"),
    **dict.fromkeys(("counterparties", "payees", "payers", "beneficiaries", "person", "holder"), "user"),
    **dict.fromkeys(("device", "devices", "fingerprint", "imei"), "device"),
    **dict.fromkeys(("ip", "ips", "network", "networks"), "ip"),
    **dict.fromkeys(("email", "emails", "mail"), "email"),
    **dict.fromkeys(("phone", "phones", "telephone", "mobile"), "phone"),
    **dict.fromkeys(("name", "names", "surname"), "name"),
    **dict.fromkeys(("document", "documents", "passport", "ssn", "tin", "itin", "nif", "license"), "document"),
    **dict.fromkeys(("birth", "birthday", "birthdate", "dob"), "birth"),
    **dict.fromkeys(("address", "addresses", "street", "city", "postal", "postcode", "zip", "location"), "address"),
    **dict.fromkeys(("latitude", "longitude", "lat", "lon", "lng", "coordinates"), "place"),
    **dict.fromkeys(("account", "accounts", "iban", "card", "pan"), "account"),
}
"""A word in a field's name, and what kind of personal value the field then holds."""

ATTRIBUTES = frozenset(
    (
        *("age", "at", "changed", "count", "country", "currency", "days", "hours", "kind", "known", "level", "limit"),
        *("match", "model", "risk", "rule", "score", "seen", "share", "since", "state", "status", "tier", "total"),
        *("type", "version"),
    )
)
"""A last word that makes a field tell something of a person or device, and not which: `device_type`, `user_tier`."""

SENTENCES = frozenset({"otherwise", "reason", "reasons", "why"})
"""Fields that speak, wherever they stand: only what they repeat is replaced."""

#: Kinds whose numbers are personal; elsewhere a number is a count or a score.
_NUMERIC = frozenset({"place"})

#: A shorter value is not looked for in sentences: "HT" stands in too many.
_REPEATED_FROM = 4

_FIELD_NAME = re.compile(r"[a-z][a-z_]*")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

# Every repetition is bounded: what is screened may be made to be slow.
_EMAIL = r"(?<![\w.%+-])[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
_PHONE = r"(?<!\w)\+\d[\d ().-]{6,18}\d(?!\w)"
_SSN = r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"
_IPV4 = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)"
_IPV6 = r"(?<![\w.:])(?=[0-9A-Fa-f]{0,4}:[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{2,39}(?:(?:\.\d{1,3}){3})?(?![\w:])"
_PATTERNS = re.compile(f"(?P<email>{_EMAIL})|(?P<phone>{_PHONE})|(?P<document>{_SSN})|(?P<ip>{_IPV4}|{_IPV6})")

_HINT = re.compile(r"@|\+\d|\d-\d\d-\d|\d\.\d{1,3}\.|:[0-9A-Fa-f]{0,4}:")
"""What every one of them holds, found faster."""


class Screened(NamedTuple):
    """A document with tokens for its personal values, and those values by token."""

    document: Any
    values: dict[str, Any]


@lru_cache(maxsize=4096)
def kind_of(field: str) -> str | None:
    """Return the kind of personal value that a field of this name holds, None when it holds none.

    The last word that tells decides: `user_device` is a device, but `ip_address` and `email_address` are what the
    address is of. A name in camel case has words, too.
    """
    words = [word.lower() for word in _WORDS.findall(field)]
    if not words or words[-1] in ATTRIBUTES:
        return None
    kinds = [KINDS[word] for word in words if word in KINDS]
    of_what = [kind for kind in kinds if kind != "address"]
    return next(reversed(of_what or kinds), None)


def screen(document: Any, tokens: Tokens) -> Screened:
    """Return `document` (of JSON's types) with tokens in the place of personal values."""
    values: dict[str, Any] = {}

    def stand_in(kind: str, value: Any) -> str:
        found = tokens.of(kind, value if isinstance(value, str) else repr(value))
        values[found] = value
        return found

    by_name = _by_name(document, None, stand_in)
    found = {value: each for each, value in values.items() if isinstance(value, str)}
    return Screened(_in_texts(by_name, found, _replacer(found, stand_in)), values)


def screen_text(text: str, tokens: Tokens, *, servers: bool = False) -> str:
    """Return a text with tokens in the place of what is personal by its form.

    With `servers` it speaks of servers: their internet addresses stay.
    """
    if not _HINT.search(text):
        return text
    return _PATTERNS.sub(
        lambda found: found[0] if servers and found.lastgroup == "ip" else _by_form(found, tokens.of), text
    )


def reveal(document: Any, values: Mapping[str, Any]) -> Any:
    """Return `document` with the values in the place of their tokens: the inverse of `screen`."""

    def put(text: str) -> Any:
        if text in values:
            return values[text]
        return TOKEN.sub(lambda found: str(values.get(found[0], found[0])), text)

    return in_every_text(document, put)


def in_every_text(document: Any, put: Callable[[str], Any]) -> Any:
    """Return `document` with what `put` makes of each text in it, names of fields included."""
    match document:
        case dict():
            return {str(put(name)): in_every_text(value, put) for name, value in document.items()}
        case list():
            return [in_every_text(value, put) for value in document]
        case str():
            return put(document)
    return document


def _by_name(value: Any, kind: str | None, stand_in: Callable[[str, Any], str]) -> Any:
    """Replace the values of personal fields, and of what lies in them."""
    match value:
        case dict():
            return {
                # Under `devices`, {"abc-123": 4}: the name is the value.
                (stand_in(kind, name) if kind and not _FIELD_NAME.fullmatch(name) else name): _by_name(
                    inner, None if name in SENTENCES else kind_of(name) or kind, stand_in
                )
                for name, inner in value.items()
            }
        case list():
            return [_by_name(inner, kind, stand_in) for inner in value]
        case str() if kind and value:
            return stand_in(kind, value)
        case bool():
            return value
        case int() | float() if kind in _NUMERIC:
            return stand_in(str(kind), value)
    return value


def _in_texts(value: Any, found: Mapping[str, str], replace: Callable[[str], str]) -> Any:
    match value:
        case dict():
            return {
                (found.get(name, name) if _FIELD_NAME.fullmatch(name) else replace(name)): _in_texts(
                    inner, found, replace
                )
                for name, inner in value.items()
            }
        case list():
            return [_in_texts(inner, found, replace) for inner in value]
        case str():
            return replace(value)
    return value


def _replacer(found: Mapping[str, str], stand_in: Callable[[str, Any], str]) -> Callable[[str], str]:
    """Return what replaces, in a text, values that were found elsewhere and what is personal by its form."""
    tokens = {value: token for value, token in found.items() if len(value) >= _REPEATED_FROM}
    longest_first = sorted(map(re.escape, tokens), key=len, reverse=True)
    repeated = re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)") if tokens else None

    def replace(text: str) -> str:
        # First by form: a network is part of an address.
        if _HINT.search(text):
            text = _PATTERNS.sub(lambda part: _by_form(part, stand_in), text)
        if repeated is not None and any(value in text for value in tokens):
            text = repeated.sub(lambda part: tokens[part[0]], text)
        return text

    return replace


def _by_form(found: re.Match[str], stand_in: Callable[[str, Any], str]) -> str:
    kind = str(found.lastgroup)
    if kind == "ip" and not _is_ip(found[0]):
        # A time of day looks like one.
        return found[0]
    return stand_in(kind, found[0])


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
