"""Why an event looks like a takeover: a finding for each dimension and step that counted, in plain words.

Reckoned for alerts only. Amounts are US cents, times ms UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lakay_streams.domain.behavior.anomaly import anomaly_score
from lakay_streams.domain.behavior.clock import home_of
from lakay_streams.domain.behavior.decide import HIGH, Takeover, combined, severity_of
from lakay_streams.domain.behavior.limits import HOUR_MS, MINUTE_MS, BehaviorLimits
from lakay_streams.domain.behavior.profile import state_of
from lakay_streams.domain.behavior.rhythm import concentration, mean_phase
from lakay_streams.domain.behavior.sequence import IMPOSSIBLE_ENTRY, WEIGHTS, guesses_allowed
from lakay_streams.domain.decision import Finding
from lakay_streams.domain.events import TransactionInitiated
from lakay_streams.domain.frozen import asdict, replace
from lakay_streams.domain.local_time import DAY_MS, clock_text, local_ms
from lakay_streams.domain.money import usd
from lakay_streams.domain.usual import usual_quantity

Explanation = tuple[str, dict[str, Any], tuple[str, ...], str]
"""Reason, evidence, ids of the events before this one, and what would have been different."""


def findings_of(takeover: Takeover, limits: BehaviorLimits) -> tuple[Finding, ...]:
    """Return the findings: first the steps of the takeover in their order, then the dimensions of the anomaly."""
    return tuple(_findings(takeover, limits))


def decisive(takeover: Takeover, limits: BehaviorLimits) -> tuple[str, ...]:
    """Return what would have kept the score below high, for each finding without which it would have been."""
    strangeness, habits = takeover.session.signs.strangeness, takeover.state.behavior.habits
    told = {finding.rule: finding.otherwise.removesuffix(", no finding") for finding in findings_of(takeover, limits)}
    found = []
    for rule, otherwise in told.items():
        anomaly, steps = takeover.anomaly, takeover.steps
        if rule in _DIMENSIONS:
            anomaly = replace(anomaly, **{rule.removeprefix("unusual_"): 0.0})
        else:
            steps = replace(steps, **{rule: 0.0})
        if severity_of(combined(anomaly_score(anomaly, habits, limits), steps, strangeness), limits) < HIGH:
            found.append(f"{otherwise}, no alert")
    return tuple(found)


def _findings(takeover: Takeover, limits: BehaviorLimits) -> Iterator[Finding]:
    weights = WEIGHTS | ({"entry": IMPOSSIBLE_ENTRY} if takeover.session.impossible else {})
    for step, strength in asdict(takeover.steps).items():
        if strength:
            yield _finding(step, strength / weights[step], takeover, _STEPS[step](takeover, limits))
    for dimension, value in asdict(takeover.anomaly).items():
        rule = f"unusual_{dimension}"
        if value and takeover.anomaly_score:
            yield _finding(rule, value, takeover, _DIMENSIONS[rule](takeover, limits))


def _finding(rule: str, score: float, takeover: Takeover, explained: Explanation) -> Finding:
    reason, evidence, before, otherwise = explained
    ids = tuple(dict.fromkeys((*filter(None, before), takeover.event.event_id)))
    return Finding(rule, round(score, 6), reason, evidence, ids, otherwise)


def _guessing(takeover: Takeover, limits: BehaviorLimits) -> Explanation:
    profile = takeover.state.behavior
    guesses, allowed = profile.guesses, guesses_allowed(profile.habits.logins, limits)
    assert guesses is not None  # noqa: S101 - the step was taken
    minutes = (guesses.last_at - guesses.first_at) / MINUTE_MS
    over = guesses.refused - allowed + 1
    return (
        f"{guesses.refused} logins of a stranger were refused within {minutes:.1f} minutes before",
        {"refused": guesses.refused, "threshold": allowed, "margin": over - 1, "minutes": round(minutes, 3)},
        (guesses.event_id,),
        f"{over} refused login{'s' if over > 1 else ''} fewer, no finding",
    )


def _entry(takeover: Takeover, limits: BehaviorLimits) -> Explanation:
    session = takeover.session
    evidence: dict[str, Any] = {"strangeness": session.signs.strangeness, "impossible_journey": session.impossible}
    jump = takeover.state.jump
    if session.impossible and jump is not None:
        evidence |= {"distance_km": round(jump.km, 1), "speed_kmh": round(jump.km_per_hour, 1)}
        reason = f"Nobody travels {jump.km:,.0f} km in {jump.km / jump.km_per_hour * 60:,.1f} minutes"
        return reason, evidence, (jump.from_event_id, jump.to_event_id), "From where the user was, no finding"
    return (
        "Somebody acts who does not look like the user",
        evidence,
        (),
        "From the user's own device at home, no finding",
    )


def _change(takeover: Takeover, limits: BehaviorLimits) -> Explanation:
    change = takeover.state.profile_change
    assert change is not None  # noqa: S101 - the step was taken
    since = takeover.event.occurred_at - change.at
    hours = since / HOUR_MS
    when = f"{since / MINUTE_MS:.0f} minutes before" if hours < 1 else f"{hours:.1f} hours before"
    when = when if since else "now"
    left = limits.ato_window_ms / HOUR_MS - hours
    return (
        f"A stranger changed {', '.join(change.fields)} {when}",
        {
            "changed_fields": list(change.fields),
            "hours_since": round(hours, 3),
            "threshold_hours": limits.ato_window_ms / HOUR_MS,
            "strangeness": takeover.state.behavior.change_strangeness,
        },
        (change.event_id,),
        f"{left:.1f} hours later, no finding",
    )


def _transfer(takeover: Takeover, limits: BehaviorLimits) -> Explanation:
    event = takeover.event
    assert isinstance(event, TransactionInitiated)  # noqa: S101 - the step was taken
    evidence = {"transaction_id": event.transaction_id, "type": event.type}
    return "A stranger sends the user's money away", evidence, (), "By the user's own device at home, no finding"


def _temporal(takeover: Takeover, limits: BehaviorLimits) -> Explanation:
    state, at = takeover.state, takeover.event.occurred_at
    habits = state.behavior.habits
    usual = mean_phase(habits.hours)
    evidence: dict[str, Any] = {
        "local_time": clock_text(local_ms(at, home_of(state.regions, state.countries)) % DAY_MS / DAY_MS),
        "sessions": habits.sessions,
        "concentration": round(concentration(habits.hours), 3),
        "profile": state_of(habits, at, limits),
    }
    if usual is not None:
        evidence["usual_time"] = clock_text(usual)
    return (
        f"At {evidence['local_time']} by the user's own clock, when this user is hardly ever active",
        evidence,
        (),
        "At one of the user's usual hours, no finding",
    )


def _device(takeover: Takeover, limits: BehaviorLimits) -> Explanation:
    devices, device = takeover.state.devices, takeover.session.device
    known = next((entry for entry in devices.entries if entry.value == device), None)
    evidence = {
        "device": device,
        "known_devices": len(devices.entries),
        "share_of_sessions": 0.0 if known is None else round(known.share, 3),
        "evidence_truncated": devices.dropped > 0,
    }
    reason = "A device this user is not known by" if known is None else "A device this user hardly uses any more"
    return reason, evidence, (), "From a device known for longer, no finding"


def _geo(takeover: Takeover, limits: BehaviorLimits) -> Explanation:
    state, session = takeover.state, takeover.session
    usual = sorted(entry.value for entry in state.countries.entries)
    evidence = {
        "network": session.network,
        "known_countries": usual,
        "known_regions": len(state.regions),
        "known_networks": len(state.networks.entries),
        "evidence_truncated": state.networks.dropped > 0,
    }
    if session.country is not None:
        evidence["country"] = session.country
    if session.country is not None and session.country not in usual:
        reason = f"From {session.country}; so far this user acted from {', '.join(usual) or 'nowhere else'}"
    else:
        reason = "From a place or network this user is not known by"
    return reason, evidence, (), "From a place known for longer, no finding"


def _amount(takeover: Takeover, limits: BehaviorLimits) -> Explanation:
    amounts, amount = takeover.state.amounts, usd(takeover.amount_minor or 0)
    usual = usd(usual_quantity(amounts))
    evidence = {"amount": amount, "usual": usual, "history": amounts.history}
    return f"{amount} is more than the {usual} this user usually sends", evidence, (), "A usual amount, no finding"


def _activity(takeover: Takeover, limits: BehaviorLimits) -> Explanation:
    habits, session = takeover.state.behavior.habits, takeover.session
    evidence: dict[str, Any] = {"usual_seconds": usual_quantity(habits.seconds), "seconds": session.seconds or 0}
    if session.actions is not None:
        evidence |= {"usual_actions": usual_quantity(habits.actions), "actions": session.actions}
    reason = f"A session unlike this user's, which usually last {usual_quantity(habits.seconds)} seconds"
    return reason, evidence, (), "A session of a usual length, no finding"


_Explain = Callable[[Takeover, BehaviorLimits], Explanation]
_STEPS: dict[str, _Explain] = {"guessing": _guessing, "entry": _entry, "change": _change, "transfer": _transfer}
_DIMENSIONS: dict[str, _Explain] = {
    "unusual_temporal": _temporal,
    "unusual_device": _device,
    "unusual_geo": _geo,
    "unusual_amount": _amount,
    "unusual_activity": _activity,
}
