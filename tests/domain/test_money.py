"""Money in US cents."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.contracts.timestamps import to_millis, to_text
from lakay_streams.domain.money import (
    DEFAULT_RATES,
    QUOTES_KEPT,
    USD_MINOR_MAX,
    Dollars,
    Rates,
    to_usd,
    to_usd_minor,
    usd,
)

NOW = to_millis("2026-03-20T12:00:00Z")
DAY_MS = 86_400_000

RATES = Rates(
    "2026-03-10", {"USD": Decimal(1), "HTG": Decimal("0.0075"), "CLP": Decimal("0.001"), "KWD": Decimal("3.25")}
)


@given(st.integers(0, USD_MINOR_MAX))
def test_dollars_are_themselves(amount: int) -> None:
    assert to_usd_minor(amount, "USD", RATES, NOW) == amount


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
    assert to_usd_minor(amount, currency, RATES, NOW) == cents


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=40), st.sampled_from(["HTG", "CAD", "EUR", "CLP"]))
def test_a_sum_is_compared_as_if_nothing_had_been_rounded(amounts: list[int], currency: str) -> None:
    worths = [to_usd(amount, currency, DEFAULT_RATES, NOW) or Dollars(0) for amount in amounts]
    together = Dollars(sum(each.cents for each in worths), sum(each.short for each in worths))
    exact = sum(amounts) * DEFAULT_RATES.defaults[currency] * (100 if currency == "CLP" else 1)
    assert together.rounded_down <= exact <= together.rounded_up
    assert together.rounded_up - together.rounded_down <= (exact != int(exact))


@pytest.mark.parametrize(("amount", "up", "down"), [(10_000_000_001, 1, 0), (9_999_999_999, 0, -1)])
def test_by_whatever_little_more_is_more(amount: int, up: int, down: int) -> None:
    rates = RATES.updated("XYZ", "USD", {to_text(NOW): Decimal("0.0001")})
    worth = to_usd(amount, "XYZ", rates, NOW)
    assert worth is not None
    assert (worth.rounded_up, worth.rounded_down) == (1_000_000 + up, 1_000_000 + down)


@pytest.mark.parametrize("rate", ["131.1", "130", "7", "0.3", "171.37"])
def test_a_quotient_that_never_ends_makes_no_amount_more(rate: str) -> None:
    """A thousand dollars' worth at 1/131.1 dollars is a thousand dollars, and not a last digit more."""
    rates = RATES.updated("USD", "XYZ", {to_text(NOW): Decimal(rate)})
    worth = to_usd(int(Decimal(rate) * 1_000_00), "XYZ", rates, NOW)
    assert worth is not None
    assert worth.rounded_up == worth.rounded_down == 1_000_00


def test_a_currency_without_a_rate_has_no_worth_in_dollars() -> None:
    assert to_usd_minor(100, "XYZ", RATES, NOW) is None


@given(st.integers(10**14, 10**30), st.sampled_from(sorted(DEFAULT_RATES.defaults)))
def test_no_amount_outgrows_64_bits(amount: int, currency: str) -> None:
    cents = to_usd_minor(amount, currency, DEFAULT_RATES, NOW)
    assert cents is not None
    assert cents <= USD_MINOR_MAX


def test_a_rate_is_learned_from_either_side_of_the_dollar() -> None:
    to_dollars = RATES.updated("HTG", "USD", {"2026-03-11": Decimal("0.008")})
    from_dollars = RATES.updated("USD", "HTG", {"2026-03-11": Decimal("125")})
    told = to_dollars.at("HTG", NOW)
    assert told == from_dollars.at("HTG", NOW)
    assert told is not None
    assert (told.usd_per_unit, told.since) == (Decimal("0.008"), "2026-03-11")
    assert RATES.quotes == {}


def quoted(*days: int) -> Rates:
    """Rates of so many thousandths of a dollar for a gourde as the day of March is, told in this order."""
    rates = RATES
    for day in days:
        rates = rates.updated("HTG", "USD", {f"2026-03-{day:02}T06:00:00.000Z": Decimal(day) / 1000})
    return rates


@pytest.mark.parametrize("days", [(11, 12, 13), (13, 11, 12), (12, 13, 12, 11)], ids=["in order", "late", "again"])
def test_money_is_worth_what_the_last_rate_before_it_says(days: tuple[int, ...]) -> None:
    twelfth = to_millis("2026-03-12T06:00:00Z")
    for at, cents in ((twelfth - DAY_MS - 1, 75), (twelfth - DAY_MS, 110), (twelfth - 1, 110), (twelfth, 120)):
        assert to_usd_minor(100_00, "HTG", quoted(*days), at) == cents
    assert to_usd_minor(100_00, "HTG", quoted(*days), NOW) == 130


def test_rates_are_bounded_and_the_oldest_kept_holds_for_all_time_before_it() -> None:
    rates = RATES
    for hour in range(QUOTES_KEPT + 1):
        since = to_text(NOW + hour * 3_600_000)
        rates = rates.updated("HTG", "USD", {since: Decimal(hour + 1) / 1000})
    assert len(rates.quotes["HTG"]) == QUOTES_KEPT
    assert to_usd_minor(100_00, "HTG", rates, NOW - DAY_MS) == to_usd_minor(100_00, "HTG", rates, NOW + 3_600_000) == 20


def test_a_currency_first_heard_of_later_is_worth_what_was_heard_first() -> None:
    rates = RATES.updated("XYZ", "USD", {to_text(NOW): Decimal(2)})
    assert to_usd_minor(100, "XYZ", rates, NOW - DAY_MS) == 200


@pytest.mark.parametrize(("base", "quote", "rate"), [("CAD", "HTG", "95"), ("USD", "USD", "2"), ("HTG", "USD", "0")])
def test_what_says_nothing_about_dollars_changes_nothing(base: str, quote: str, rate: str) -> None:
    assert RATES.updated(base, quote, {"2026-03-11": Decimal(rate)}) is RATES


def test_dollars_are_written_exactly() -> None:
    assert [usd(64_000), usd(5), usd(0), usd(-1_01)] == ["640.00 USD", "0.05 USD", "0.00 USD", "-1.01 USD"]
