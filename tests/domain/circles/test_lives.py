"""Named lives of circles, each with the history of its tiers as (round, tier), and why it has to be that one."""

from __future__ import annotations

import pytest

from lakay_streams.domain.circles.decide import MOVED_KEPT
from lakay_streams.domain.circles.explain import findings_of
from lakay_streams.domain.circles.limits import DEFAULT_LIMITS
from tests.domain.circles.life import Life


def why(life: Life) -> list[str]:
    """The rules of the last tier change, what lost most first."""
    change = life.changes[-1]
    return [finding.rule for finding in findings_of(change.facts, change.health, DEFAULT_LIMITS)]


@pytest.mark.parametrize("members", [2, 5, 10, 30])
def test_a_perfect_circle_is_healthy_from_the_first_event_to_the_last(members: int) -> None:
    life = Life(members).goes_on(members).ends()
    assert life.told == []
    assert set(life.scores) == {1.0}


def test_a_slow_payer_who_recovers() -> None:
    """One of six misses two rounds, pays the third late, and is in time from then on.

    After the first miss, a thirtieth of all that was due is missing and recent rounds count: 0.93, healthy. The second
    in a row takes it below 0.9: watch. Being late is not missing, so the third round mends more than it harms. It takes
    two good rounds more to be the margin above 0.9, and it stays there.
    """
    life = Life(6).goes_round().goes_round(missed=["m3"]).goes_round(missed=["m3"]).goes_round(late=["m3"]).goes_on(2)
    life.ends()
    assert life.told == [(3, "watch"), (5, "healthy")]
    assert why(life) == ["contribution", "financial"]
    assert life.scores[1] > 0.9 > life.scores[2]
    assert life.scores[3] < 0.93 < life.scores[4], "above the threshold is not enough"


def test_being_late_without_missing_anything_never_leaves_healthy_for_long() -> None:
    """Two of five pay two days late in one round: told as missed in between, which is what is known on those days."""
    life = Life(5).goes_on(2).goes_round(late=["m1", "m2"])
    assert life.told == [(3, "watch"), (3, "healthy")]
    assert life.goes_on(2).ends().told == [(3, "watch"), (3, "healthy")]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        (10, [(1, "watch")]),
        (5, [(1, "watch"), (3, "at-risk")]),
        (3, [(1, "at-risk")]),
    ],
)
def test_who_takes_the_first_pot_and_leaves(members: int, told: list[tuple[int, str]]) -> None:
    """The pot is gone with all but one contribution owed, and a part of every pot that is to come.

    The fewer they are, the larger that part: in a circle of ten one tenth is bearable, in one of five a fifth adds up
    to at-risk, and of three nobody gets two thirds of what they paid for.
    """
    life = Life(members).goes_round()
    life.leaves("m0")
    life.goes_on(members - 1).ends()
    assert life.told == told
    assert {"left_after_payout", "membership"} <= set(why(life))


def test_who_leaves_after_paying_nearly_everything_is_no_thief() -> None:
    """The same member, nine rounds later: one in ten is gone, and owes a tenth."""
    life = Life(10).goes_on(9)
    life.leaves("m0")
    life.goes_round().ends()
    assert life.told == []


def test_a_collapse() -> None:
    """Eight begin; every round more of them do not pay, the first two take their pots and leave, and it breaks up.

    Watch at the first miss (an eighth of the first round). In the second round the first member leaves with the pot,
    which is at-risk at once; half of the members not paying in the third ends in critical, and the end of the circle
    changes nothing about that.
    """
    life = Life(8).goes_round(missed=["m7"]).goes_round(missed=["m7", "m6"])
    life.leaves("m0")
    life.goes_round(missed=["m4", "m5", "m6", "m7"])
    life.leaves("m1")
    life.goes_round(missed=["m4", "m5", "m6", "m7"]).ends("circle-failed")
    falls = [tier for _, tier in life.told if tier != "healthy"]
    assert life.told[-2:] == [(2, "at-risk"), (3, "critical")]
    assert falls == ["watch", "watch", "at-risk", "critical"], "it was healthy once more, early in the second round"
    assert life.scores == sorted(life.scores, reverse=True)
    assert life.scores[-1] < 0.15


def test_a_ponzi_like_growth() -> None:
    """Everybody pays in time, and each round brings recruits, whose money pays the pots of those before.

    No contribution is missed and all money moves: reliability and progress see nothing. Turnover and growth do, and
    take all that stability and trust can take: 0.6. That is at-risk, with the second recruit already.
    """
    life = Life(5)
    recruits = iter(f"n{number:03d}" for number in range(99))
    for number in range(6):
        life.goes_round()
        for _ in range(2 * (number + 1)):
            life.joins(next(recruits))
    assert life.told == [(1, "watch"), (1, "at-risk")]
    assert life.scores[-1] == 0.6
    assert set(why(life)) == {"growth", "membership"}


def test_a_circle_whose_organizer_takes_pots_out_of_turn() -> None:
    """All pay; the organiser has every pot. Trust is gone, and with it all it can take: watch."""
    life = Life(6)
    for _ in range(4):
        life.unpaid = ["m0"]
        life.goes_round()
    assert life.told == [(2, "watch")]
    assert why(life) == ["out_of_turn"]
    assert life.scores[-1] == 0.85


def test_a_circle_that_breaks_up_out_of_a_clear_sky_is_critical() -> None:
    life = Life(8).goes_on(3).ends("circle-failed")
    assert life.told == [(3, "critical")]
    assert why(life) == ["failed", "financial"]
    assert life.changes[-1].score > 0.5, "a failed circle is critical whatever its score"


def test_a_tier_change_tells_the_events_that_moved_it() -> None:
    life = Life(6).goes_round().goes_round(missed=["m3"]).goes_round(missed=["m3"])
    (change,) = life.changes
    kinds = [moved.event_type for moved in change.moved_by]
    assert kinds[-1] == "circle-contribution-missed"
    assert kinds.count("circle-contribution-missed") == 2
    assert all(moved.change < 0 for moved in change.moved_by)
    assert (change.old_tier, change.new_tier, change.since_at) == ("healthy", "watch", None)
    assert change.moved_by[-1].event_id == change.event.event_id


def test_a_long_way_down_tells_its_newest_steps_and_that_there_were_more() -> None:
    life = Life(30)
    for _ in range(3):
        life.goes_round(missed=["m1"])
    for user in ("m2", "m3", "m4", "m5"):
        life.leaves(user)
    change = life.changes[0]
    assert len(change.moved_by) <= MOVED_KEPT
    assert change.truncated


def test_a_change_is_told_once_and_then_since_when() -> None:
    life = Life(5).goes_round()
    life.leaves("m0")
    first = life.changes[0]
    life.goes_on(2)
    assert [change.since_at for change in life.changes] == [None, first.event.occurred_at]
    assert [(change.old, change.new) for change in life.changes] == [(0, 1), (1, 2)]
