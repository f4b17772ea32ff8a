"""Amounts reach minor units exactly, whether they came as a number or as text."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.contracts.money import MAX_AMOUNT, positive_minor, to_minor, to_rate, to_text
from lakay_streams.domain.money import minor_digits

CURRENCIES = st.sampled_from(["USD", "HTG", "JPY", "KWD", "CLF", "EUR"])


def plain(number: Decimal) -> str:
    return f"{number:f}"


def rounded(amount: Decimal, currency: str) -> int:
    with localcontext(prec=60):
        return int((amount * 10 ** minor_digits(currency)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


@st.composite
def amounts(draw: st.DrawFn, digits: int = 15) -> Decimal:
    """Decimals from 0 to the largest amount, of at most so many digits, a tie of rounding now and then."""
    number = draw(st.integers(0, 10**digits - 1))
    amount = Decimal(number).scaleb(-draw(st.integers(0, digits)))
    return amount if amount <= MAX_AMOUNT else amount.scaleb(-3)


@given(amounts(), CURRENCIES)
def test_a_json_number_and_text_give_what_decimal_gives(amount: Decimal, currency: str) -> None:
    text = plain(amount)
    expected = rounded(amount, currency)
    assert to_minor(json.loads(text), currency) == expected
    assert to_minor(amount, currency) == expected
    if len(text.partition(".")[2]) <= 18:
        assert to_minor(text, currency) == expected


@given(amounts(digits=30), CURRENCIES)
def test_text_is_exact_beyond_the_digits_of_a_number(amount: Decimal, currency: str) -> None:
    with localcontext(prec=60):
        amount = min(amount, Decimal(MAX_AMOUNT)).quantize(Decimal("1e-18"))
    assert to_minor(plain(amount), currency) == rounded(amount, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (0.1, "USD", 10),
        (1.15, "USD", 115),  # 1.15 * 100 is 114.99999999999999 in binary
        (8.325, "USD", 832),
        (8.335, "USD", 834),
        ("8.325", "USD", 832),
        ("8.3250000000000001", "USD", 833),
        (1500, "JPY", 1500),
        ("1500.5", "JPY", 1500),
        (1.5, "HTG", 150),
        (1.2345, "KWD", 1234),
        (10**12, "USD", 10**14),
        (1e12, "KWD", 10**15),
        (0, "USD", 0),
    ],
)
def test_a_minor_unit_is_rounded_half_to_even(amount: float | str, currency: str, minor: int) -> None:
    assert to_minor(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (-0.01, "must not be negative"),
        ("-1", "must not be negative"),
        (float("nan"), "must be at most"),
        (float("inf"), "must be at most"),
        (1e300, "must be at most"),
        (10**12 + 1, "must be at most"),
        ("1000000000000.01", "must be at most"),
        (0.12345678901234567, "more than 15 digits"),
        (Decimal("100.1000000000000000001"), "more than 15 digits"),
        (1e-300, "decimal places"),
        (Decimal("1e-99999999"), "decimal places"),
        ("1e5", "plain decimal"),
        ("1e999999999", "plain decimal"),
        ("NaN", "plain decimal"),
        ("", "plain decimal"),
        (" 1", "plain decimal"),
        ("1,000.00", "plain decimal"),
        ("+1", "plain decimal"),
        (".5", "plain decimal"),
        ("1.", "plain decimal"),
        ("١٢", "plain decimal"),
        ("1" * 14, "plain decimal"),
        (True, "number or a decimal string"),
        (None, "number or a decimal string"),
    ],
)
def test_what_is_no_amount_is_refused_with_the_reason(amount: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        to_minor(amount, "USD")  # type: ignore[arg-type]  # wrong types are what is tried


def test_less_than_half_a_minor_unit_is_not_a_positive_amount() -> None:
    with pytest.raises(ValueError, match="more than 0 when rounded to 2"):
        positive_minor(0.005, "USD")
    assert positive_minor(0.0051, "USD") == 1


@given(st.integers(0, 10**16), CURRENCIES)
def test_minor_units_survive_the_way_out_and_in(minor: int, currency: str) -> None:
    minor = min(minor, MAX_AMOUNT * 10 ** minor_digits(currency))
    assert to_minor(to_text(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("rate", "exact"), [(131.25, "131.25"), ("0.00761905", "0.00761905"), (1e-7, "1E-7"), (2, "2")]
)
def test_a_rate_is_exact(rate: float | str, exact: str) -> None:
    assert to_rate(rate) == Decimal(exact)


@pytest.mark.parametrize("rate", [0, "0", -1, "-1", 1e300, "1e3", 0.12345678901234567, 1e-300])
def test_what_is_no_rate_is_refused(rate: float | str) -> None:
    with pytest.raises(ValueError, match=r"must be|has more"):
        to_rate(rate)
