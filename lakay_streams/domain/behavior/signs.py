"""The signs of a session: how little its device and its place look like the user's own.

Strangeness says who acts. A new telephone at home is what people buy, a known telephone abroad is a journey; both at
once is what a stolen account looks like (as `fraud.rules.device_and_geography` holds), and a journey that no airliner
makes is no journey:

                         known device    new device    no device told
    known network             0             0.4              0
    known region              0             0.8              0.2
    new region                0.4           1                0.6
    new country               0.6           1                0.7
    place not told            0             0.6              0.2 (0 when no network is told either)
    impossible journey        1             1                1

The steps of a takeover count in proportion to the strangeness of who takes them (`sequence`): the owner may mistype,
change the telephone number and send money.
"""

from __future__ import annotations

from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.behavior.profile import Signs, tolerance_of
from lakay_streams.domain.events import TransactionInitiated, UserEvent
from lakay_streams.domain.known import kept_value
from lakay_streams.domain.novelty import novelty_of
from lakay_streams.domain.user_state import UserState

NEW_REGION = 0.8
NEW_NETWORK = 0.2
"""On the geographic dimension, where a new country or an impossible journey is 1."""

RARELY_USED = 0.4
RARE_SHARE = 0.05
"""A device with a smaller share of the recent sessions is rarely used: up to `RARELY_USED` on the device dimension."""

_STRANGENESS = {
    "known network": (0.0, 0.4, 0.0),
    "known region": (0.0, 0.8, 0.2),
    "new region": (0.4, 1.0, 0.6),
    "new country": (0.6, 1.0, 0.7),
    "new network": (0.0, 0.6, 0.2),
    "not told": (0.0, 0.6, 0.0),
}


def signs_of(
    state: UserState, event: TransactionInitiated | UserEvent, *, impossible: bool, limits: BehaviorLimits
) -> Signs:
    """Measure the session that this event begins; `impossible` when the user cannot have got there in the time."""
    at = event.occurred_at
    novelty = novelty_of(state, event, limits.settle_ms)
    wider = tolerance_of(state.behavior.habits, at, limits)
    if impossible and novelty.region:
        strangeness, geo = 1.0, 1.0
    else:
        if event.ip_address is not None and not novelty.network:
            place = "known network"
        elif event.place is not None:
            place = "new country" if novelty.country else "new region" if novelty.region else "known region"
        else:
            place = "not told" if event.ip_address is None else "new network"
        strangeness = _STRANGENESS[place][2 if event.device_id is None else novelty.device]
        geo = (
            1.0 if novelty.country else NEW_REGION if novelty.region else NEW_NETWORK if novelty.network else 0.0
        ) / wider
    return Signs(
        strangeness,
        _device(state, event.device_id, novelty.device) / wider,
        geo,
    )


def _device(state: UserState, device_id: str | None, new: bool) -> float:
    if device_id is None:
        return 0.0
    if new:
        return 1.0
    value = kept_value(device_id)
    for entry in state.devices.entries:
        if entry.value == value:
            return RARELY_USED * max(0.0, 1.0 - entry.share / RARE_SHARE)
    return 0.0
