"""What the rules look at: one event set against its user's state, computed once before the event is learned."""

from __future__ import annotations

from typing import NamedTuple

from lakay_streams.domain.amount_profile import spreads_above
from lakay_streams.domain.business_day import business_day
from lakay_streams.domain.events import TransactionInitiated, UserEvent
from lakay_streams.domain.fraud.limits import DAY_MS, HOUR_MS, FraudLimits
from lakay_streams.domain.geography import Jump, is_new_region, jump_between
from lakay_streams.domain.known import is_new, kept_value, network
from lakay_streams.domain.money import Rates, to_usd_minor
from lakay_streams.domain.recent import Recent, count_within
from lakay_streams.domain.sliding_log import tally
from lakay_streams.domain.user_state import UserState, day_total


class Facts(NamedTuple):
    """The event and its measurements. Counts and sums include the event itself; amounts are US cents.

    `state` is the user's state before the event. `amount_known` is False for a currency without a rate; `amount` is
    then 0. `spreads` is None while the profile warms up. `jump` is an impossible journey that this event ends, or one
    that still counts against it.
    """

    event: TransactionInitiated | UserEvent
    state: UserState
    amount: int = 0
    amount_known: bool = True
    count_1h: int = 0
    amount_24h: int = 0
    day: int = 0
    amount_day: int = 0
    spreads: float | None = None
    failed_1h: int = 0
    new_device: bool = False
    new_country: bool = False
    new_network: bool = False
    new_region: bool = False
    jump: Jump | None = None
    logins: int = 0


def of_transaction(state: UserState, event: TransactionInitiated, limits: FraudLimits, rates: Rates) -> Facts:
    """Measure a transaction."""
    at = event.occurred_at
    converted = to_usd_minor(event.amount_minor, event.currency, rates)
    amount = converted or 0
    count_1h, _ = tally(state.transactions, at - HOUR_MS, at)
    _, amount_24h = tally(state.transactions, at - DAY_MS, at)
    day = business_day(at)
    spreads = None
    if state.amounts.history >= limits.amount_warm_up and converted is not None:
        spreads = spreads_above(state.amounts, amount, limits.amount_min_spread)
    settle_ms = limits.settle_ms
    device_id, ip_address, place = event.device_id, event.ip_address, event.place
    new_country = new_region = False
    if place is not None:
        new_region = is_new_region(state.regions, place.latitude, place.longitude, at, settle_ms)
        new_country = place.country is not None and is_new(state.countries, place.country, at, settle_ms)
    jump = jump_of(state, event, limits)
    if jump is None and state.jump is not None and 0 <= at - state.jump.at <= limits.travel_memory_ms:
        jump = state.jump
    return Facts(
        event,
        state,
        amount,
        converted is not None,
        count_1h + 1,
        amount_24h + amount,
        day,
        day_total(state.days, day) + amount,
        spreads,
        count_within(state.failures, at - HOUR_MS, at),
        device_id is not None and is_new(state.devices, kept_value(device_id), at, settle_ms),
        new_country,
        ip_address is not None and is_new(state.networks, network(ip_address), at, settle_ms),
        new_region,
        jump,
        logins_within(state.login_attempts, state.login_outcomes, at - limits.login_window_ms, at),
    )


def jump_of(state: UserState, event: TransactionInitiated | UserEvent, limits: FraudLimits) -> Jump | None:
    """Return the impossible journey from the user's newest sighting to this event, if it is one."""
    place, seen = event.place, state.sighting
    if place is None or seen is None:
        return None
    return jump_between(
        seen,
        place.latitude,
        place.longitude,
        event.occurred_at,
        event.event_id,
        limits.travel_distance_min_km,
        limits.travel_speed_max_kmh,
    )


def logins_within(attempts: Recent, outcomes: Recent, since: int, until: int) -> int:
    """Return the logins in (`since`, `until`]: attempts or outcomes, whichever are more.

    One login may be told twice (login-attempt, then login-success) or once; taking the larger counts it once.
    """
    return max(count_within(attempts, since, until), count_within(outcomes, since, until))
