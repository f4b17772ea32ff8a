"""A sender's running totals."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.compliance.remittances import (
    CURRENCIES_KEPT,
    NEW_SENDER,
    OTHER,
    RemittanceState,
    observe,
)
from lakay_streams.domain.dedup import RING_SIZE
from lakay_streams.domain.events import RemittanceEvent, TransactionInitiated, TransactionUpdated
from tests.domain.compliance.customer import USER, Customer

OUTCOMES = ["initiated", "processing", "completed", "failed"]
CURRENCIES = [f"C{letter}{other}" for letter in "ABCDE" for other in "ABCD"]
events = st.builds(
    RemittanceEvent,
    st.uuids().map(str),
    st.sampled_from(OUTCOMES).map(lambda outcome: f"remittance-{outcome}"),
    st.integers(0, 10**13),
    st.just("sender"),
    st.just("remittance"),
    amount_minor=st.none() | st.integers(0, 10**9),
    currency=st.none() | st.sampled_from(CURRENCIES),
)


@given(st.lists(events, max_size=80))
def test_the_totals_are_those_of_all_events_in_any_order(history: list[RemittanceEvent]) -> None:
    state = NEW_SENDER
    for event in history:
        state = observe(state, event, b"ring")
    for outcome in ("initiated", "completed", "failed"):
        of_kind = [event for event in history if event.event_type == f"remittance-{outcome}"]
        assert sum(getattr(total, outcome) for total in state.totals) == len(of_kind), "no count is lost"
        for total in state.totals:
            if total.currency != OTHER:
                mine = [event for event in of_kind if event.currency == total.currency]
                assert getattr(total, outcome) == len(mine)
                assert getattr(total, f"{outcome}_minor") == sum(event.amount_minor or 0 for event in mine)
            else:
                assert getattr(total, f"{outcome}_minor") == 0
    assert len(state.totals) <= CURRENCIES_KEPT + 1
    assert state.last_event_at == max((event.occurred_at for event in history), default=None)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=RemittanceState) == state


@pytest.mark.parametrize("by_transaction_first", [True, False])
def test_a_replay_of_any_length_adds_nothing_and_the_other_topic_takes_nothing_away(by_transaction_first: bool) -> None:
    customer, state = Customer(), NEW_SENDER
    told: list[Any] = []
    number = RING_SIZE + 2
    for each in range(number):
        at = 1_773_144_000_000 + each * 60_000
        by_transaction: list[Any] = [
            TransactionInitiated("e", "transaction-initiated", at, USER, f"t-{each}", 100, "USD", "remittance"),
            TransactionUpdated("e", "transaction-completed", at, USER, f"t-{each}"),
        ]
        by_remittance: list[Any] = [
            RemittanceEvent("e", "remittance-initiated", at, USER, f"r-{each}", None, 100, "USD"),
            RemittanceEvent("e", "remittance-completed", at, USER, f"r-{each}", None, 100, "USD"),
        ]
        told += [*by_transaction, *by_remittance] if by_transaction_first else [*by_remittance, *by_transaction]
    for event in (*told, *told):
        decision = customer.told(event)
        if isinstance(event, RemittanceEvent):
            state = observe(state, event, is_new=bool(decision.entries))
    (total,) = state.totals
    assert (total.initiated, total.completed, total.completed_minor) == (number, number, number * 100)
