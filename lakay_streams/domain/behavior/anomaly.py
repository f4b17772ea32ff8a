"""The anomaly score: how far an event lies from its user's habits, dimension by dimension.

    dimension   what is compared                                                     weight (runbook 2.3, or here)
    temporal    hour and weekday by the user's own clock, with the session's rhythm   0.15  BEHAVIOR_TEMPORAL_WEIGHT
    device      whether it is known, and how often it is used                         0.25  BEHAVIOR_DEVICE_WEIGHT
    geo         country, region, network, the journey there                           0.25  BEHAVIOR_GEO_WEIGHT
    amount      a payment against what the user usually sends                         0.25  BEHAVIOR_AMOUNT_WEIGHT
    activity    a session's length and actions against the usual, when it ends        0.10  BEHAVIOR_ACTIVITY_WEIGHT

Each dimension is in [0, 1]; the score is their weighted sum, in [0, 1] because the weights sum to 1. A profile that is
being built knows little, so its anomalies count in proportion to its sessions. A stale one has wider tolerance bands:
limits are `stale_tolerance` times as far, and yes-or-no signs count so much less.
"""

from __future__ import annotations

from collections.abc import Mapping

from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.behavior.profile import Habits, Session, confidence_of, seconds_of, tolerance_of
from lakay_streams.domain.ema import Ema
from lakay_streams.domain.frozen import Frozen, asdict, replace
from lakay_streams.domain.usual import spreads_above

AMOUNT_WARM_UP = 5
AMOUNT_SPREADS = 1.5
AMOUNT_MOST_SPREADS = 4.0
AMOUNT_MIN_SPREAD = 0.4
"""In logarithms: with 1.5 of it, 1.8 times the usual amount begins to be unusual, and 5 times is fully."""

ACTIVITY_WARM_UP = 5
ACTIVITY_SPREADS = 3.0
ACTIVITY_MOST_SPREADS = 6.0
ACTIVITY_MIN_SPREAD = 0.7
"""People stay for one minute or for twenty: only what is far from both is unusual."""


class Anomaly(Frozen):
    """The dimensions, each in [0, 1]."""

    temporal: float = 0.0
    device: float = 0.0
    geo: float = 0.0
    amount: float = 0.0
    activity: float = 0.0


def anomaly_score(anomaly: Anomaly, habits: Habits, limits: BehaviorLimits) -> float:
    """Return the weighted score in [0, 1]."""
    return confidence_of(habits, limits) * (
        limits.temporal_weight * anomaly.temporal
        + limits.device_weight * anomaly.device
        + limits.geo_weight * anomaly.geo
        + limits.amount_weight * anomaly.amount
        + limits.activity_weight * anomaly.activity
    )


def contributions(anomaly: Anomaly, habits: Habits, limits: BehaviorLimits) -> Mapping[str, float]:
    """Return what each dimension adds to the score, by name."""
    return {
        name: anomaly_score(replace(Anomaly(), **{name: value}), habits, limits)
        for name, value in asdict(anomaly).items()
    }


def unusual_amount(amounts: Ema, amount_minor: int, habits: Habits, at: int, limits: BehaviorLimits) -> float:
    """Return how unusual an amount (US cents) is in [0, 1]; less than usual is never unusual."""
    if amounts.history < AMOUNT_WARM_UP:
        return 0.0
    spreads = spreads_above(amounts, amount_minor, AMOUNT_MIN_SPREAD)
    return _ramp(spreads, AMOUNT_SPREADS, AMOUNT_MOST_SPREADS, tolerance_of(habits, at, limits))


def unusual_activity(session: Session, habits: Habits, at: int, limits: BehaviorLimits) -> float:
    """Return how unusual a session's length and number of actions are, the stranger of the two, in [0, 1]."""
    if habits.seconds.history < ACTIVITY_WARM_UP:
        return 0.0
    spreads = abs(spreads_above(habits.seconds, seconds_of(session), ACTIVITY_MIN_SPREAD))
    if session.actions is not None and habits.actions.history >= ACTIVITY_WARM_UP:
        spreads = max(spreads, abs(spreads_above(habits.actions, session.actions, ACTIVITY_MIN_SPREAD)))
    return _ramp(spreads, ACTIVITY_SPREADS, ACTIVITY_MOST_SPREADS, tolerance_of(habits, at, limits))


def _ramp(spreads: float, least: float, most: float, wider: float) -> float:
    return min(1.0, max(0.0, (spreads / wider - least) / (most - least)))
