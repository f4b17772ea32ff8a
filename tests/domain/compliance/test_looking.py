"""Which rules are asked about a movement."""

from __future__ import annotations

import pytest

from lakay_streams.domain.compliance.facts import Facts
from lakay_streams.domain.compliance.limits import DEFAULT_LIMITS
from lakay_streams.domain.compliance.rules import ABOUT_FLOWS, RULES
from lakay_streams.domain.frozen import replace
from tests.domain.compliance.customer import Customer

SUSPICIOUS = """
    03-10 09:00 deposit 6000 cash
    03-10 10:00 deposit 6000 cash
    03-10 11:00 deposit 9500 money_order
    03-10 12:00 withdraw 9500 cash
    03-10 12:30 deposit 100 cash
    03-10 13:00 transfer 100 wallet to anne
"""


@pytest.mark.parametrize("rule", sorted(set(RULES) - set(ABOUT_FLOWS)))
def test_a_rule_that_is_not_asked_about_a_plain_movement_finds_nothing_in_one(rule: str) -> None:
    state = Customer().lives(SUSPICIOUS).state
    plain = state.movements[-1]
    assert (plain.channel, plain.direction, plain.handed) == ("transfer", "out", "")
    asked = [day for day in state.days if day.day == plain.day]
    # Even of a day on which amounts could not be converted or sorted, and a report is due.
    assert asked[0].cash_in_minor > DEFAULT_LIMITS.ctr_threshold_minor
    days = tuple([replace(day, unconverted=1, unsorted=1) for day in state.days])
    assert RULES[rule](Facts(replace(state, days=days), DEFAULT_LIMITS, plain.at, plain.day, plain)) is None


@pytest.mark.parametrize("rule", ["ctr", "structuring", "unknown_currency", "unknown_type"])
def test_asked_again_about_the_day_such_a_rule_finds_what_there_is(rule: str) -> None:
    state = Customer().lives(SUSPICIOUS).state
    days = tuple([replace(day, unconverted=1, unsorted=1) for day in state.days])
    last = state.movements[-1]
    assert RULES[rule](Facts(replace(state, days=days), DEFAULT_LIMITS, last.at, last.day)) is not None
