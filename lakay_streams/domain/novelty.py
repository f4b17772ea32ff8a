"""What about an event is new to its user: the device, the country, the network, the region.

One definition for every score. "New" means never seen, or seen for less than `settle_ms`; what an event does not tell
is not new, and neither is the first of a kind.
"""

from __future__ import annotations

from typing import Protocol

from lakay_streams.domain.events import TransactionInitiated, UserEvent
from lakay_streams.domain.frozen import Frozen
from lakay_streams.domain.geography import Region, is_new_region
from lakay_streams.domain.known import Known, is_new, kept_value, network


class Habitat(Protocol):
    """What a user is known by."""

    @property
    def devices(self) -> Known:
        """Known devices."""

    @property
    def countries(self) -> Known:
        """Known countries."""

    @property
    def networks(self) -> Known:
        """Known networks."""

    @property
    def regions(self) -> tuple[Region, ...]:
        """Known regions."""


class Novelty(Frozen):
    """Which of them is new."""

    device: bool = False
    country: bool = False
    network: bool = False
    region: bool = False


def novelty_of(known: Habitat, event: TransactionInitiated | UserEvent, settle_ms: int) -> Novelty:
    """Set an event against what its user is known by."""
    at, device_id, ip_address, place = event.occurred_at, event.device_id, event.ip_address, event.place
    country = region = False
    if place is not None:
        if place.latitude is not None and place.longitude is not None:
            region = is_new_region(known.regions, place.latitude, place.longitude, at, settle_ms)
        country = place.country is not None and is_new(known.countries, place.country, at, settle_ms)
    return Novelty(
        device_id is not None and is_new(known.devices, kept_value(device_id), at, settle_ms),
        country,
        ip_address is not None and is_new(known.networks, network(ip_address), at, settle_ms),
        region,
    )
