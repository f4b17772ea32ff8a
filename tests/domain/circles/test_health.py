"""The four dimensions: what they count, where they end, and that one more missed contribution never raises them."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given, settings

from lakay_streams.domain.circles.explain import contributions, findings_of
from lakay_streams.domain.circles.health import Health, Progress, health_of, paid_by_round, progress_of, score_of
from lakay_streams.domain.circles.limits import DEFAULT_LIMITS
from lakay_streams.domain.circles.observing import observe
from lakay_streams.domain.circles.state import Facts
from lakay_streams.domain.events import CircleEvent
from lakay_streams.domain.frozen import astuple
from tests.domain.circles.life import AMOUNT, START, Life
from tests.domain.circles.stories import circle_events, missed_contributions


def health(life: Life) -> Health:
    return health_of(life.state.facts, DEFAULT_LIMITS)


@settings(max_examples=400, deadline=None)
@given(circle_events(), missed_contributions())
def test_one_more_missed_contribution_raises_no_dimension(events: list[CircleEvent], missed: CircleEvent) -> None:
    facts = reduce(observe, events, Facts())
    before, after = health_of(facts, DEFAULT_LIMITS), health_of(observe(facts, missed), DEFAULT_LIMITS)
    for name, was, now in zip(Health.__struct_fields__, astuple(before), astuple(after), strict=True):
        assert now <= was + 1e-9, name
    assert score_of(after, DEFAULT_LIMITS) <= score_of(before, DEFAULT_LIMITS)


def test_who_founded_a_circle_is_a_member_before_any_event_tells_of_them() -> None:
    """Else a missed contribution of the founder made of two members three, and one who had left weighed less."""
    told = (("circle-created", "m2"), ("circle-member-joined", "m0"), ("circle-member-joined", "m1"))
    events = [CircleEvent(kind, kind, START, "sol", user) for kind, user in (*told, ("circle-member-dropped", "m1"))]
    facts = reduce(observe, events, Facts())
    missed = CircleEvent("missed", "circle-contribution-missed", START + 1, "sol", "m2", round=1, due_at=START)
    after = health_of(observe(facts, missed), DEFAULT_LIMITS)
    assert health_of(facts, DEFAULT_LIMITS).membership == after.membership == pytest.approx(1 / 3)


@given(circle_events())
def test_every_dimension_and_the_score_are_between_0_and_1(events: list[CircleEvent]) -> None:
    facts = reduce(observe, events, Facts())
    found = health_of(facts, DEFAULT_LIMITS)
    score = score_of(found, DEFAULT_LIMITS)
    assert all(0.0 <= value <= 1.0 for value in (*astuple(found), score))
    assert sum(contributions(found, DEFAULT_LIMITS).values()) == pytest.approx(score, abs=1e-5)
    assert bool(findings_of(facts, found, DEFAULT_LIMITS)) == (score < 1.0)


def test_a_circle_in_which_nothing_went_wrong_is_entirely_healthy() -> None:
    assert health(Life(6).goes_on(6).ends()) == Health()


def test_a_new_circle_is_healthy_while_nothing_is_due() -> None:
    life = Life(5)
    life.round += 1
    for user in life.members:
        life.pays(user)
        assert health(life) == Health()


def test_late_is_not_missed() -> None:
    late, missed = Life(5).goes_on(2), Life(5).goes_on(2)
    late.goes_round(late=["m3"])
    missed.goes_round(missed=["m3"])
    lost_late, lost_missed = 1 - health(late).contribution, 1 - health(missed).contribution
    assert lost_late == pytest.approx(lost_missed * DEFAULT_LIMITS.late_loss)
    assert health(late).financial == 1.0
    assert health(missed).financial < 1.0


def test_the_same_miss_weighs_more_the_more_recent_it_is() -> None:
    losses = []
    for at in range(1, 6):
        life = Life(6)
        for number in range(1, 6):
            life.goes_round(missed=["m5"] if number == at else [])
        losses.append(1 - health(life).contribution)
    assert losses == sorted(losses)
    assert losses[0] < losses[-1] / 2


def test_half_of_the_members_missing_for_good_is_the_end_of_reliability() -> None:
    life = Life(4)
    for _ in range(12):
        life.goes_round(missed=["m2", "m3"])
    assert health(life).contribution < 0.05


def test_half_of_the_members_leaving_is_the_end_of_stability() -> None:
    life = Life(4).goes_round()
    life.leaves("m2")
    assert health(life).membership == 0.5
    life.leaves("m3")
    assert health(life).membership == 0.0


def test_a_member_who_is_replaced_is_one_turnover() -> None:
    life = Life(10).goes_round()
    life.leaves("m9")
    life.joins("new")
    assert health(life).membership == pytest.approx(0.8)


def test_after_completion_everybody_may_leave() -> None:
    life = Life(3).goes_on(3).ends()
    life.round += 1
    for user in list(life.members):
        life.leaves(user)
    assert health(life).membership == 1.0


def test_money_is_reckoned_against_the_schedule() -> None:
    life = Life(5).goes_round(missed=["m4"])
    facts = life.state.facts
    progress = progress_of(facts, paid_by_round(facts))
    assert progress == Progress(4 * AMOUNT, 5 * AMOUNT, 4 * AMOUNT, 4 * AMOUNT)


def test_a_pot_that_is_not_paid_out_before_the_next_is_due_is_money_that_did_not_move() -> None:
    life = Life(4)
    for number in (1, 2):
        life.round = number
        for user in life.members:
            life.pays(user)
    assert health(life).financial == 1.0, "the second round is not due yet"
    life.misses("m0")
    progress = progress_of(life.state.facts, paid_by_round(life.state.facts))
    assert (progress.went_out, progress.due_out) == (0, 4 * AMOUNT)
    assert health(life).financial < 1.0


def test_a_circle_that_failed_owes_all_it_planned_and_has_no_members() -> None:
    life = Life(8).goes_on(4).ends("circle-failed")
    facts = life.state.facts
    assert progress_of(facts, paid_by_round(facts)).due_in == 8 * 8 * AMOUNT
    assert health(life).membership == 0.0


def test_without_a_founding_what_moved_is_all_that_is_due() -> None:
    founded = Life(4).goes_round(missed=["m3"])
    facts = reduce(observe, founded.events[1:], Facts())
    assert facts.founding is None
    assert health_of(facts, DEFAULT_LIMITS).financial == 1.0
    assert health_of(facts, DEFAULT_LIMITS).contribution < 1.0
