"""Unusual hour: a payment at a time when this user is hardly ever active.

Source: this project's. Input: the hour and the weekday by the user's own clock, and the rhythm of the user's sessions
(`behavior.rhythm`). Result: a finding once `hour_warm_up` sessions are known and the time is `hour_oddness_min` unusual
or more; the score is how unusual it is. People stay up late: a weak sign that only adds to others.
"""

from __future__ import annotations

from lakay_streams.domain.behavior.clock import home_of, phases
from lakay_streams.domain.behavior.rhythm import mean_phase
from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.limits import FraudLimits
from lakay_streams.domain.local_time import clock_text

NAME = "unusual_hour"


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when the user is hardly ever active at this time."""
    if facts.oddness < limits.hour_oddness_min:
        return None
    state = facts.state
    habits = state.behavior.habits
    hour, _ = phases(facts.event.occurred_at, home_of(state.regions, state.countries))
    evidence = {
        "local_time": clock_text(hour),
        "oddness": round(facts.oddness, 3),
        "threshold": limits.hour_oddness_min,
        "margin": round(facts.oddness - limits.hour_oddness_min, 3),
        "sessions": habits.sessions,
    }
    usual = mean_phase(habits.hours)
    if usual is not None:
        evidence["usual_time"] = clock_text(usual)
    return Finding(
        NAME,
        facts.oddness,
        f"At {clock_text(hour)} by the user's own clock, when this user is hardly ever active",
        evidence,
        (facts.event.event_id,),
        "At one of the user's usual hours, no finding",
    )
