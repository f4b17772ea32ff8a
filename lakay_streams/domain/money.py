"""Money: integer minor units, and what they are worth in US cents.

An amount in hot state is an `int` of its currency's minor unit (ISO 4217: 2 digits for most, 0 for CLP or JPY). The
thresholds of the rules are in US dollars, so each amount is converted once, when it is scored.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

MINOR_DIGITS: Mapping[str, int] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""Digits of the minor unit where they are not 2 (ISO 4217, list one)."""

USD_MINOR_MAX = 10**13
"""A larger amount counts as this (100 billion USD): totals then fit 64 bits whatever a producer sends."""


class Rates(NamedTuple):
    """What one unit of a currency is worth in US dollars, and since when: `as_of` is the newest rate's time (ISO 8601).

    `since` has the time of each currency's own rate; those that are not in it are as old as the defaults.
    """

    as_of: str
    usd_per_unit: dict[str, Decimal]
    since: Mapping[str, str] = {}

    def updated(self, base: str, quote: str, rate: Decimal, as_of: str) -> Rates:
        """Return the rates after "one unit of `base` buys `rate` units of `quote`" since `as_of`.

        Only pairs with USD change the table: a cross rate says nothing new about dollars. A rate that is not positive
        is ignored; `contracts` rejects it before.
        """
        if rate <= 0 or base == quote:
            return self
        if quote == "USD":
            return Rates(as_of, {**self.usd_per_unit, base: rate}, {**self.since, base: as_of})
        if base == "USD":
            return Rates(as_of, {**self.usd_per_unit, quote: 1 / rate}, {**self.since, quote: as_of})
        return self


DEFAULT_RATES = Rates(
    "2026-01-02",
    {
        "USD": Decimal(1),
        "HTG": Decimal("0.00763"),
        "CAD": Decimal("0.728"),
        "EUR": Decimal("1.172"),
        "GBP": Decimal("1.346"),
        "DOP": Decimal("0.01585"),
        "BRL": Decimal("0.184"),
        "CLP": Decimal("0.00111"),
        "MXN": Decimal("0.0558"),
        "JMD": Decimal("0.00625"),
        "BSD": Decimal(1),
        "XOF": Decimal("0.00179"),
    },
)
"""Rounded market rates until the first `exchange-rate-updated`: good enough for thresholds, not for accounts."""


def minor_digits(currency: str) -> int:
    """Return the number of digits of the currency's minor unit; 2 for a code that ISO 4217 does not list."""
    return MINOR_DIGITS.get(currency, 2)


def to_usd_minor(amount_minor: int, currency: str, rates: Rates) -> int | None:
    """Return the amount in US cents, halves to even, at most `USD_MINOR_MAX`; None when the currency has no rate."""
    if currency == "USD":
        return amount_minor if amount_minor < USD_MINOR_MAX else USD_MINOR_MAX
    rate = rates.usd_per_unit.get(currency)
    if rate is None:
        return None
    cents = (Decimal(amount_minor) * rate).scaleb(2 - minor_digits(currency))
    return min(int(cents.to_integral_value(ROUND_HALF_EVEN)), USD_MINOR_MAX)


def usd(minor: int) -> str:
    """Return US cents as an exact decimal string with its currency: 64000 is "640.00 USD"."""
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{minor // 100}.{minor % 100:02d} USD"
