"""New country: the user has not acted from there before.

Source: this project's. Input: the event's country (ISO 3166) and the user's known countries. Result: a finding when the
country is unknown or known for less than `settle_ms`; never for a user's first country, never without one. The diaspora
travels: with a device the user is known by the score is `TRAVELLER`, else 1.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.limits import HOUR_MS, FraudLimits

NAME = "new_country"
TRAVELLER = 0.57


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when the country is new."""
    place = facts.event.place
    if not facts.new_country or place is None:
        return None
    known_device = facts.event.device_id is not None and not facts.new_device
    countries = facts.state.countries
    usual = ", ".join(sorted(entry.value for entry in countries.entries if entry.value != place.country))
    return Finding(
        NAME,
        TRAVELLER if known_device else 1.0,
        f"From {place.country}; so far this user acted from {usual or 'nowhere else'}",
        {
            "country": place.country,
            "known_countries": [entry.value for entry in countries.entries],
            "known_device": known_device,
            "threshold_hours": limits.settle_ms / HOUR_MS,
            "evidence_truncated": countries.dropped > 0,
        },
        (facts.event.event_id,),
        f"From {usual or 'a known country'}, no finding",
    )
