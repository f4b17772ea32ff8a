"""The fraud decision on one event: evaluate first, then count.

A state that had already counted the spike would excuse it, so every rule sees the one before the event. The caller
drops duplicates (`dedup.remember`) and passes the new ring as `seen`; an event that arrives here is counted. What is
usual for the user (devices, places, amounts, hours) is not learned here but from whole sessions (`behavior.learning`).

Fraud asks before money moves, so it counts what is asked for: each transaction once, however often it is told. One that
was declined moves nothing and leaves the sums, whichever of the two is told first; one that is completed after all is
in them again. It stays among what was asked for: a thief who tries cards is seen by what is declined.
"""

from __future__ import annotations

from lakay_streams.domain.business_day import business_day
from lakay_streams.domain.decision import Decision, Finding
from lakay_streams.domain.events import TransactionInitiated, TransactionUpdated, UserEvent
from lakay_streams.domain.fraud import features
from lakay_streams.domain.fraud.compose import RECOMMENDATIONS, decisive, fraud_score, risk_tier
from lakay_streams.domain.fraud.facts import Facts, jump_of, logins_within, of_transaction
from lakay_streams.domain.fraud.limits import FraudLimits
from lakay_streams.domain.fraud.rules import TRANSACTION_RULES, USER_RULES, Rule, login_velocity
from lakay_streams.domain.fraud.rules.profile_change import SENSITIVE
from lakay_streams.domain.frozen import replace
from lakay_streams.domain.geography import Jump, Sighting
from lakay_streams.domain.money import Dollars
from lakay_streams.domain.recent import kept_id, push
from lakay_streams.domain.sliding_log import IN, OUT, add, hash_of, is_out, place_of, turned, without
from lakay_streams.domain.user_state import (
    LoginAlert,
    ProfileChange,
    UserState,
    add_to_day,
    take_from_day,
    with_declined,
)

LOGINS = frozenset({"login-attempt", "login-success", "login-failed"})
UNPROVEN = frozenset({"login-attempt", "login-failed"})
"""Nobody has shown to be the user: such an event counts as a login, but not as a sighting."""


def decide(
    state: UserState,
    event: TransactionInitiated | TransactionUpdated | UserEvent,
    limits: FraudLimits,
    worth: Dollars | None,
    seen: bytes | None = None,
) -> Decision[UserState]:
    """Return the user's next state and what was found.

    `worth` is what a transaction asks for in US dollars, None where its currency has no rate; other events have none.
    `seen` is the ring of event ids that the next state carries; without it the ring stays as it is. Only
    transaction-initiated has features; only it and the events of `trebanx.user.events` can have findings.
    """
    if seen is None:
        seen = state.seen
    if isinstance(event, UserEvent):
        return _user_event(state, event, limits, seen)
    if isinstance(event, TransactionInitiated):
        return _transaction(state, event, limits, worth, seen)
    if event.event_type == "transaction-failed":
        return Decision(_declined(state, event, seen))
    if event.event_type == "transaction-completed" and state.declined:
        return Decision(_completed(state, event, seen))
    return Decision(replace(state, seen=seen))


def _declined(state: UserState, event: TransactionUpdated, seen: bytes) -> UserState:
    digest, at = hash_of(event.transaction_id), event.occurred_at
    failures = state.failures
    if not _is_declined(state, digest):
        failures = push(failures, at, event.event_id)
    state = replace(state, seen=seen, failures=failures, declined=with_declined(state.declined, digest, at))
    place = place_of(state.transactions, digest)
    if place < 0 or state.transactions.amounts[place] < 0:
        return state
    return _turned(state, place)


def _completed(state: UserState, event: TransactionUpdated, seen: bytes) -> UserState:
    digest, at = hash_of(event.transaction_id), event.occurred_at
    state = replace(state, seen=seen)
    if not any(each == digest and failed_at < at for each, failed_at in state.declined):
        return state
    state = replace(state, declined=tuple([each for each in state.declined if each[0] != digest]))
    place = place_of(state.transactions, digest)
    return state if place < 0 or state.transactions.amounts[place] >= 0 else _turned(state, place)


def _is_declined(state: UserState, digest: bytes) -> bool:
    return bool(state.declined) and any(each == digest for each, _ in state.declined)


def _turned(state: UserState, place: int) -> UserState:
    """Return the state with an entry of the log declined, or not declined after all, and its day's totals with it."""
    log = state.transactions
    changed = _on_day(state, place, add=log.amounts[place] < 0)
    return replace(changed, transactions=turned(log, place))


def _untold(state: UserState, digest: bytes) -> UserState:
    """Return the state without what was told of a transaction before: it is told again."""
    log = state.transactions
    place = place_of(log, digest)
    if place < 0:
        return state
    if log.amounts[place] >= 0:
        state = _on_day(state, place, add=False)
    return replace(state, transactions=without(log, place))


