"""The facts about a circle are the same in any order of arrival, and bounded."""

from __future__ import annotations

from functools import reduce
from itertools import permutations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakay_streams.domain.circles import health, observing
from lakay_streams.domain.circles import state as circle_state
from lakay_streams.domain.circles.decide import decide
from lakay_streams.domain.circles.explain import findings_of
from lakay_streams.domain.circles.health import Turnover, health_of, paid_by_round, turnover_of
from lakay_streams.domain.circles.integrity import left_owing, share_owed
from lakay_streams.domain.circles.limits import DEFAULT_LIMITS
from lakay_streams.domain.circles.observing import observe
from lakay_streams.domain.circles.state import (
    MEMBERS_KEPT,
    NEW_CIRCLE,
    PAYOUTS_KEPT,
    STATUS,
    WAS_IN_TIME,
    WAS_LATE,
    WAS_MISSED,
    CircleState,
    Facts,
    Member,
    Payout,
    Round,
    member_of,
    rounds_kept,
)
from lakay_streams.domain.circles.tiers import tier_of
from lakay_streams.domain.events import CircleEvent
from lakay_streams.domain.frozen import replace
from tests.domain.circles.life import AMOUNT, DAY, START, WEEK, Life
from tests.domain.circles.stories import circle_events

CREATED = CircleEvent(
    "e", "circle-created", START, "sol", "m0", amount_minor=AMOUNT, currency="USD", members=3, rounds=3
)


def facts_of(events: list[CircleEvent]) -> Facts:
    return reduce(observe, events, Facts())


def received(user: str, number: int, days_late: float = -1, due: bool = True, currency: str = "USD") -> CircleEvent:
    due_at = START + number * WEEK
    return CircleEvent(
        f"r-{user}-{number}-{days_late}",
        "circle-contribution-received",
        due_at + round(days_late * DAY),
        "sol",
        user,
        round=number,
        amount_minor=AMOUNT,
        currency=currency,
        due_at=due_at if due else None,
    )


def missed(user: str, number: int) -> CircleEvent:
    due_at = START + number * WEEK
    return CircleEvent(
        f"m-{user}-{number}", "circle-contribution-missed", due_at + 1, "sol", user, round=number, due_at=due_at
    )


@settings(max_examples=300, deadline=None)
@given(circle_events(), st.randoms(use_true_random=False))
def test_any_order_of_a_circles_events_ends_in_the_same_facts_and_score(events: list[CircleEvent], random) -> None:  # type: ignore[no-untyped-def]  # hypothesis' own Random
    shuffled = random.sample(events, len(events))
    ends = []
    for order in (events, shuffled):
        state = NEW_CIRCLE
        for event in order:
            state = decide(state, event, DEFAULT_LIMITS, b"ring").state
        ends.append(state)
    straight, other = ends
    assert straight.facts == other.facts
    assert straight.standing.score == other.standing.score
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(other), type=CircleState) == other
    if straight.standing.tier != other.standing.tier:
        # Only within the margin above a threshold may the tier depend on where the score came from.
        score, margin = straight.standing.score, DEFAULT_LIMITS.hysteresis_margin
        assert tier_of(score, DEFAULT_LIMITS) != tier_of(score - margin, DEFAULT_LIMITS)


@given(circle_events(), st.data())
def test_what_is_told_twice_adds_nothing(events: list[CircleEvent], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(events)))
    assert facts_of([*events, *again]) == facts_of(events)


@pytest.mark.parametrize(("members", "rounds"), [(20, 20), (100, 20)])
def test_a_replay_of_more_than_a_ring_of_event_ids_doubles_no_pot(members: int, rounds: int) -> None:
    events = a_full_circle(members, rounds)
    once = facts_of(events)
    assert [each.received for each in once.rounds] == [(("USD", members * AMOUNT),)] * rounds
    assert facts_of([*events, *events]) == once


def test_a_contribution_may_be_paid_in_parts_and_each_counts_once() -> None:
    parts = [received("m0", 1, days) for days in (-3, -2, -1)]
    assert facts_of([*parts, *parts]).rounds[0].received == (("USD", 3 * AMOUNT),)


