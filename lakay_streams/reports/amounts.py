"""Amounts as people and FinCEN read them; computed in US cents.

FinCEN takes whole dollars, rounded up (FinCEN CTR electronic filing instructions, amounts).
"""

from __future__ import annotations

from collections.abc import Mapping


def dollars_up(minor: int) -> int:
    """Return US cents as whole dollars, rounded up: 10,000.01 is 10001."""
    return -(-minor // 100)


def shown(minor: int) -> str:
    """Return US cents for people: 1000001 is "$10,000.01"."""
    whole, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}${whole:,}.{cents:02}"


def parts_up(parts: Mapping[str, int]) -> dict[str, int]:
    """Return parts, in cents, as whole dollars that add up to their sum rounded up.

    Each is rounded up, except where that would be too much together: there the smallest fractions give way.
    """
    dollars = {name: dollars_up(minor) for name, minor in parts.items()}
    surplus = sum(dollars.values()) - dollars_up(sum(parts.values()))
    with_cents = sorted((name for name in parts if parts[name] % 100), key=lambda name: (parts[name] % 100, name))
    for name in with_cents[:surplus]:
        dollars[name] -= 1
    return dollars
