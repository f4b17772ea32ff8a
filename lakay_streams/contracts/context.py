"""What an event tells beside whose money it is, how much and when: read where it can be, else taken for not told.

A missing address must not cost a payment: nothing here rejects an event, whatever stands in the field. What cannot be
read is None, as if the producer had not sent it, and counted (`lakay_values_not_told`), so that a producer's mistake is
seen. An empty text is a producer's way to say nothing, and is not counted.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from itertools import repeat
from math import nan

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import astuple

from lakay_streams.contracts.countries import CODE_OF, is_no_place
from lakay_streams.domain.events import Place
from lakay_streams.domain.known import kept_value
from lakay_streams.telemetry.metrics import NOT_TOLD

FIELDS = frozenset(
    {"ip_address", "geo_location", "device_id", "account_id", "session_id", "payment_method", "reason"}
    | {"failure_reason", "origin_country", "destination_country", "duration_seconds", "actions_count"}
    | {"members", "rounds", "rounds_completed", "position"}
    # read by nobody
    | {"country", "email", "phone", "name", "device_type", "verification_level", "flagged_by", "exchange_rate"}
    | {"correlation_id"}
)
"""The fields that are read here, or by nobody: no schema's rule about their values rejects an event."""

MAX_ID = 128
MAX_TEXT = 1024
_MAX_ADDRESS = 512
_MAX_NUMBER = 10**9
_MAX_WORD = 64
_FULL_CIRCLE = 360
UUID_CHARS = 36

_is_uuid = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").fullmatch
_is_degrees = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,20})?").fullmatch
_is_word = re.compile(r"[^\W_]+(_[^\W_]+)*").fullmatch

NOBODY = frozenset(
    {"null", "(null)", "nil", "none", "undefined", "unknown", "n/a", "[object object]"}
    | {"00000000-0000-0000-0000-000000000000"}
    # Android: what every app gets for the hardware address since version 6; the id that a fault of version 2.2 gave to
    # many models; an emulator's telephone number
    | {"02:00:00:00:00:00", "9774d56d682e549c", "000000000000000"}
)
"""What stands for an id where there is none (in small letters). Taken for ids, they would make strangers one: a zeroed
advertising id is what iOS tells of everybody who does not want to be tracked.
"""

METHODS = {
    word: method
    for method, words in {
        "cash": "cash kach lajan_kach especes espèces efectivo",
        "money_order": "money_order moneyorder postal_order",
        "card": "card credit_card debit_card credit debit",
        "bank": "bank bank_transfer bank_account ach wire wire_transfer eft",
        "wallet": "wallet balance trebanx_wallet",
    }.items()
    for word in words.split()
}
"""How money is handed over, in the words of English, Haitian Creole, French and Spanish producers, to Lakay's word."""

CASH_WORDS = frozenset({word for word, method in METHODS.items() if method == "cash"} | {"espece", "espèce"})
NOT_CASH = frozenset({"app", "card", "wallet", "advance", "back", "check", "bank", "mon", "nat"})
"""A producer's own word is cash where a part of it is (cash_at_agent, en_efectivo) and none says otherwise (cash_app):
taken for what is no currency, it would be in no currency transaction report.
"""

_NO_ADDRESSES: tuple[IPv4Network | IPv6Network, ...] = (
    # RFC 6890: this host, private use, loopback, link-local, private use; multicast and reserved
    *map(IPv4Network, ("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")),
    *map(IPv4Network, ("224.0.0.0/4", "240.0.0.0/4")),
    # RFC 4291, 4193: unspecified, loopback, unique local, link-local, multicast
    *map(IPv6Network, ("::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8")),
)
"""Addresses that no user acts from: what stands there is Trebanx's own proxy, and would make strangers neighbours."""

_OCTETS = frozenset(map(str, range(256)))
_USERS_OWN = frozenset(
    octet
    for octet in _OCTETS
    if not any(isinstance(net, IPv4Network) and net.overlaps(IPv4Network(f"{octet}.0.0.0/8")) for net in _NO_ADDRESSES)
)
"""First parts of an IPv4 address that are in none of them."""

_count_of = lru_cache(NOT_TOLD.labels)


def not_told(field: str) -> None:
    """Count a value that could not be read."""
    _count_of(field).inc()


def address(value: object) -> str | None:
    """Return an internet address in its one canonical form, None where it is none, or none that a user can have.

    Of a list, as proxies write it (X-Forwarded-For, RFC 7239), it is the first, with or without a port. An IPv4 address
    within IPv6 is the IPv4 address. One with leading zeros is octal to some readers and decimal to others: it is none.
    """
    if isinstance(value, str):
        found = _address(value) if len(value) <= _MAX_ADDRESS else None
        if found is not None or not value.strip():
            return found
    not_told("ip_address")
    return None