def test_a_round_from_before_its_events_were_known_is_doubled_by_none_of_them() -> None:
    told = [received(f"m{number}", 1) for number in range(5)]
    facts = facts_of(told)
    before = replace(facts, rounds=tuple(replace(each, ids=b"") for each in facts.rounds))
    after = reduce(observe, [*told, received("m5", 1)], before)
    assert after.rounds[0].received == (("USD", 6 * AMOUNT),)


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ([received("m0", 1)], WAS_IN_TIME),
        ([received("m0", 1, 0)], WAS_IN_TIME),
        ([received("m0", 1, 0.01)], WAS_LATE),
        ([missed("m0", 1)], WAS_MISSED),
        ([missed("m0", 1), received("m0", 1, 2)], WAS_LATE),
        ([missed("m0", 1), received("m0", 1)], WAS_IN_TIME),
        ([missed("m0", 1), received("m0", 1, due=False)], WAS_LATE),
        ([received("m0", 1, 5, due=False)], WAS_IN_TIME),
        ([received("m0", 1, 5), received("m0", 1, -1)], WAS_IN_TIME),
    ],
)
def test_a_contribution_is_what_is_best_known_of_it(told: list[CircleEvent], status: int) -> None:
    for order in permutations(told):
        member = member_of(facts_of([CREATED, *order]), "m0")
        assert member is not None
        assert member.told.translate(STATUS) == bytes((status,))


def test_a_round_that_comes_late_takes_its_place_among_the_others() -> None:
    facts = facts_of([received("m0", 1), received("m1", 3), missed("m0", 3), received("m1", 2, 1)])
    assert [each.number for each in facts.rounds] == [1, 2, 3]
    first, second = facts.members
    assert list(first.told.translate(STATUS)) == [WAS_IN_TIME, 0, WAS_MISSED]
    assert list(second.told.translate(STATUS)) == [0, WAS_LATE, WAS_IN_TIME]


def test_who_left_and_joined_again_has_not_left() -> None:
    joined, dropped = (
        CircleEvent(kind, kind, START + at, "sol", "m0")
        for kind, at in (("circle-member-joined", 2), ("circle-member-dropped", 1))
    )
    for order in permutations([joined, dropped, replace(joined, occurred_at=START)]):
        (member,) = facts_of(list(order)).members
        assert not member.has_left


def test_currencies_are_never_added_up() -> None:
    facts = facts_of([CREATED, received("m0", 1), received("m1", 1, currency="HTG"), received("m2", 1)])
    assert facts.rounds[0].received == (("HTG", AMOUNT), ("USD", 2 * AMOUNT))


def a_full_circle(members: int, rounds: int) -> list[CircleEvent]:
    """Everybody with ids as long as they are kept, who pays every round, gets a pot and leaves."""
    users = [f"{number:08d}-e2bb-4255-8caf-4136c5660001" for number in range(members)]
    events = [CREATED]
    for position, user in enumerate(users):
        events.append(CircleEvent(f"j{user}", "circle-member-joined", START, "sol", user, position=position))
        events.append(CircleEvent(f"d{user}", "circle-member-dropped", START + 200 * WEEK, "sol", user))
    for number in range(1, rounds + 1):
        events += [received(user, number) for user in users]
        events.append(
            CircleEvent(
                f"p{number}",
                "circle-payout-executed",
                START + number * WEEK,
                "sol",
                users[number % members],
                round=number,
                amount_minor=10**9,
                currency="USD",
                device_id=f"device {number}",
                account_id=f"account {number}",
            )
        )
    return events


def bytes_of(state: CircleState) -> int:
    return len(msgspec.msgpack.encode(replace(state, seen=b"8" * 1024)))


def test_a_circle_of_a_hundred_fits_32_kib_and_an_ordinary_one_is_small() -> None:
    for members, bound in ((100, 32 * 1024 - 1024), (10, 4 * 1024)):
        facts = facts_of(a_full_circle(members, members))
        assert not facts.evidence_truncated
        assert bytes_of(CircleState(facts=facts)) < bound, "the rest is for what moved the score"


