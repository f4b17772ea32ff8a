"""What the domain's records are made of: what they are on the wire, and what they cost the garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from lakay_streams.domain.circles.reliability import NEW_MEMBER
from lakay_streams.domain.circles.reliability import observe as observe_member
from lakay_streams.domain.circles.state import CircleState
from lakay_streams.domain.compliance.corridors import CorridorState
from lakay_streams.domain.compliance.remittances import NEW_SENDER
from lakay_streams.domain.compliance.remittances import observe as observe_remittance
from lakay_streams.domain.compliance.state import ComplianceState
from lakay_streams.domain.ema import Ema
from lakay_streams.domain.events import MemberChanged, RemittanceEvent
from lakay_streams.domain.frozen import Frozen, astuple, replace
from lakay_streams.domain.user_state import UserState
from tables.rates import RateState
from tests.domain.behavior.life import LAGOS_NETWORK, settled
from tests.domain.circles.life import Life as CircleLife
from tests.domain.compliance.customer import USER, Customer
from tests.domain.story import LAGOS, NOON


def a_user() -> UserState:
    """One with habits, suspected sessions and an alert."""
    life = settled().moves_to(LAGOS, LAGOS_NETWORK, "stranger")
    life.mistypes(4).visits(900.0, change=("email",))
    return life.state


def a_customer() -> ComplianceState:
    """One with movements, days, an alert, and money that waits."""
    customer = Customer()
    customer.lives("03-10 09:00 deposit 9,000 cash\n03-10 10:00 deposit 9,500 cash\n03-10 11:00 remit 100 to anne")
    customer.told(RemittanceEvent("e", "remittance-initiated", NOON, USER, "r", "payee", 50_00, "USD"))
    return customer.state


STATES: dict[str, Callable[[], Frozen]] = {
    "users": a_user,
    "compliance": a_customer,
    "circles": lambda: CircleState(b"12345678", CircleLife(4).goes_round(missed=["m2"]).state.facts),
    "members": lambda: observe_member(
        NEW_MEMBER, MemberChanged("e", "member-changed", NOON, "u", "sol", NOON, 1, 1, 0, 0, 0, 0, 0), b"12345678"
    ),
    "remittances": lambda: observe_remittance(
        NEW_SENDER, RemittanceEvent("e", "remittance-initiated", NOON, "u", "r", amount_minor=5, currency="USD")
    ),
    "corridors": lambda: CorridorState(b"12345678", Ema(3, 4.5, 0.25), 2),
    "rates": lambda: RateState(b"12345678", "131.25", NOON, ((NOON - 5, "131"), (NOON, "131.25"))),
}


def plain(value: Any) -> Any:
    """The value as lists of lists: what any reader of the changelog sees, whatever the records are made of."""
    if isinstance(value, Frozen):
        value = astuple(value)
    return [plain(each) for each in value] if isinstance(value, tuple) else value


@pytest.mark.parametrize("table", STATES)
def test_a_state_on_the_wire_is_nothing_but_nested_arrays_of_its_fields(table: str) -> None:
    state = STATES[table]()
    raw = msgspec.msgpack.encode(state)
    assert msgspec.msgpack.decode(raw) == plain(state)
    assert msgspec.msgpack.encode(plain(state)) == raw
    assert msgspec.msgpack.decode(raw, type=type(state)) == state


class Older(Frozen):
    first: int


class Newer(Older):
    second: tuple[str, ...] = ()


def test_a_field_at_the_end_is_read_from_older_records_and_left_out_by_older_readers() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(Older(1)), type=Newer) == Newer(1)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(Newer(1, ("a",))), type=Older) == Older(1)


def test_no_record_changes_and_a_copy_with_changes_is_another_one() -> None:
    one = Newer(1, ("a",))
    with pytest.raises(AttributeError):
        one.first = 2  # type: ignore[misc]  # that it is refused is what is tried
    assert replace(one, first=2) == Newer(2, ("a",))
    assert one == Newer(1, ("a",))


def records_in(value: Any) -> list[Frozen]:
    found = [value] if isinstance(value, Frozen) else []
    fields = astuple(value) if isinstance(value, Frozen) else value
    return found + [each for field in fields if isinstance(field, Frozen | tuple) for each in records_in(field)]


@pytest.mark.parametrize("table", STATES)
def test_the_garbage_collector_walks_no_record_of_a_state(table: str) -> None:
    assert not [record for record in records_in(STATES[table]()) if gc.is_tracked(record)]