@lru_cache(maxsize=16_384)
def _address(text: str) -> str | None:
    start, *others = text.split(".")
    if start in _USERS_OWN and len(others) == 3 and _OCTETS.issuperset(others):
        return text
    first = text.split(",", 1)[0].split(";", 1)[0].strip()
    if first[:4].lower() == "for=":
        first = first[4:].strip().strip('"')
    if first.startswith("["):
        first = first[1:].partition("]")[0]
    elif first.count(":") == 1:
        first = first.partition(":")[0]
    try:
        found = ip_address(first.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if any(found in network for network in _NO_ADDRESSES):
        return None
    return str(found)


class PlaceTold(msgspec.Struct, gc=False):
    """Where an event came from as most producers tell it; the others tell it as another JSON object."""

    latitude: float | str | UnsetType | None = UNSET
    longitude: float | str | UnsetType | None = UNSET
    country: str | UnsetType | None = UNSET
    city: str | UnsetType | None = UNSET


def place(value: object) -> Place | None:
    """Return where an event came from, as far as it is told: coordinates that are a place, a country, both or none.

    Coordinates may be texts. Those out of range, alone, at 0, 0 or in the middle of a country are not told.
    """
    if value.__class__ is PlaceTold:
        latitude, longitude, code, city = astuple(value)
    elif isinstance(value, dict):
        latitude, longitude, code, city = map(value.get, PlaceTold.__struct_fields__, repeat(UNSET))
    else:
        not_told("geo_location")
        return None
    if latitude.__class__ is not float or longitude.__class__ is not float:
        latitude, longitude = _degrees(latitude), _degrees(longitude)
    # not a number is in no range
    if not (-90.0 <= latitude <= 90.0 and -180.0 <= longitude <= 180.0) or is_no_place(latitude, longitude):
        not_told("coordinates")
        latitude = longitude = None
    if code is UNSET:
        code = None
    elif code is not None and (code.__class__ is not str or CODE_OF.get(code) != code):
        code = country("country", code)
    if latitude is None and code is None:
        return None
    if city.__class__ is not str or len(city) > MAX_ID:
        if city is not None and city is not UNSET:
            not_told("city")
        city = None
    return Place(latitude, longitude, code, city)


def _degrees(value: object) -> float:
    """Return a number or the text of one as degrees; not a number for anything else."""
    if isinstance(value, str):
        return float(value) if _is_degrees(value) else nan
    # beyond the range a whole number may have more digits than a float
    if (
        isinstance(value, (float, int, Decimal))
        and not isinstance(value, bool)
        and -_FULL_CIRCLE <= value <= _FULL_CIRCLE
    ):
        return float(value)
    return nan


def country(field: str, value: object) -> str | None:
    """Return a country's ISO 3166-1 alpha-2 code, from that or alpha-3 in either case; None for what names none."""
    if isinstance(value, str):
        found = CODE_OF.get(value) or CODE_OF.get(value.strip().upper())
        if found is not None or not value.strip():
            return found
    not_told(field)
    return None


def identifier(field: str, value: object) -> str | None:
    """Return an id that may be missing: a device's, an account's. UUIDs are folded to small letters.

    One that is longer than `MAX_ID` (a push token) is known by its hash; a word for "none" (`NOBODY`) is not told.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        text = value.strip()
        small = text.lower()
        if small not in NOBODY:
            if len(text) <= MAX_ID:
                return (small if len(text) == UUID_CHARS and _is_uuid(small) else text) or None
            return kept_value(text)
    not_told(field)
    return None


def identity(value: str) -> str:
    """Return an id that says whose event it is, without white space around it; UUIDs are folded to small letters.

    Raises ValueError for one that names nobody: whoever sent it would share one state with all others who did.
    """
    text = value.strip()
    small = text.lower()
    if not text or small in NOBODY:
        raise ValueError("must not be blank, nor a word for none")
    return small if len(text) == UUID_CHARS and _is_uuid(small) else text


def payment_method(value: object) -> str | None:
    """Return how the money is handed over: one of `METHODS`, or the producer's own word, folded as they are."""
    if isinstance(value, str):
        found = METHODS.get(value)
        if found is not None:
            return found
        word = "_".join(re.split(r"[\s_-]+", value.strip().lower()))
        if not word:
            return None
        if len(word) <= _MAX_WORD and _is_word(word):
            parts = frozenset(word.split("_"))
            return METHODS.get(word) or ("cash" if parts & CASH_WORDS and not parts & NOT_CASH else word)
    not_told("payment_method")
    return None


def whole(field: str, value: object) -> int | None:
    """Return a count or a number of seconds, without its fraction; None for what is negative, absurd or no number."""
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) and 0 <= value <= _MAX_NUMBER:
        return int(value)
    not_told(field)
    return None


def text(field: str, value: object) -> str | None:
    """Return a text, cut at `MAX_TEXT` characters."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    not_told(field)
    return None