@pytest.mark.parametrize("members", [250, 500, MEMBERS_KEPT])
def test_the_largest_circles_fit_their_bound(members: int) -> None:
    """Everything is as long as it gets: ids, times, flags of every kept round, two currencies, all pots."""
    users = [f"{number:08d}-e2bb-4255-8caf-4136c5660001" for number in range(members)]
    rounds = rounds_kept(Facts(members=tuple(Member(user) for user in users)))
    facts = Facts(
        members=tuple(Member(user, START, START + WEEK, 1_000_000, b"\x0f" * rounds) for user in users),
        rounds=tuple(Round(900_000 + n, START, (("HTG", 10**14), ("USD", 10**14))) for n in range(rounds)),
        payouts=tuple(
            Payout(900_000 + n, START, users[n % members], 10**14, "USD", b"a" * 8, b"d" * 8)
            for n in range(PAYOUTS_KEPT)
        ),
        evidence_truncated=True,
    )
    assert bytes_of(CircleState(facts=facts)) < 512 * 1024
    assert len(facts.rounds) * members <= 250_000


def test_beyond_the_bounds_the_same_are_kept_in_any_order_and_evidence_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (circle_state, observing, health):
        monkeypatch.setattr(module, "MEMBERS_KEPT", 20)
    monkeypatch.setattr(circle_state, "CONTRIBUTIONS_KEPT", 200)
    events = a_full_circle(29, 17)
    forward, backward = facts_of(events), facts_of(events[::-1])
    shuffled = facts_of(sorted(events, key=lambda event: hash(event.event_id)))
    assert forward == backward == shuffled
    assert len(forward.members) == 20
    assert [each.number for each in forward.rounds] == list(range(8, 18))
    assert forward.evidence_truncated
    health_now = health_of(forward, DEFAULT_LIMITS)
    assert health_now == health_of(backward, DEFAULT_LIMITS)
    found = findings_of(forward, health_now, DEFAULT_LIMITS)
    assert found
    assert all(finding.evidence["evidence_truncated"] for finding in found)
    assert all(each.received == (("USD", 29 * AMOUNT),) for each in forward.rounds), "money is counted whole"
    assert not facts_of(a_full_circle(9, 9)).evidence_truncated


def test_rounds_that_are_not_kept_any_more_are_not_owed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circle_state, "CONTRIBUTIONS_KEPT", 40)
    planned = replace(CREATED, members=8, rounds=8)
    facts = facts_of([planned, *[event for event in a_full_circle(8, 8) if event is not CREATED]])
    assert [each.number for each in facts.rounds] == [4, 5, 6, 7, 8]
    assert all(share_owed(member, facts) == 0 for member in facts.members)
    assert all(left_owing(member, facts) is False for member in facts.members)


def test_a_circle_of_200_members_is_whole() -> None:
    """Those whose ids sort last count as those whose ids sort first."""
    life = Life(200)
    users = sorted(life.members)
    life.goes_round(missed=users[-80:])
    facts = life.state.facts
    assert len(facts.members) == 200
    assert not facts.evidence_truncated
    (paid,) = paid_by_round(facts)
    assert (paid.in_time, paid.missed) == (120, 80)
    assert facts.rounds[0].received == (("USD", 120 * AMOUNT),)
    for user in users[-90:]:
        life.leaves(user)
    after = life.state.facts
    assert turnover_of(after) == Turnover(90, 0, 200)
    assert health_of(after, DEFAULT_LIMITS).membership == pytest.approx(1 - 2 * 90 / 200)
    member = member_of(after, users[-1])
    assert member is not None
    assert member.has_left


def test_a_life_is_told_in_the_facts() -> None:
    facts = Life(4).goes_on(4).ends().state.facts
    assert facts.founding is not None
    assert (facts.founding.members, facts.founding.amount_minor) == (4, AMOUNT)
    assert [each.received for each in facts.rounds] == [(("USD", 4 * AMOUNT),)] * 4
    assert [payout.user for payout in facts.payouts] == ["m0", "m1", "m2", "m3"]
    assert facts.completed_at == facts.ended_at is not None
    assert not facts.evidence_truncated
