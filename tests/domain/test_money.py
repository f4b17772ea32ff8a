"""Money in US cents."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.money import DEFAULT_RATES, USD_MINOR_MAX, Rates, to_usd_minor, usd

RATES = Rates(
    "2026-03-10", {"USD": Decimal(1), "HTG": Decimal("0.0075"), "CLP": Decimal("0.001"), "KWD": Decimal("3.25")}
)


@given(st.integers(0, USD_MINOR_MAX))
def test_dollars_are_themselves(amount: int) -> None:
    assert to_usd_minor(amount, "USD", RATES) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "cents"),
    [
        (1_000_00, "HTG", 7_50),  # two digits, as dollars have
        (200, "HTG", 2),  # 1.5 cents, half to even
        (20, "HTG", 0),
        (10_000, "CLP", 10_00),  # no minor unit: 10,000 pesos
        (1_000, "KWD", 3_25),  # three digits: one dinar
    ],
)
def test_other_currencies_are_converted_by_their_own_minor_unit(amount: int, currency: str, cents: int) -> None:
    assert to_usd_minor(amount, currency, RATES) == cents


def test_a_currency_without_a_rate_has_no_worth_in_dollars() -> None:
    assert to_usd_minor(100, "XYZ", RATES) is None


@given(st.integers(10**14, 10**30), st.sampled_from(sorted(DEFAULT_RATES.usd_per_unit)))
def test_no_amount_outgrows_64_bits(amount: int, currency: str) -> None:
    cents = to_usd_minor(amount, currency, DEFAULT_RATES)
    assert cents is not None
    assert cents <= USD_MINOR_MAX


def test_a_rate_is_learned_from_either_side_of_the_dollar() -> None:
    to_dollars = RATES.updated("HTG", "USD", Decimal("0.008"), "2026-03-11")
    from_dollars = RATES.updated("USD", "HTG", Decimal("125"), "2026-03-11")
    assert to_dollars.usd_per_unit["HTG"] == from_dollars.usd_per_unit["HTG"] == Decimal("0.008")
    assert to_dollars.as_of == "2026-03-11"
    assert RATES.usd_per_unit["HTG"] == Decimal("0.0075")


@pytest.mark.parametrize(("base", "quote", "rate"), [("CAD", "HTG", "95"), ("USD", "USD", "2"), ("HTG", "USD", "0")])
def test_what_says_nothing_about_dollars_changes_nothing(base: str, quote: str, rate: str) -> None:
    assert RATES.updated(base, quote, Decimal(rate), "2026-03-11") is RATES


def test_dollars_are_written_exactly() -> None:
    assert [usd(64_000), usd(5), usd(0), usd(-1_01)] == ["640.00 USD", "0.05 USD", "0.00 USD", "-1.01 USD"]
