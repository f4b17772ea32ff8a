"""Money: integer minor units, and what they are worth in US cents.

An amount in hot state is an `int` of its currency's minor unit (ISO 4217: 2 digits for most, 0 for CLP or JPY). The
thresholds of the rules are in US dollars, so each amount is converted once, when it is scored.

What is converted is hardly ever whole cents, and "more than 10,000 dollars" (31 CFR 1010.311) means more by whatever
little. So what rounding to cents has changed stands beside them (`Dollars.short`) and is added up as they are: a sum is
rounded only where it is compared, up for "more than", down for "from ... on".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from operator import attrgetter

from lakay_streams.domain.frozen import Frozen, replace

MINOR_DIGITS: Mapping[str, int] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"), 0),
    **dict.fromkeys(("VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""Digits of the minor unit where they are not 2 (ISO 4217, list one)."""

USD_MINOR_MAX = 10**13
"""A larger amount counts as this (100 billion USD): totals then fit 64 bits whatever a producer sends."""


SHORT_PER_CENT = 10**9
"""Parts of a cent in which `Dollars.short` counts; what is smaller comes from the last digit of a quotient."""

QUOTES_KEPT = 64
"""Of each currency, so many of its newest rates are known; what was moved before the oldest is worth what that says."""


class Quote(Frozen):
    """What one unit of a currency is worth in US dollars, since `at` (ms UTC), which is `since` in ISO 8601."""

    at: int
    since: str
    usd_per_unit: Decimal


class Rates(Frozen):
    """What currencies are worth in US dollars at any time: `defaults`, which are of the day `as_of`, until one is told.

    `quotes` are the rates that were told, by currency, ascending in time; `of_pairs` the same by BASE/QUOTE.
    """

    as_of: str
    defaults: Mapping[str, Decimal]
    quotes: Mapping[str, tuple[Quote, ...]] = {}
    of_pairs: Mapping[str, tuple[Quote, ...]] = {}

    def at(self, currency: str, at: int) -> Quote | None:
        """Return the last rate of `currency` at or before `at` (ms UTC); None when none is known at all."""
        quotes = self.quotes.get(currency, ())
        before = bisect_right(quotes, at, key=_at)
        if before:
            return quotes[before - 1]
        default = self.defaults.get(currency)
        if default is not None and len(quotes) < QUOTES_KEPT:
            return Quote(0, self.as_of, default)
        return quotes[0] if quotes else None

    def updated(self, base: str, quote: str, told: Mapping[str, Decimal], *, whole: bool = False) -> Rates:
        """Return the rates after "one unit of `base` buys so many of `quote`": `told`, by since when (ISO 8601, UTC).

        One that comes late takes its place in time. With `whole` the pair has these rates alone: what was told before
        and is held by now is gone. Only pairs with USD change the table: a cross rate says nothing new about dollars. A
        rate that is not positive is ignored; `contracts` rejects it before.
        """
        told = {since: rate for since, rate in told.items() if rate > 0}
        if not told or base == quote or "USD" not in {base, quote}:
            return self
        currency = base if quote == "USD" else quote
        pair, other = f"{base}/{quote}", f"{quote}/{base}"
        new = {
            _millis(since): Quote(_millis(since), since, rate if quote == "USD" else 1 / rate)
            for since, rate in told.items()
        }
        kept = [] if whole else [each for each in self.of_pairs.get(pair, ()) if each.at not in new]
        of_pair = tuple(sorted([*kept, *new.values()], key=_at)[-QUOTES_KEPT:])
        # In the order of the pairs' names, so that of two rates of one instant the same one stands for every worker.
        both = sorted([(pair, of_pair), (other, self.of_pairs.get(other, ()))])
        newest = tuple(sorted([each for _, quotes in both for each in quotes], key=_at)[-QUOTES_KEPT:])
        return replace(self, quotes={**self.quotes, currency: newest}, of_pairs={**self.of_pairs, pair: of_pair})


_at = attrgetter("at")


def _millis(moment: str) -> int:
    when = datetime.fromisoformat(moment)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (when - _EPOCH) // timedelta(milliseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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


class Dollars(Frozen):
    """US dollars in `cents`, of one amount halves to even, and by how much they are more than it was.

    `short` counts billionths of a cent and is negative where rounding took away; in a sum both add up.
    """

    cents: int
    short: int = 0

    @property
    def rounded_up(self) -> int:
        """Cents, rounded up: more than a number of whole cents exactly where the amount is."""
        return self.cents - self.short // SHORT_PER_CENT

    @property
    def rounded_down(self) -> int:
        """Cents, rounded down: at least a number of whole cents exactly where the amount is."""
        return self.cents + -self.short // SHORT_PER_CENT


def to_usd(amount_minor: int, currency: str, rates: Rates, at: int) -> Dollars | None:
    """Return what the amount was worth at `at` (ms UTC), at most `USD_MINOR_MAX`.

    None when the currency has no rate.
    """
    if currency == "USD":
        return Dollars(min(amount_minor, USD_MINOR_MAX))
    quote = rates.at(currency, at)
    return None if quote is None else worth(amount_minor, currency, quote)


def to_usd_minor(amount_minor: int, currency: str, rates: Rates, at: int) -> int | None:
    """Return what the amount was worth at `at` in US cents, halves to even; None for a currency without a rate."""
    dollars = to_usd(amount_minor, currency, rates, at)
    return None if dollars is None else dollars.cents


def worth(amount_minor: int, currency: str, quote: Quote) -> Dollars:
    """Return the amount in US dollars at a rate, as `to_usd` does."""
    exact = (Decimal(amount_minor) * quote.usd_per_unit).scaleb(2 - minor_digits(currency))
    if exact >= USD_MINOR_MAX:
        return Dollars(USD_MINOR_MAX)
    exact = exact.quantize(_PART, ROUND_HALF_EVEN)
    cents = int(exact.to_integral_value(ROUND_HALF_EVEN))
    return Dollars(cents, int((cents - exact) * SHORT_PER_CENT))


_PART = Decimal(1) / SHORT_PER_CENT


def usd(minor: int) -> str:
    """Return US cents as an exact decimal string with its currency: 64000 is "640.00 USD"."""
    sign, minor = ("-", -minor) if minor < 0 else ("", minor)
    return f"{sign}{minor // 100}.{minor % 100:02d} USD"
