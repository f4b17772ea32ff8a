"""A member's reliability is the sum of what all circles say, in any order."""

from __future__ import annotations

from functools import reduce

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakay_streams.contracts.members import member_changed
from lakay_streams.contracts.topics import MEMBERS
from lakay_streams.domain.circles.membership import MemberChange, Tally, change_of
from lakay_streams.domain.circles.observing import observe as observe_circle
from lakay_streams.domain.circles.reliability import (
    MONTHS_KEPT,
    NEW_MEMBER,
    MemberState,
    Reliability,
    month_of,
    observe,
    reliability_of,
    total_of,
)
from lakay_streams.domain.circles.state import STATUS, WAS_IN_TIME, WAS_LATE, WAS_MISSED, Facts, member_of
from lakay_streams.domain.events import CircleEvent, MemberChanged
from lakay_streams.domain.frozen import astuple, replace
from tests.contracts.events import CONTRACTS
from tests.domain.circles.life import DAY, START, Life
from tests.domain.circles.stories import USERS, circle_events

tallies = st.builds(Tally, *[st.integers(-2, 3)] * len(Tally.__struct_fields__))
times = st.integers(START - 900 * DAY, START + 900 * DAY)


def changed(
    event_id: str, at: int, counts_at: int, tally: Tally, user: str = "u", circle: str = "sol"
) -> MemberChanged:
    return MemberChanged(event_id, "member-changed", at, user, circle, counts_at, *astuple(tally))


changes = st.builds(changed, st.uuids().map(str), times, times, tallies)


def changes_of(events: list[CircleEvent]) -> list[MemberChanged]:
    facts, told = Facts(), []
    for event in events:
        after = observe_circle(facts, event)
        change = change_of(event, facts, after)
        if change is not None:
            at, difference = event.occurred_at, change.difference
            told.append(changed(event.event_id, at, change.counts_at, difference, change.user_id, event.circle_id))
        facts = after
    return told


def known(told: list[MemberChanged], user: str = "u") -> MemberState:
    return reduce(observe, [change for change in told if change.user_id == user], NEW_MEMBER)


@given(st.lists(changes), st.randoms(use_true_random=False))
def test_any_order_of_changes_ends_in_the_same_state(told: list[MemberChanged], random) -> None:  # type: ignore[no-untyped-def]  # hypothesis' own Random
    state = known(told)
    assert known(random.sample(told, len(told))) == state
    assert len(state.months) <= MONTHS_KEPT
    assert 0.0 <= reliability_of(state).score <= 1.0
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=MemberState) == state


@given(circle_events(), st.randoms(use_true_random=False))
def test_what_a_member_paid_is_what_the_circle_knows_in_the_end(events: list[CircleEvent], random) -> None:  # type: ignore[no-untyped-def]  # hypothesis' own Random
    shuffled = random.sample(events, len(events))
    facts = reduce(observe_circle, events, Facts())
    for user in USERS:
        total = total_of(known(changes_of(shuffled), user))
        member = member_of(facts, user)
        told = b"" if member is None else member.told.translate(STATUS)
        assert (total.in_time, total.late, total.missed) == tuple(map(told.count, (WAS_IN_TIME, WAS_LATE, WAS_MISSED)))
        assert total.circles == (member is not None)
        assert total.pots == sum(payout.user == user for payout in facts.payouts)
        assert total.left == (member is not None and member.has_left)


def test_a_contribution_paid_after_it_was_missed_is_late_and_no_longer_missed() -> None:
    life = Life(4).goes_round(late=["m2"])
    state = known(changes_of(life.events), "m2")
    assert total_of(state) == Tally(circles=1, late=1)
    assert [month for month, tally in state.months if tally.late] == [month_of(life.due_at)]


def test_who_takes_the_pot_and_leaves_counts_as_that() -> None:
    life = Life(4).goes_round()
    life.leaves("m0")
    life.leaves("m3")
    told = changes_of(life.events)
    assert total_of(known(told, "m0")) == Tally(circles=1, in_time=1, pots=1, left=1, left_owing=1)
    assert total_of(known(told, "m3")) == Tally(circles=1, in_time=1, left=1)
    assert reliability_of(known(told, "m0")).score < 0.5 < reliability_of(known(told, "m3")).score


def test_it_follows_a_user_from_circle_to_circle() -> None:
    first, second = Life(4).goes_round(missed=["m1"]), Life(4).goes_on(2)
    both = changes_of(first.events) + [replace(change, circle_id="another") for change in changes_of(second.events)]
    assert total_of(known(both, "m1")) == Tally(circles=2, in_time=2, missed=1, pots=1)


def score(*told: tuple[int, Tally]) -> float:
    return reliability_of(
        known([changed(f"{number}", START, START + days * DAY, tally) for number, (days, tally) in enumerate(told)])
    ).score


def test_a_stranger_is_trusted_and_history_makes_it_sure() -> None:
    assert reliability_of(NEW_MEMBER) == Reliability(1.0, 0, 0.0)
    assert score((0, Tally(missed=1))) < score((0, Tally(missed=1, in_time=9)))
    assert score((0, Tally(missed=5, in_time=5))) < score((0, Tally(missed=1, in_time=1)))


def test_late_is_not_missed() -> None:
    assert score((0, Tally(missed=3))) < score((0, Tally(late=3))) < score((0, Tally(in_time=3))) == 1.0


def test_what_is_long_ago_weighs_less() -> None:
    long_ago = score((0, Tally(missed=3)), (360, Tally(in_time=3)))
    now = score((0, Tally(in_time=3)), (360, Tally(missed=3)))
    assert now < long_ago


@pytest.mark.parametrize("field", Tally.__struct_fields__)
def test_a_record_says_what_changed_and_is_read_back(field: str) -> None:
    event = replace(Life(2).events[1], event_id="3b241101-e2bb-4255-8caf-4136c5660001")
    change = MemberChange("u-1", START + DAY, Tally(**{field: -1}))
    raw = member_changed(event, change)
    read = CONTRACTS.decode(raw, MEMBERS)
    assert isinstance(read, MemberChanged)
    assert (read.user_id, read.circle_id, read.occurred_at) == ("u-1", "sol", event.occurred_at)
    assert read.counts_at == change.counts_at
    assert Tally(*astuple(read)[-len(Tally.__struct_fields__) :]) == change.difference
    assert member_changed(event, change) == raw, "a replay sends the same record"


def test_a_long_life_is_bounded() -> None:
    told = [
        changed(f"e{day}", START + day * DAY, START + day * DAY, Tally(1, 1, 1, 1, 1, 1, 1))
        for day in range(0, 4_000, 5)
    ]
    state = replace(known(told), seen=b"8" * 1024)
    assert len(msgspec.msgpack.encode(state)) < 4 * 1024
    assert total_of(state) == Tally(*[800] * 7)
