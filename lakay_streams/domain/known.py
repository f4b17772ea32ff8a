"""What a user is known by: devices, countries, networks. Each with the first and the last time it was seen.

"New" is a matter of time, not of a first sighting: a thief logs in before he pays, so a device that was first seen
ten minutes ago is still new. The very first one of a user is known from the start: there is nothing it could differ
from. Bounded: the one seen longest ago is dropped, and `dropped` counts them so that evidence can say so.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

KEPT = 8
VALUE_CHARS_KEPT = 40
LAST_SEEN_STEP_MS = 6 * 3_600_000
"""`last seen` is exact to this much: most sightings then change nothing and cost no copy."""


class Known(NamedTuple):
    """(value, first seen, last seen) of each, in order of appearance; times are ms UTC, 0 for the user's first."""

    entries: tuple[tuple[str, int, int], ...] = ()
    dropped: int = 0


def kept_value(value: str) -> str:
    """Return the value as state keeps it: in bounded bytes, a long one (a browser's fingerprint) as its hash."""
    if len(value) <= VALUE_CHARS_KEPT and value.isascii():
        return value
    return "#" + blake2b(value.encode(), digest_size=16).hexdigest()


def is_new(known: Known, value: str, at: int, settle_ms: int) -> bool:
    """Whether `value` differs from what the user is known by, or was first seen less than `settle_ms` before `at`."""
    for entry in known.entries:
        if entry[0] == value:
            return at - entry[1] < settle_ms
    return bool(known.entries)


def sighted(known: Known, value: str, at: int) -> Known:
    """Return `known` after `value` was seen; the same object when that changes nothing."""
    entries = known.entries
    for place, (name, first, last) in enumerate(entries):
        if name == value:
            if first <= at < last + LAST_SEEN_STEP_MS:
                return known
            entry = (name, min(first, at), max(last, at))
            return Known((*entries[:place], entry, *entries[place + 1 :]), known.dropped)
    if not entries:
        return Known(((value, 0, at),), known.dropped)
    entries = (*entries, (value, at, at))
    if len(entries) <= KEPT:
        return Known(entries, known.dropped)
    oldest = min(entries[:-1], key=lambda entry: entry[2])
    return Known(tuple(entry for entry in entries if entry is not oldest), known.dropped + 1)


def network(ip_address: str) -> str:
    """Return the network an address is in: IPv4 by its first three numbers, IPv6 by its first three groups.

    Mobile carriers hand out a new address of the same network all day; the network is what stays.
    """
    if ":" in ip_address:
        return kept_value(":".join(ip_address.split(":", 3)[:3]))
    return kept_value(ip_address.rpartition(".")[0] or ip_address)