def _on_day(state: UserState, place: int, *, add: bool) -> UserState:
    """Return the state with an entry of the log added to its day's totals, or taken from them."""
    log = state.transactions
    day, amount = business_day(log.times[place]), log.amounts[place]
    change, amount = (add_to_day, ~amount) if add else (take_from_day, amount)
    days_out = change(state.days_out, day, amount) if is_out(log, place) else state.days_out
    return replace(state, days=change(state.days, day, amount), days_out=days_out)


def _transaction(
    state: UserState, event: TransactionInitiated, limits: FraudLimits, worth: Dollars | None, seen: bytes
) -> Decision[UserState]:
    digest = hash_of(event.transaction_id)
    state = _untold(state, digest)
    facts = of_transaction(state, event, limits, worth)
    found = _evaluate(TRANSACTION_RULES, facts, limits)
    at, amount = event.occurred_at, facts.amount
    sighting, jump = _whereabouts(state, event, facts.jump)
    declined, out = _is_declined(state, digest), facts.is_out
    key = digest + (OUT if out else IN)
    uncounted = declined or facts.is_late
    counted = replace(
        state,
        seen=seen,
        transactions=add(state.transactions, at, ~amount if declined else amount, event.event_id, key),
        sighting=sighting,
        jump=jump,
        days=state.days if uncounted else add_to_day(state.days, facts.day, amount),
        days_out=add_to_day(state.days_out, facts.day, amount) if out and not uncounted else state.days_out,
    )
    numbers = features.of_facts(facts)
    if not found:
        return Decision(counted, (), numbers)
    return _scored(counted, found, numbers, limits)


def _user_event(state: UserState, event: UserEvent, limits: FraudLimits, seen: bytes) -> Decision[UserState]:
    kind, at = event.event_type, event.occurred_at
    attempts, outcomes, alert = state.login_attempts, state.login_outcomes, state.login_alert
    logins = 0
    if kind in LOGINS:
        # The event itself is part of the count, so it is pushed before the rule looks; nothing else is counted yet.
        if kind == "login-attempt":
            attempts = push(attempts, at, event.event_id)
        else:
            outcomes = push(outcomes, at, event.event_id)
        logins = logins_within(attempts, outcomes, at - limits.login_window_ms, at)
    proven = kind not in UNPROVEN
    jump = jump_of(state, event, limits) if proven else None
    found: tuple[Finding, ...] = ()
    if jump is not None or logins > limits.login_count_max:
        facts = Facts(event, state, jump=jump, logins=logins)
        found = _evaluate(USER_RULES, facts, limits)
        if any(finding.rule == login_velocity.NAME for finding in found):
            alert = LoginAlert(at, logins)
    sighting, latest = _whereabouts(state, event, jump) if proven else (state.sighting, state.jump)
    counted = replace(
        state,
        seen=seen,
        login_attempts=attempts,
        login_outcomes=outcomes,
        login_alert=alert,
        sighting=sighting,
        jump=latest,
        profile_change=_profile_change(state.profile_change, event) if event.changed_fields else state.profile_change,
    )
    return _scored(counted, found, {}, limits) if found else Decision(counted)


def _evaluate(rules: tuple[Rule, ...], facts: Facts, limits: FraudLimits) -> tuple[Finding, ...]:
    return tuple([found for rule in rules if (found := rule(facts, limits)) is not None])


def _scored(
    state: UserState, findings: tuple[Finding, ...], numbers: dict[str, float], limits: FraudLimits
) -> Decision[UserState]:
    score = fraud_score(findings, limits)
    tier = risk_tier(score, limits)
    otherwise = decisive(findings, limits) if score >= limits.high_threshold else ()
    return Decision(state, findings, numbers, score, score, tier, RECOMMENDATIONS[tier], otherwise)


def _whereabouts(
    state: UserState, event: TransactionInitiated | UserEvent, jump: Jump | None
) -> tuple[Sighting | None, Jump | None]:
    """Return where the user was seen last and the last impossible journey; the same objects when nothing is new."""
    at, place, sighting, latest = event.occurred_at, event.place, state.sighting, state.jump
    if place is not None and (sighting is None or at >= sighting.at):
        latitude, longitude = place.latitude, place.longitude
        if latitude is not None and longitude is not None:
            sighting = Sighting(latitude, longitude, at, kept_id(event.event_id))
    if jump is not None and jump is not latest:
        latest = Jump(jump.at, jump.km, jump.km_per_hour, kept_id(jump.from_event_id), kept_id(jump.to_event_id))
    return sighting, latest


def _profile_change(last: ProfileChange | None, event: UserEvent) -> ProfileChange | None:
    fields = tuple(sorted(SENSITIVE.intersection(map(str.lower, event.changed_fields))))
    if not fields or (last is not None and event.occurred_at < last.at):
        return last
    return ProfileChange(event.occurred_at, fields, kept_id(event.event_id))
