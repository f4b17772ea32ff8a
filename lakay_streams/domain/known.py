"""What a user is known by: devices, countries, networks. Each with the first and the last time it was seen.

"New" is a matter of time, not of a first sighting: a thief logs in before he pays, so a device that was first seen
ten minutes ago is still new. The very first one of a user is known from the start: there is nothing it could differ
from. Bounded: the one seen longest ago is dropped, and `dropped` counts them so that evidence can say so.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv6Address
from operator import attrgetter

from lakay_streams.domain.frozen import Frozen, replace

KEPT = 8
VALUE_CHARS_KEPT = 40
SETTLE_MS = 24 * 3_600_000
"""How long a device, country, network or region has to be known before it is not new any more."""


class Familiar(Frozen):
    """One that is known. Times are ms UTC, `first` 0 for the user's first.

    `share` is the share of the user's recent sightings that were of this one, an exponential moving average: a
    telephone in daily use is near 1, one in the drawer fades towards 0.
    """

    value: str
    first: int
    last: int
    share: float = 0.0


class Known(Frozen):
    """Everything of one kind that is known, in order of appearance."""

    entries: tuple[Familiar, ...] = ()
    dropped: int = 0


def kept_value(value: str) -> str:
    """Return the value as state keeps it: in bounded bytes, a long one (a browser's fingerprint) as its hash."""
    return value if len(value) <= VALUE_CHARS_KEPT and value.isascii() else hashed_value(value)


def hashed_value(value: str) -> str:
    """Return the hash that stands for a value where it cannot stand itself."""
    return "#" + blake2b(value.encode(), digest_size=16).hexdigest()


def is_new(known: Known, value: str, at: int, settle_ms: int) -> bool:
    """Whether `value` differs from what the user is known by, or was first seen less than `settle_ms` before `at`."""
    for entry in known.entries:
        if entry.value == value:
            return at - entry.first < settle_ms
    return bool(known.entries)


def sighted(known: Known, value: str, first: int, last: int, decay: float) -> Known:
    """Return `known` after `value` was seen from `first` to `last`; the sighting takes the share `decay`."""
    entries = known.entries
    if not entries:
        return Known((Familiar(value, 0, last, 1.0),), known.dropped)
    faded, seen = [], False
    for entry in entries:
        share = entry.share
        if entry.value == value:
            seen = True
            since, until = min(entry.first, first), max(entry.last, last)
            faded.append(Familiar(value, since, until, share + decay * (1.0 - share)))
        else:
            faded.append(replace(entry, share=share - decay * share))
    if not seen:
        faded.append(Familiar(value, first, last, decay))
        if len(faded) > KEPT:
            oldest = min(faded[:-1], key=attrgetter("last"))
            return Known(tuple([entry for entry in faded if entry is not oldest]), known.dropped + 1)
    return Known(tuple(faded), known.dropped)


def most_familiar(known: Known) -> str | None:
    """Return the value with the largest share, the earliest of equals; None when nothing is known."""
    entries = known.entries
    if len(entries) < 2:
        return entries[0].value if entries else None
    return max(entries, key=attrgetter("share")).value


@lru_cache(maxsize=16_384)
def network(ip_address: str) -> str:
    """Return the network an address is in: IPv4 by its first three numbers, IPv6 by its first 48 bits.

    Mobile carriers hand out a new address of the same network all day; the network is what stays. An IPv6 address may
    leave out groups of zeros, so its network is taken from the number that it is.
    """
    if ":" not in ip_address:
        return kept_value(ip_address.rpartition(".")[0] or ip_address)
    try:
        prefix = int(IPv6Address(ip_address)) >> 80
    except ValueError:
        return kept_value(ip_address)
    return f"{prefix >> 32:x}:{prefix >> 16 & 0xFFFF:x}:{prefix & 0xFFFF:x}"
