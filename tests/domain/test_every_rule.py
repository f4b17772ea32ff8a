"""The laws every rule obeys.

Each rule has a dial: a function from a number to the decision on an event, where a larger number means more of what the
rule looks for. A rule without a dial fails here, so a new rule cannot escape the laws.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakay_streams.domain.decision import Decision, Finding
from lakay_streams.domain.events import TransactionInitiated
from lakay_streams.domain.fraud.compose import WEIGHTS
from lakay_streams.domain.fraud.decide import decide
from lakay_streams.domain.fraud.limits import DEFAULT_LIMITS
from lakay_streams.domain.fraud.rules import RULES, USER_RULES
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.money import DEFAULT_RATES, to_usd
from lakay_streams.domain.user_state import UserState
from tests.domain.story import BOSTON, DAY, LAGOS, MIAMI, MINUTE, Story

Dial = Callable[[int], Decision[UserState]]
SETTLED = Story().settles_in()


def settled() -> Story:
    story = Story()
    story.state, story.at, story.events = SETTLED.state, SETTLED.at, SETTLED.events
    return story


def login_velocity(logins: int) -> Decision[UserState]:
    """At most six: the sixth login of a window is the one that is found."""
    story = settled()
    for _ in range(min(logins, 5)):
        story.logs_in("login-failed")
    return story.logs_in("login-failed") if logins > 5 else story.does("session-ended")


def transaction_count_1h(count: int) -> Decision[UserState]:
    story = settled()
    for _ in range(count % 60):
        story.waits(ms=1).pays(100)
    return story.pays(100)


def amount_24h(usd: int) -> Decision[UserState]:
    story = settled()
    for _ in range(5):
        story.waits(hours=2).pays(usd)
    return story.pays(100)


def paying(usd: int) -> Decision[UserState]:
    return settled().pays(usd)


def ctr_daily(usd: int) -> Decision[UserState]:
    story = settled()
    story.pays(usd / 2)
    return story.pays(usd / 2)


def unusual_hour(hours: int) -> Decision[UserState]:
    """So many hours after the one at which the settled user always comes, up to half a day."""
    return settled().waits(hours=min(hours, 12)).pays(100)


def impossible_travel(speed: int) -> Decision[UserState]:
    story = settled()
    story.logs_in()
    story.place = MIAMI
    return story.waits(ms=round(2023.0 / (speed + 1) * 60 * MINUTE)).logs_in()


def new_device(changed: int) -> Decision[UserState]:
    story = settled()
    story.device = "another" if changed else "telephone"
    return story.pays(100)


def new_country(changed: int) -> Decision[UserState]:
    story = settled()
    story.place = LAGOS if changed else BOSTON
    return story.pays(100)


def device_and_geography(changed: int) -> Decision[UserState]:
    """First a device, then a region, then a country that is new."""
    story = settled()
    story.device = "another" if changed else "telephone"
    story.place = LAGOS if changed > 2 else MIAMI if changed > 1 else BOSTON
    return story.pays(100)


def profile_change(changed: int) -> Decision[UserState]:
    story = settled()
    story.does("user-profile-updated", changed_fields=("email",) if changed else ("picture",))
    return story.waits(minutes=5).pays(100)


def failed_transactions(failures: int) -> Decision[UserState]:
    story = settled()
    for _ in range(failures % 80):
        story.waits(ms=1).is_declined()
    return story.pays(100)


def card_testing(tiny: int) -> Decision[UserState]:
    story = settled()
    for _ in range(tiny % 60):
        story.waits(minutes=5).pays(1)
    return story.pays(1)


def unknown_currency(changed: int) -> Decision[UserState]:
    return settled().pays(100, currency="XXX" if changed else "USD")


DIALS: dict[str, Dial] = {
    "login_velocity": login_velocity,
    "transaction_count_1h": transaction_count_1h,
    "amount_24h": amount_24h,
    "large_transaction": paying,
    "unusual_amount": paying,
    "unusual_hour": unusual_hour,
    "ctr_single": paying,
    "ctr_daily": ctr_daily,
    "impossible_travel": impossible_travel,
    "new_device": new_device,
    "new_country": new_country,
    "ip_change": new_country,
    "device_and_geography": device_and_geography,
    "profile_change": profile_change,
    "failed_transactions": failed_transactions,
    "card_testing": card_testing,
    "unknown_currency": unknown_currency,
}
STEPS: dict[str, list[int]] = {
    "login_velocity": [0, 3, 5, 6],
    "transaction_count_1h": [0, 9, 10, 11, 19, 20, 59],
    "amount_24h": [0, 1_980, 1_981, 4_000, 9_000, 1_000_000],
    "large_transaction": [0, 2_999, 3_000, 5_000, 9_000, 10**9],
    "unusual_amount": [0, 100, 500, 2_000, 10**9],
    "unusual_hour": [0, 1, 2, 3, 4],
    "ctr_single": [0, 7_999, 8_000, 9_000, 10_000, 10**9],
    "ctr_daily": [0, 8_998, 9_000, 10_000, 10**9],
    "impossible_travel": [0, 800, 1_000, 2_000, 100_000, 10**9],
    "device_and_geography": [0, 1, 2, 3],
    "failed_transactions": [0, 2, 3, 4, 7, 79],
    "card_testing": [0, 2, 3, 4, 7, 59],
}

every_rule = pytest.mark.parametrize("rule", sorted(RULES))


def finding(decision: Decision[UserState], rule: str) -> Finding | None:
    return next((each for each in decision.findings if each.rule == rule), None)


def test_every_rule_has_a_dial_and_a_weight() -> None:
    assert set(DIALS) == set(RULES) == set(WEIGHTS)
    assert set(USER_RULES) <= set(RULES.values())


@every_rule
def test_it_finds_at_the_far_end_of_its_dial_and_not_at_the_near_one(rule: str) -> None:
    steps = STEPS.get(rule, [0, 1])
    assert finding(DIALS[rule](steps[0]), rule) is None
    assert finding(DIALS[rule](steps[-1]), rule) is not None


@every_rule
def test_its_score_never_falls_as_the_dial_turns(rule: str) -> None:
    scores = [found.score if (found := finding(DIALS[rule](step), rule)) else 0.0 for step in STEPS.get(rule, [0, 1])]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0]


@every_rule
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_its_findings_are_complete_bounded_and_the_same_again(rule: str, data: st.DataObject) -> None:
    dial = data.draw(st.integers(0, 10**7))
    decision = DIALS[rule](dial)
    assert DIALS[rule](dial) == decision
    assert 0.0 <= decision.score <= 1.0
    for each in decision.findings:
        assert 0.0 < each.score <= 1.0
        assert each.rule in RULES
        assert each.reason
        assert each.otherwise.endswith("no finding")
        assert each.evidence
        assert json.loads(json.dumps(each.evidence)) == each.evidence, "evidence is plain JSON"
        assert not any(value is None for value in each.evidence.values())
        assert each.event_ids
        assert all(each.event_ids)
        assert len(set(each.event_ids)) == len(each.event_ids)


@every_rule
def test_the_deciding_event_is_the_newest_of_those_that_contributed(rule: str) -> None:
    found = finding(DIALS[rule](STEPS.get(rule, [0, 1])[-1]), rule)
    assert found is not None
    assert found.event_ids == tuple(sorted(found.event_ids)), "a story numbers its events, so oldest first is sorted"


@every_rule
def test_it_passes_with_time(rule: str) -> None:
    """Three days later, with what was new now known, an ordinary payment is no finding of any rule."""
    story = settled()
    story.state = DIALS[rule](STEPS.get(rule, [0, 1])[-1]).state
    story.at += 3 * DAY
    story.events += 1_000
    assert finding(story.pays(100), rule) is None


ADDED_UP = ("amount_24h", "ctr_daily", "transaction_count_1h", "card_testing", "large_transaction", "ctr_single")


@pytest.mark.parametrize("rule", ADDED_UP)
def test_it_says_asked_for_where_nothing_has_moved_yet(rule: str) -> None:
    found = finding(DIALS[rule](STEPS[rule][-1]), rule)
    assert found is not None
    assert "ask" in found.reason
    assert "moved" not in found.reason


@pytest.mark.parametrize("rule", ADDED_UP)
def test_a_transaction_that_is_told_again_is_found_again_just_as_it_was(rule: str) -> None:
    """Under another event id, as a producer's retry or a replay beyond the remembered ids brings it."""
    told: list[TransactionInitiated] = []
    original = Story._decided

    def noting(story: Story, event: Any) -> Decision[UserState]:
        told.append(event)
        return original(story, event)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Story, "_decided", noting)
        decision = DIALS[rule](STEPS[rule][-1])
    last = replace(told[-1], event_id="again")
    worth = to_usd(last.amount_minor, last.currency, DEFAULT_RATES, last.occurred_at)
    again = decide(decision.state, last, DEFAULT_LIMITS, worth)
    first, second = finding(decision, rule), finding(again, rule)
    assert first is not None
    assert second is not None
    assert (second.score, second.reason) == (first.score, first.reason)
    assert again.state.days == decision.state.days
