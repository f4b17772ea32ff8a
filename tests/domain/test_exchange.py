"""Which exchange rates are taken, and which wait for an operator."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.contracts import rates as rate_records
from lakay_streams.domain.events import ExchangeRateUpdated
from lakay_streams.domain.exchange import HELD_KEPT, Sifted, add, by_default
from lakay_streams.domain.money import DEFAULT_RATES, QUOTES_KEPT, Rates
from tables.rates import RateState, observed
from tests.domain.compliance.customer import Customer, instant

TWO = Decimal(2)
NOON = instant("03-10", "12:00")
HOUR_MS = 3_600_000
GOURDE = by_default(DEFAULT_RATES, "HTG", "USD")


def pair(*told: tuple[int, str], before: str = "", confirmed: frozenset[int] = frozenset()) -> Sifted:
    rates = Sifted(before=before)
    for at, rate in told:
        rates = add(rates, at, rate, TWO, confirmed=at in confirmed)
    return rates


@pytest.mark.parametrize(
    ("rate", "taken"),
    [("200", True), ("200.000001", False), ("50", True), ("49.999999", False), ("0.01", False)],
    ids=["twice", "more than twice", "half", "less than half", "upside down"],
)
def test_a_rate_may_differ_from_the_last_by_the_factor_and_no_more(rate: str, taken: bool) -> None:
    rates = pair((1, "100"), (2, rate))
    assert ((2, rate) in rates.taken, (2, rate) in rates.held) == (taken, not taken)


def test_the_first_rate_is_compared_with_the_default_and_taken_where_there_is_none() -> None:
    assert pair((1, "131"), before=GOURDE).held == ((1, "131"),)
    assert pair((1, "0.0076"), before=GOURDE).taken == ((1, "0.0076"),)
    assert pair((1, "131"), before=by_default(DEFAULT_RATES, "XYZ", "USD")).taken == ((1, "131"),)


def test_a_feed_that_stays_upside_down_is_never_believed() -> None:
    rates = pair(*((n, "131") for n in range(100)), before=GOURDE)
    assert rates.taken == ()
    assert len(rates.held) == HELD_KEPT


def test_what_an_operator_confirms_is_taken_and_releases_what_agrees_with_it_from_then_on() -> None:
    told = pair((1, "100"), (2, "30"), (3, "31"), (4, "29"))
    assert told.taken == ((1, "100"),)
    confirmed = add(told, 3, "31", TWO, confirmed=True)
    assert (confirmed.taken, confirmed.held) == (((1, "100"), (3, "31"), (4, "29")), ((2, "30"),))
    assert add(confirmed, 5, "100", TWO).held == ((2, "30"), (5, "100")), "the old one is the wrong one now"
    assert add(confirmed, 3, "90", TWO) == confirmed, "no feed undoes it"


told_rates = st.dictionaries(
    st.integers(0, 10_000), st.sampled_from(["40", "90", "100", "130", "220", "0.01"]), max_size=14
)


@given(told_rates, st.sets(st.integers(0, 10_000), max_size=2), st.randoms())
def test_in_whatever_order_rates_are_told_the_same_are_taken(
    told: dict[int, str], marks: set[int], random: Random
) -> None:
    in_order, confirmed = sorted(told.items()), frozenset(marks & set(told))
    at_random = list(in_order)
    random.shuffle(at_random)
    assert pair(*at_random, confirmed=confirmed, before="100") == pair(*in_order, confirmed=confirmed, before="100")


def test_a_pairs_rates_are_bounded_and_the_oldest_kept_is_compared_with_the_one_before_it() -> None:
    rates = pair(*((n, "100") for n in range(QUOTES_KEPT)), (QUOTES_KEPT, "199"), (QUOTES_KEPT + 1, "390"))
    assert len(rates.taken) == QUOTES_KEPT
    assert rates.before == "100"
    assert add(rates, 0, "0.5", TWO) == rates, "older than all that is known"


def test_a_gourde_told_upside_down_makes_no_report_of_500_gourdes() -> None:
    state = observed(RateState(), "131", NOON - HOUR_MS, b"", by_default=GOURDE)
    assert (state.rate, state.history, state.held) == ("", (), ((NOON - HOUR_MS, "131"),))
    right = observed(state, "0.0076", NOON, b"", by_default=GOURDE)
    told = ExchangeRateUpdated("e", "exchange-rate-updated", NOON, "HTG", "USD", Decimal("0.0076"))
    rates: Rates = rate_records.fold(DEFAULT_RATES, rate_records.encode(told, right.history))
    assert Customer(rates=rates).lives("03-10 13:00 deposit 500 HTG cash").found == ""


def test_a_state_of_before_rates_were_held_goes_on() -> None:
    old = RateState(b"", "125", NOON, ((NOON, "125"),))
    assert observed(old, "100", NOON + HOUR_MS, b"", by_default="131").history == (
        (NOON, "125"),
        (NOON + HOUR_MS, "100"),
    )
    assert observed(old, "0.0076", NOON + HOUR_MS, b"", by_default="131").held == ((NOON + HOUR_MS, "0.0076"),)
