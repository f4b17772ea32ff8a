"""A circle's running totals."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.domain.circles.state import NEW_CIRCLE, CircleState, observe
from lakay_streams.domain.events import CircleEvent

KINDS = ["circle-created", "circle-contribution-received", "circle-contribution-missed", "circle-payout-executed"]
events = st.builds(
    CircleEvent,
    st.uuids().map(str),
    st.sampled_from(KINDS),
    st.integers(0, 10**13),
    st.just("circle"),
    amount_minor=st.none() | st.integers(0, 10**9),
)


@given(st.lists(events))
def test_the_totals_are_those_of_all_events_in_any_order(history: list[CircleEvent]) -> None:
    state = NEW_CIRCLE
    for event in history:
        state = observe(state, event, b"ring")
    kinds = [event.event_type for event in history]

    def total(kind: str) -> int:
        return sum(event.amount_minor or 0 for event in history if event.event_type == kind)

    assert dict(state.counts) == {kind: kinds.count(kind) for kind in kinds}
    assert state.contributed_minor == total("circle-contribution-received")
    assert state.paid_out_minor == total("circle-payout-executed")
    assert state.last_event_at == max((event.occurred_at for event in history), default=None)
    assert state.seen == (b"ring" if history else b"")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=CircleState) == state
