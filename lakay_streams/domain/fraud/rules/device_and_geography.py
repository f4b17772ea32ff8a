"""Device and geography together: a new device, in a place where the user has not been.

Source: this project's. A new telephone at home is ordinary, and so is a journey with the telephone one has; both at
once is what a stolen account looks like. Input: whether the device is new, and whether the country or the region
(about 100 km around) is. Result: a finding when both are; score 1 for a new country, `SAME_COUNTRY` for a new region.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.limits import HOUR_MS, FraudLimits

NAME = "device_and_geography"
SAME_COUNTRY = 0.85


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when a new device acts from a new place."""
    place = facts.event.place
    if place is None or not facts.new_device or not (facts.new_country or facts.new_region):
        return None
    where = place.country if facts.new_country else "a region"
    return Finding(
        NAME,
        1.0 if facts.new_country else SAME_COUNTRY,
        f"A new device, and in {where} where this user was not seen before",
        {
            "device_id": facts.event.device_id,
            "country": place.country,
            "new_country": facts.new_country,
            "new_region": facts.new_region,
            "threshold_hours": limits.settle_ms / HOUR_MS,
            "evidence_truncated": facts.state.devices.dropped > 0 or facts.state.countries.dropped > 0,
        },
        (facts.event.event_id,),
        "From a known device or a known place, no finding",
    )
