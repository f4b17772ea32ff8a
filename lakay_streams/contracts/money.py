"""Amounts: from JSON to integer minor units of a currency, and to decimal text again.

No amount is computed with as a binary float. A JSON number of at most 15 significant digits is recovered exactly from
the float a parser made of it: such decimals and their nearest floats correspond one to one.
"""

from __future__ import annotations

import re
from decimal import Decimal

from lakay_streams.domain.money import MINOR_DIGITS, minor_digits

MAX_AMOUNT = 10**12
"""The largest amount in whole units of any currency; anything above it is a mistake, not money."""

_MAX_DIGITS = 15
_MAX_PLACES = 30
_USUAL_LENGTH = len("999999999999.99")
_EXACT_MINOR = 10**_MAX_DIGITS
_PLAIN = re.compile(r"([0-9]{1,13})(?:\.([0-9]{1,18}))?")

_SCALES: dict[str, int] = {currency: 10**digits for currency, digits in MINOR_DIGITS.items()}


def to_minor(amount: float | str | Decimal, currency: str) -> int:
    """Return an amount from JSON in minor units of `currency`; fractions of one are rounded half to even.

    A Decimal stands for a JSON number read from its text. Raises ValueError, saying why, for an amount below 0 or above
    `MAX_AMOUNT`, a number of more than 15 digits, and text that is not a plain decimal.
    """
    scale = _SCALES.get(currency, 100)
    if isinstance(amount, str):
        return _text_to_minor(amount, scale)
    if isinstance(amount, bool) or not isinstance(amount, (int, float, Decimal)):
        raise ValueError("must be a number or a decimal string")
    if not 0 <= amount <= MAX_AMOUNT:  # also refuses NaN
        raise ValueError("must not be negative" if amount < 0 else f"must be at most {MAX_AMOUNT}")
    if isinstance(amount, int):
        return amount * scale
    if isinstance(amount, float):
        minor = round(amount * scale)
        # true for every amount without a fraction of a minor unit: the division rounds to the nearest float
        if minor / scale == amount and minor < _EXACT_MINOR:
            return minor
        amount = Decimal(repr(amount))
    _require_few_digits(amount)
    return _rescale(*amount.as_integer_ratio(), scale)


def positive_minor(amount: float | str | Decimal, currency: str) -> int:
    """Return `to_minor(amount, currency)`; also raises ValueError when not even one minor unit is left."""
    minor = to_minor(amount, currency)
    if minor == 0:
        raise ValueError(f"must be more than 0 when rounded to {minor_digits(currency)} decimal places")
    return minor


def to_rate(rate: float | str | Decimal) -> Decimal:
    """Return an exchange rate from JSON exactly.

    Raises ValueError, saying why, for one that is not more than 0, is above `MAX_AMOUNT`, or breaks the rules of
    `to_minor`.
    """
    if isinstance(rate, str):
        if _PLAIN.fullmatch(rate) is None:
            raise ValueError(_NOT_PLAIN)
        exact = Decimal(rate)
    else:
        exact = Decimal(repr(rate)) if isinstance(rate, float) else Decimal(rate)
        _require_few_digits(exact)
    if not 0 < exact <= MAX_AMOUNT:
        raise ValueError(f"must be more than 0 and at most {MAX_AMOUNT}")
    return exact


def to_text(minor: int, currency: str) -> str:
    """Return minor units as plain decimal text with all of the currency's places: 12050 in USD is `120.50`."""
    digits = minor_digits(currency)
    if not digits:
        return str(minor)
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{rest:0{digits}}"


_NOT_PLAIN = "must be a plain decimal such as 120.50: no sign, exponent, spaces or separators"


def _text_to_minor(text: str, scale: int) -> int:
    if scale == 100 and len(text) <= _USUAL_LENGTH and text[-3:-2] == ".":
        digits = text[:-3] + text[-2:]
        # Most are written like 120.50. Twelve digits before the point are less than MAX_AMOUNT.
        if len(digits) > 2 and digits.isascii() and digits.isdigit():
            return int(digits)
    match = _PLAIN.fullmatch(text)
    if match is None:
        raise ValueError("must not be negative" if text.startswith("-") else _NOT_PLAIN)
    whole, fraction = match.groups("")
    return _rescale(int(whole + fraction), 10 ** len(fraction), scale)


def _rescale(numerator: int, denominator: int, scale: int) -> int:
    if numerator > MAX_AMOUNT * denominator:
        raise ValueError(f"must be at most {MAX_AMOUNT}")
    minor, rest = divmod(numerator * scale, denominator)
    doubled = 2 * rest
    return minor + (doubled > denominator or (doubled == denominator and minor % 2))


def _require_few_digits(number: Decimal) -> None:
    _, digits, exponent = number.as_tuple()
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"has more than {_MAX_DIGITS} digits; send it as a string")
    if isinstance(exponent, int) and exponent < -_MAX_PLACES:
        raise ValueError(f"has more than {_MAX_PLACES} decimal places")
