"""New device: not one of those the user is known by.

Source: this project's. Input: the device id and the user's known devices with the time each was first seen. Result: a
finding when the device is unknown or known for less than `settle_ms`; never for a user's first device, never without a
device id. People buy telephones: alone it never makes an event high risk. The score is constant.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.limits import HOUR_MS, FraudLimits
from lakay_streams.domain.known import Known

NAME = "new_device"


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when the device is new."""
    if not facts.new_device:
        return None
    devices = facts.state.devices
    hours = limits.settle_ms / HOUR_MS
    return Finding(
        NAME,
        1.0,
        f"A device this user has not had for {hours:g} hours; {known_count(devices)} known before",
        {
            "device_id": facts.event.device_id,
            "known_devices": len(devices.entries),
            "threshold_hours": hours,
            "evidence_truncated": devices.dropped > 0,
        },
        (facts.event.event_id,),
        "From a device known for longer, no finding",
    )


def known_count(known: Known) -> str:
    """Return how many are known in words that stay true when some were dropped: "2", "8 or more"."""
    return f"{len(known.entries)} or more" if known.dropped else f"{len(known.entries)}"
