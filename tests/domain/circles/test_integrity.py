"""What cannot or should not happen in a circle is a finding, and goes away when a late record explains it."""

from __future__ import annotations

from functools import reduce

import pytest

from lakay_streams.domain.circles.health import trust
from lakay_streams.domain.circles.integrity import findings_of
from lakay_streams.domain.circles.observing import observe
from lakay_streams.domain.circles.state import Facts
from lakay_streams.domain.decision import Finding
from tests.domain.circles.life import AMOUNT, DAY, Life


def found(life: Life) -> dict[str, Finding]:
    return {finding.rule: finding for finding in findings_of(life.state.facts)}


def test_an_honest_circle_has_no_findings_at_any_time() -> None:
    life = Life(6).goes_round(late=["m2"]).goes_on(4).goes_round(missed=["m5"]).ends()
    facts = Facts()
    for event in life.events:
        facts = observe(facts, event)
        assert not findings_of(facts), event


def test_a_pot_paid_out_before_it_is_full_is_found_until_the_rest_comes_in() -> None:
    life = Life(4)
    life.round = 1
    for user in ("m0", "m1", "m2"):
        life.pays(user)
    life.gives_pot("m0", 4 * AMOUNT)
    finding = found(life)["overpaid_pot"]
    assert finding.score == 0.25
    assert finding.evidence["round"] == 1
    life.pays("m3")
    assert not found(life)


def test_the_same_pot_paid_out_twice_is_found() -> None:
    life = Life(4).goes_round()
    life.gives_pot("m1", 4 * AMOUNT)
    assert found(life)["overpaid_pot"].score == 0.5


def test_a_contribution_of_somebody_who_never_joined_is_found_until_the_joining_comes() -> None:
    life = Life(4)
    life.round = 1
    life.pays("passer-by")
    assert found(life)["stranger_paid_in"].evidence == {"members": 1}
    life.at = life.due_at - 20 * DAY
    life.tells("circle-member-joined", "passer-by")
    assert not found(life)


def test_to_miss_without_having_joined_is_nothing_to_trust_less_for() -> None:
    life = Life(4)
    life.round = 1
    life.misses("passer-by")
    assert not found(life)


def test_the_organizer_is_a_member_without_joining() -> None:
    life = Life(3).goes_round()
    founder_never_joined = [
        event for event in life.events if (event.event_type, event.user_id) != ("circle-member-joined", "m0")
    ]
    assert not findings_of(reduce(observe, founder_never_joined, Facts()))


def test_where_no_joining_is_known_nobody_is_a_stranger() -> None:
    life = Life(3).goes_round()
    later = [event for event in life.events if event.event_type != "circle-member-joined"]
    assert not findings_of(reduce(observe, later, Facts()))


def test_a_pot_for_somebody_who_never_joined_is_found() -> None:
    life = Life(4)
    life.round = 1
    for user in life.members:
        life.pays(user)
    life.gives_pot("passer-by", 4 * AMOUNT)
    assert found(life)["stranger_paid_out"].score == 0.5


def test_life_after_the_end_is_found() -> None:
    life = Life(3).goes_on(3).ends()
    assert not found(life)
    life.round = 4
    life.pays("m0")
    assert found(life)["event_after_end"].evidence["hours_after"] == pytest.approx(24.0)


def test_two_ends_are_found() -> None:
    life = Life(3).goes_on(3).ends().ends("circle-failed")
    assert "completed_and_failed" in found(life)


def test_completion_before_everybody_had_the_pot_is_found() -> None:
    finding = found(Life(4).goes_on(3).ends())["completed_unpaid"]
    assert finding.score == 0.25
    assert finding.reason == "The circle is told to be completed, and 1 member of 4 never had the pot"


def test_money_of_another_currency_is_found() -> None:
    life = Life(3)
    life.round = 1
    life.pays("m0", currency="HTG")
    assert found(life)["foreign_currency"].evidence == {"currencies": "HTG"}


@pytest.mark.parametrize(("after", "owed"), [(1, 0.9), (5, 0.5), (9, 0.1)])
def test_who_takes_the_pot_and_leaves_is_found_by_what_is_still_owed(after: int, owed: float) -> None:
    life = Life(10).goes_on(after)
    life.leaves("m0")
    assert found(life)["left_after_payout"].score == pytest.approx(owed)


def test_who_leaves_before_having_the_pot_or_after_the_end_took_nothing() -> None:
    life = Life(4).goes_round()
    life.leaves("m3")
    assert not found(life)
    done = Life(3).goes_on(3).ends()
    done.round += 1
    done.leaves("m0")
    assert "left_after_payout" not in found(done)


def test_pots_out_of_turn_are_found() -> None:
    life = Life(4).goes_on(2)
    life.unpaid.insert(0, "m0")
    life.goes_round()
    finding = found(life)["out_of_turn"]
    assert finding.reason == "1 of 3 pots went to members who had had theirs, while 2 waited"
    assert finding.score == pytest.approx(2 / 3, abs=1e-6)


def test_a_second_cycle_is_not_out_of_turn() -> None:
    assert "out_of_turn" not in found(Life(3).goes_on(5))


@pytest.mark.parametrize(("what", "score"), [("account", 0.6), ("device", 0.2)])
def test_pots_of_several_members_through_one_account_or_device_are_found(what: str, score: float) -> None:
    life = Life(4)
    for number, user in enumerate(("m0", "m1", "m2"), 1):
        life.round = number
        for member in life.members:
            life.pays(member)
        life.gives_pot(user, 4 * AMOUNT, **{f"{what}_id": "the same"})
    finding = found(life)[f"shared_{what}"]
    assert finding.score == pytest.approx(score)
    assert finding.evidence == {"members": 3, "share": 2}
    assert trust(life.state.facts) == pytest.approx(1 - score)


def test_recruits_after_the_first_pot_are_found_but_for_those_who_replace() -> None:
    life = Life(4).goes_round()
    life.leaves("m3")
    life.joins("new")
    assert "growth" not in found(life)
    life.joins("newer")
    life.joins("newest")
    assert found(life)["growth"].evidence == {"recruited": 3, "left": 1, "before": 4}


def test_several_findings_add_to_the_suspicion_and_never_pass_1() -> None:
    life = Life(4).goes_round()
    life.pays("passer-by")
    life.leaves("m0")
    scores = [finding.score for finding in findings_of(life.state.facts)]
    assert len(scores) == 2
    assert max(scores) < 1 - trust(life.state.facts) < 1
