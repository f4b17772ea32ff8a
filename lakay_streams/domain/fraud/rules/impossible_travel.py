"""Impossible travel: the account is in two places that no airliner connects in the time between.

Source: this project's limits, 900 km/h and 100 km. Input: the place of this event and of the user's newest located one
(degrees), and the time between (event time, at least one second: two events of the same second are no division by
zero). Result: a finding when the distance exceeds `travel_distance_min_km` and the speed `travel_speed_max_kmh`, and on
the transactions of the next `travel_memory_ms`. A late event is compared all the same. The score never falls as the
distance grows, nor as the time shrinks. Failed logins are no sightings: anyone can fail to log in from anywhere.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.grading import graded
from lakay_streams.domain.fraud.limits import FraudLimits

NAME = "impossible_travel"
STRONG = 0.85


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when the user cannot have made the journey."""
    jump = facts.jump
    if jump is None:
        return None
    limit = limits.travel_speed_max_kmh
    minutes = jump.km / jump.km_per_hour * 60
    event_id = facts.event.event_id
    ids = tuple(dict.fromkeys(filter(None, (jump.from_event_id, jump.to_event_id, event_id))))
    return Finding(
        NAME,
        max(STRONG, graded(jump.km_per_hour, limit, 3 * limit)),
        f"{jump.km:,.0f} km in {minutes:,.1f} minutes; an airliner needs {jump.km / limit * 60:,.0f}",
        {
            "distance_km": round(jump.km, 1),
            "minutes_between": round(minutes, 3),
            "speed_kmh": round(jump.km_per_hour, 1),
            "threshold_kmh": limit,
            "margin_kmh": round(jump.km_per_hour - limit, 1),
            "threshold_km": limits.travel_distance_min_km,
        },
        ids,
        f"{jump.km / limit * 60 - minutes:,.1f} minutes more between the two places, no finding",
    )
