"""The scenarios, one to a file. `SCENARIOS` holds them by name.

A scenario is played by one person at one level of stealth. Its module says what each level means; all of them can be
caught by a rule that watches one user's (or circle's) events as they come.
"""

from __future__ import annotations

from collections.abc import Mapping

from lakay_streams.simulator.labels import CIRCLE, COMPLIANCE, FRAUD, TAKEOVER
from lakay_streams.simulator.scenarios import (
    card_testing,
    credential_stuffing,
    failing_circle,
    hijacked_session,
    impossible_travel,
    mule,
    pass_through,
    sim_swap,
    stolen_account,
    structuring_day,
    structuring_weeks,
)
from lakay_streams.simulator.scenarios.scene import Play

SCENARIOS: Mapping[str, Play] = {
    "card_testing": Play("card_testing", FRAUD, 32, card_testing.play),
    "stolen_account": Play("stolen_account", FRAUD, 20, stolen_account.play),
    "impossible_travel": Play("impossible_travel", FRAUD, 9, impossible_travel.play),
    "credential_stuffing": Play("credential_stuffing", TAKEOVER, 25, credential_stuffing.play),
    "sim_swap": Play("sim_swap", TAKEOVER, 11, sim_swap.play),
    "hijacked_session": Play("hijacked_session", TAKEOVER, 20, hijacked_session.play),
    "mule": Play("mule", COMPLIANCE, 24, mule.play),
    "structuring_day": Play("structuring_day", COMPLIANCE, 10, structuring_day.play, in_dollars=True),
    "structuring_weeks": Play("structuring_weeks", COMPLIANCE, 20, structuring_weeks.play, in_dollars=True),
    "pass_through": Play("pass_through", COMPLIANCE, 17, pass_through.play),
    "failing_circle": Play("failing_circle", CIRCLE, 70, failing_circle.play),
}

TAKEOVERS = frozenset({"stolen_account", "impossible_travel", "credential_stuffing", "sim_swap", "hijacked_session"})
"""Those in which somebody else uses the account: the behaviour profile is expected to notice, whatever their kind."""
