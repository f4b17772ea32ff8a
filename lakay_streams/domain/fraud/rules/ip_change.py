"""IP change: the event comes from a network the user is not known by.

Source: this project's. Input: the IP address and the user's known networks (IPv4 by three numbers, IPv6 by three
groups). Result: a finding when the network is unknown or known for less than `settle_ms`; never for a user's first one.
Telephones change networks all day: a weak sign that only adds to others. The score is constant.
"""

from __future__ import annotations

from lakay_streams.domain.decision import Finding
from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.limits import HOUR_MS, FraudLimits
from lakay_streams.domain.known import network

NAME = "ip_change"


def evaluate(facts: Facts, limits: FraudLimits) -> Finding | None:
    """Return a finding when the network is new."""
    if not facts.new_network:
        return None
    networks = facts.state.networks
    return Finding(
        NAME,
        1.0,
        "From an internet address outside the networks this user is known by",
        {
            "network": network(facts.event.ip_address or ""),
            "known_networks": len(networks.entries),
            "threshold_hours": limits.settle_ms / HOUR_MS,
            "evidence_truncated": networks.dropped > 0,
        },
        (facts.event.event_id,),
        "From a network known for longer, no finding",
    )
