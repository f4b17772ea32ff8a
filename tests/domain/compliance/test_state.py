"""The state adds up to what a plain ledger adds up to, whatever the order of telling; and it stays bounded."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from lakay_streams.domain import frozen
from lakay_streams.domain.business_day import business_day
from lakay_streams.domain.compliance.limits import DAY_MS, DEFAULT_LIMITS, HOUR_MS
from lakay_streams.domain.compliance.state import (
    MOVEMENTS_KEPT,
    RECORD_BYTES_MAX,
    ComplianceState,
    on_day,
)
from lakay_streams.domain.events import MoneyMoved, RemittanceEvent, TransactionInitiated, TransactionUpdated
from lakay_streams.domain.money import DEFAULT_RATES, to_usd_minor
from tests.domain.compliance.customer import USER, Customer, instant

NOON = instant("03-10", "12:00")
CURRENCIES = ("USD", "EUR", "HTG", "JPY")
METHODS = (None, "cash", "money_order", "bank", "wallet")
TYPES = ("deposit", "withdrawal", "transfer", "payment")


class Fate(tuple[Any, ...]):
    """Time, type, amount, currency, method, and what becomes of it: completed, failed, failed-after, or neither."""


fates = st.tuples(
    st.integers(NOON - 3 * DAY_MS, NOON + 3 * DAY_MS),
    st.sampled_from(TYPES),
    st.integers(1, 2_000_000),
    st.sampled_from(CURRENCIES),
    st.sampled_from(METHODS),
    st.sampled_from(("completed", "completed", "completed", "failed", "failed-after", "open")),
)


def events_of(number: int, fate: Any) -> list[Any]:
    at, kind, amount, currency, method, outcome = fate
    movement = f"movement-{number}"
    told: list[Any] = [
        TransactionInitiated(
            f"i-{number}", "transaction-initiated", at, USER, movement, amount, currency, kind, payment_method=method
        )
    ]
    if outcome in {"completed", "failed-after"}:
        told.append(TransactionUpdated(f"c-{number}", "transaction-completed", at + 1, USER, movement))
        told.append(TransactionUpdated(f"d-{number}", "transaction-completed", at + 1, USER, movement))
    if outcome in {"failed", "failed-after"}:
        told.append(TransactionUpdated(f"f-{number}", "transaction-failed", at + HOUR_MS, USER, movement))
    return told


def ledger(moved: list[Any]) -> dict[int, list[int]]:
    """Movements, in, out, cash in, cash out of each business day, added up plainly."""
    days: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0, 0])
    for at, kind, amount, currency, method, outcome in moved:
        if outcome != "completed":
            continue
        usd = to_usd_minor(amount, currency, DEFAULT_RATES, at) or 0
        day, incoming = days[business_day(at + 1)], kind == "deposit"
        cash = method in {None, "cash"}
        cash_out = kind == "withdrawal"
        for place, adds in enumerate(
            (1, usd * incoming, usd * (not incoming), usd * cash * (not cash_out), usd * cash * cash_out)
        ):
            day[place] += adds
    return days


@settings(max_examples=60, deadline=None)
@given(st.lists(fates, max_size=25), st.randoms(use_true_random=False))
def test_totals_are_those_of_a_plain_ledger_in_any_order_of_telling(moved: list[Any], shuffle: Any) -> None:
    told = [event for number, fate in enumerate(moved) for event in events_of(number, fate)]
    shuffle.shuffle(told)
    customer = Customer()
    for event in told:
        customer.told(event)
    seen = {
        day.day: [day.movements, day.in_minor, day.out_minor, day.cash_in_minor, day.cash_out_minor]
        for day in customer.state.days
    }
    assert seen == ledger(moved)
    assert [each.at for each in customer.state.movements] == sorted(each.at for each in customer.state.movements)


def busiest(customer: Customer, movements: int, apart_ms: int) -> ComplianceState:
    """Long ids everywhere, large amounts in a currency with a long rate, and half of it never completed."""
    for number in range(movements):
        at = NOON + number * apart_ms
        name = f"{number:06}-" + "x" * 100
        customer.told(
            RemittanceEvent(
                f"e-{number}", "remittance-initiated", at, USER, name, "r" * 20 + name, 10**14 + number, "XOF",
                device_id="d" * 20 + name, destination_country=f"{chr(65 + number % 26)}{chr(65 + number // 26 % 26)}",
                payment_method="cash",
            )
        )  # fmt: skip
        if number % 2:
            customer.told(RemittanceEvent(f"c-{number}", "remittance-completed", at, USER, name))
    return customer.state


def test_the_record_stays_below_64_kib_whatever_the_customer_does() -> None:
    largest = replace(DEFAULT_LIMITS, lookback_days=365)
    of_euro = DEFAULT_RATES.defaults["EUR"] * 3
    rates = DEFAULT_RATES.updated("USD", "XOF", {"2026-01-02T06:00:00.000Z": of_euro})
    for movements, apart in ((900, DAY_MS), (600, HOUR_MS // 4)):
        state = busiest(Customer(largest, rates), movements, apart)
        assert len(msgspec.msgpack.encode(frozen.replace(state, seen=bytes(1024)))) < RECORD_BYTES_MAX
        assert len(state.movements) <= MOVEMENTS_KEPT
    assert len(state.movements) == MOVEMENTS_KEPT
    assert state.dropped_until > 0


def test_totals_are_whole_where_details_are_dropped() -> None:
    customer = Customer()
    for number in range(400):
        customer.told(
            MoneyMoved(
                f"e-{number}", "money-moved", NOON + number, USER, f"m-{number}", "in", "circle_payout", 101, "USD"
            )
        )
    day = on_day(customer.state, business_day(NOON))
    assert (day.movements, day.in_minor, day.cash_out_minor) == (400, 40_400, 40_400)
    assert len(customer.state.movements) == MOVEMENTS_KEPT


def test_what_fails_after_its_details_were_dropped_is_taken_back_all_the_same() -> None:
    customer = Customer()
    for number in range(MOVEMENTS_KEPT + 1):
        at = NOON + number
        for event in events_of(number, (at, "deposit", 100, "USD", "cash", "completed")):
            customer.told(event)
    customer.told(TransactionUpdated("f", "transaction-failed", NOON + DAY_MS, USER, "movement-0"))
    assert on_day(customer.state, business_day(NOON)).movements == MOVEMENTS_KEPT


def test_a_state_is_read_back_as_it_was() -> None:
    state = busiest(Customer(), 40, HOUR_MS)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=ComplianceState) == state
