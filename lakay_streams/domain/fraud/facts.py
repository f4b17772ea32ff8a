"""What the rules look at: one event set against its user's state, computed once before the event is learned."""

from __future__ import annotations

from lakay_streams.domain.behavior.clock import home_of, oddness
from lakay_streams.domain.business_day import business_day
from lakay_streams.domain.compliance.words import HANDED_OUT, channel_of
from lakay_streams.domain.events import TransactionInitiated, UserEvent
from lakay_streams.domain.fraud.limits import DAY_MS, HOUR_MS, FraudLimits
from lakay_streams.domain.frozen import Frozen
from lakay_streams.domain.geography import Jump, jump_between
from lakay_streams.domain.money import Dollars
from lakay_streams.domain.novelty import novelty_of
from lakay_streams.domain.recent import Recent, count_within
from lakay_streams.domain.sliding_log import is_too_old, tally
from lakay_streams.domain.user_state import UserState, day_counted
from lakay_streams.domain.usual import spreads_above


class Facts(Frozen):
    """The event and its measurements. Counts and sums include the event itself; amounts are US cents.

    `amount` and the sums count a begun cent as one, which keeps "more than" exact; `whole_amount` and `whole_way` leave
    it away, which keeps "from ... on" exact. `is_out` says that the user is handed the money, as by a withdrawal;
    `counted_way` and `whole_way` are what else was asked for that day, this way alone, and all of it with the event.
    `is_late` says that it lies too far back to be told from a replay, and is not counted.

    `state` is the user's state before the event. `amount_known` is False for a currency without a rate; `amount` is
    then 0. `spreads` is None while the profile warms up; `oddness` says how unusual the time is, in [0, 1], and is 0
    until then. `jump` is an impossible journey that this event ends, or one that still counts against it.
    """

    event: TransactionInitiated | UserEvent
    state: UserState
    amount: int = 0
    whole_amount: int = 0
    amount_known: bool = True
    count_1h: int = 0
    amount_24h: int = 0
    day: int = 0
    amount_day: int = 0
    is_out: bool = False
    counted_way: int = 0
    whole_way: int = 0
    is_late: bool = False
    spreads: float | None = None
    oddness: float = 0.0
    failed_1h: int = 0
    new_device: bool = False
    new_country: bool = False
    new_network: bool = False
    new_region: bool = False
    jump: Jump | None = None
    logins: int = 0


def of_transaction(state: UserState, event: TransactionInitiated, limits: FraudLimits, worth: Dollars | None) -> Facts:
    """Measure a transaction that asks for what is worth so much; None where that is not known."""
    at, amount_known = event.occurred_at, worth is not None
    amount = whole_amount = 0 if worth is None else worth.cents
    if worth is not None and worth.short:
        amount, whole_amount = worth.rounded_up, worth.rounded_down
    count_1h, _ = tally(state.transactions, at - HOUR_MS, at)
    _, amount_24h = tally(state.transactions, at - DAY_MS, at)
    day = business_day(at)
    before, out = day_counted(state.days, day), channel_of(event.type, limits.synonyms) in HANDED_OUT
    before_out = day_counted(state.days_out, day) if state.days_out else (0, 0)
    way = before_out if out else (before[0] - before_out[0], before[1] - before_out[1])
    amount_day, whole_way = before[1] + amount, way[1] + whole_amount
    is_late = is_too_old(state.transactions, at)
    if is_late:
        # A replay, most likely, which its day has counted already; nothing kept can tell.
        amount_day, whole_way = max(before[1], amount), max(way[1], whole_amount)
    spreads = None
    if state.amounts.history >= limits.amount_warm_up and amount_known:
        spreads = spreads_above(state.amounts, amount, limits.amount_min_spread)
    habits, odd = state.behavior.habits, 0.0
    if habits.sessions >= limits.hour_warm_up:
        odd = oddness(habits, home_of(state.regions, state.countries), at)
    jump = jump_of(state, event, limits)
    if jump is None and state.jump is not None and 0 <= at - state.jump.at <= limits.travel_memory_ms:
        jump = state.jump
    novelty = novelty_of(state, event, limits.settle_ms)
    failed_1h = count_within(state.failures, at - HOUR_MS, at)
    logins = logins_within(state.login_attempts, state.login_outcomes, at - limits.login_window_ms, at)
    # By place, in the fields' order: by name, one of so many fields takes eight times as long to make.
    return Facts(
        event,
        state,
        amount,
        whole_amount,
        amount_known,
        count_1h + 1,
        amount_24h + amount,
        day,
        amount_day,
        out,
        way[0],
        whole_way,
        is_late,
        spreads,
        odd,
        failed_1h,
        novelty.device,
        novelty.country,
        novelty.network,
        novelty.region,
        jump,
        logins,
    )


def jump_of(state: UserState, event: TransactionInitiated | UserEvent, limits: FraudLimits) -> Jump | None:
    """Return the impossible journey from the user's newest sighting to this event, if it is one."""
    place, seen = event.place, state.sighting
    if place is None or seen is None or place.latitude is None or place.longitude is None:
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
