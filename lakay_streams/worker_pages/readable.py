"""A state as a person reads it: every field by its name, times in ISO 8601, amounts in units with their currency.

States are records of records, so one walk shows any of them. It goes by the conventions of the domain's names:

    at, ..._at                  ms UTC                         -> "2026-02-27T14:30:00.000Z"
    ..._minor                   minor units                    -> {"amount": "1240.00", "currency": "USD"}
    seen and other bytes        hashes                         -> {"hashes": 12}

A slice that is kept in columns or plain tuples, for speed, has a view of its own in `VIEWS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import exp, sqrt
from typing import Any

from lakay_streams.domain.behavior.clock import home_of
from lakay_streams.domain.behavior.decide import TIERS as RISK_TIERS
from lakay_streams.domain.behavior.limits import BehaviorLimits
from lakay_streams.domain.behavior.profile import (
    BUILDING,
    Alerted,
    Habits,
    Profile,
    Session,
    confidence_of,
    state_of,
)
from lakay_streams.domain.behavior.rhythm import Rhythm, concentration, mean_phase
from lakay_streams.domain.business_day import iso_day
from lakay_streams.domain.circles import explain
from lakay_streams.domain.circles.health import health_of, paid_by_round
from lakay_streams.domain.circles.limits import DEFAULT_LIMITS
from lakay_streams.domain.circles.reliability import MemberState, reliability_of, total_of
from lakay_streams.domain.circles.state import (
    STATUS,
    WAS_IN_TIME,
    WAS_LATE,
    WAS_MISSED,
    CircleState,
    Facts,
    Founding,
    Member,
    Payout,
)
from lakay_streams.domain.circles.tiers import TIERS
from lakay_streams.domain.dedup import HASH_BYTES
from lakay_streams.domain.ema import Ema
from lakay_streams.domain.frozen import Frozen, asdict
from lakay_streams.domain.known import Known
from lakay_streams.domain.local_time import Home, clock_text
from lakay_streams.domain.money import minor_digits
from lakay_streams.domain.recent import Recent
from lakay_streams.domain.sliding_log import MINUTE_MS, SlidingLog
from lakay_streams.domain.user_state import UserState
from lakay_streams.domain.usual import usual_quantity

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def readable(value: Any) -> Any:
    """Return a state as JSON can hold it."""
    view = VIEWS.get(type(value))
    if view is not None:
        return view(value)
    if isinstance(value, Frozen):
        return _fields(asdict(value))
    match value:
        case tuple() | list():
            return [readable(each) for each in value]
        case Mapping():
            return {str(name): readable(each) for name, each in value.items()}
        case bytes():
            return {"hashes": len(value) // HASH_BYTES}
        case Decimal():
            return str(value)
        case int() if not -(2**53) < value < 2**53:
            # Beyond what JSON's numbers hold exactly.
            return str(value)
    return value


def profile_of(habits: Habits, limits: BehaviorLimits) -> dict[str, Any]:
    """Return how sure a profile is under these limits: building or active, and from when on it is stale unless used."""
    learned_at = habits.learned_at
    state = state_of(habits, learned_at or 0, limits)
    return {
        "profile": state,
        "sessions_learned": f"{habits.sessions:,} (active from {limits.min_sessions_active:,} on)",
        "anomalies_count": f"{confidence_of(habits, limits):.0%}",
        "stale_after": None if state == BUILDING or learned_at is None else iso(learned_at + limits.staleness_ms),
    }


def iso(at: int) -> str | int:
    """Return an event time (ms UTC) in ISO 8601; what no calendar holds stays a number."""
    try:
        return (_EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except OverflowError:
        return at


def money(minor: int, currency: str) -> dict[str, str]:
    """Return minor units as an amount with its currency."""
    digits = minor_digits(currency)
    return {"amount": f"{Decimal(minor).scaleb(-digits):.{digits}f}", "currency": currency}


def _fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    currency = fields.get("currency")
    shown: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, int) and (name == "at" or name.endswith("_at")):
            shown[name] = iso(value)
        elif isinstance(value, int) and name.endswith("_minor") and isinstance(currency, str):
            shown[name.removesuffix("_minor") + "_amount"] = money(value, currency)
        else:
            shown[name] = readable(value)
    return shown


def _first_seen(at: int) -> str | int:
    return "from the start" if at == 0 else iso(at)


def _user(state: UserState) -> dict[str, Any]:
    shown = _fields(asdict(state))
    shown["regions"] = [
        {
            "latitude": region.latitude,
            "longitude": region.longitude,
            "first_seen": _first_seen(region.first),
            "last_seen": iso(region.last),
            "share_of_sessions": round(region.share, 3),
        }
        for region in state.regions
    ]
    home = home_of(state.regions, state.countries)
    shown["amounts"] = _usual(state.amounts, "amount", _dollars)
    shown["behavior"]["clock"] = "New York's" if home is None else _clock(home)
    shown["days"] = [
        {"business_day": iso_day(day), "transactions": count, "amount": money(total, "USD")}
        for day, count, total in state.days
    ]
    # First who the user is, last what only the worker reads.
    behavior, seen = shown.pop("behavior"), shown.pop("seen")
    return {"behavior": behavior, **shown, "seen": seen}


def _clock(home: Home) -> str:
    direction = "east" if home.longitude >= 0 else "west"
    return f"at {abs(home.longitude):.1f}° {direction}, {home.country or 'country unknown'}"


def _sliding_log(log: SlidingLog) -> dict[str, Any]:
    unnamed = len(log.times) - len(log.ids)
    folded = log.folded
    return {
        "last_24_h": len(log.times) + sum(folded.counts),
        "amount": money(sum(each for each in log.amounts if each >= 0) + sum(folded.amounts), "USD"),
        "entries": [
            {"at": iso(at), "amount": money(max(amount, ~amount), "USD"), "event_id": event_id or None}
            | ({"declined": True} if amount < 0 else {})
            for at, amount, event_id in zip(log.times, log.amounts, [""] * unnamed + list(log.ids), strict=True)
        ],
        "older_by_minutes": folded.step if folded.starts else None,
        "older": [
            {"from": iso(start * MINUTE_MS), "transactions": count, "amount": money(amount, "USD")}
            for start, count, amount in zip(folded.starts, folded.counts, folded.amounts, strict=True)
        ],
    }


def _recent(recent: Recent) -> dict[str, Any]:
    return {
        "kept": len(recent.times),
        "newest": iso(recent.times[-1]) if recent.times else None,
        "events": [{"at": iso(at), "event_id": event_id or None} for at, event_id in recent.ids],
    }


def _known(known: Known) -> dict[str, Any]:
    return {
        "known": [
            {
                "value": entry.value,
                "first_seen": _first_seen(entry.first),
                "last_seen": iso(entry.last),
                "share_of_sessions": round(entry.share, 3),
            }
            for entry in known.entries
        ],
        "dropped": known.dropped,
    }


def _usual(usual: Ema, unit: str, shown: Callable[[int], Any]) -> dict[str, Any]:
    """Show what is usual and how sure that is: most quantities lie between the usual one divided and times `spread`."""
    if not usual.history:
        return {"history": 0}
    return {
        "history": usual.history,
        f"usual_{unit}": shown(usual_quantity(usual)),
        "spread": round(exp(sqrt(usual.variance)), 2),
    }


def _dollars(minor: int) -> dict[str, str]:
    return money(minor, "USD")


def _rhythm(rhythm: Rhythm, moment: Callable[[float], str]) -> dict[str, Any]:
    """Show the circular mean and how concentrated the sessions are around it: 0 not at all, above 2 closely."""
    mean = mean_phase(rhythm)
    return {
        "sessions": rhythm.history,
        "mean": None if mean is None else moment(mean),
        "concentration": round(concentration(rhythm), 2),
    }


def _weekday(phase: float) -> str:
    # 1970 began on a Thursday, and a phase of the week with it.
    return ("Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday")[int(phase * 7) % 7]


def _habits(habits: Habits) -> dict[str, Any]:
    return {
        "sessions_learned": habits.sessions,
        "since": None if habits.since_at is None else iso(habits.since_at),
        "last_learned": None if habits.learned_at is None else iso(habits.learned_at),
        "hours": _rhythm(habits.hours, clock_text),
        "weekdays": _rhythm(habits.weekdays, _weekday),
        "session_length": _usual(habits.seconds, "seconds", int),
        "actions_per_session": _usual(habits.actions, "actions", int),
        "logins_that_succeed": round(habits.logins.mean, 3) if habits.logins.history else None,
    }


def _session(session: Session) -> dict[str, Any]:
    return {
        "device": session.device or None,
        "network": session.network or None,
        "country": session.country,
        "started_at": iso(session.started_at),
        "last_at": iso(session.last_at),
        "strangeness": session.signs.strangeness,
        "suspected": session.suspected,
    }


def _alerted(alerted: Alerted) -> dict[str, Any]:
    return {"kind": alerted.kind, "tier": RISK_TIERS[alerted.severity], "at": iso(alerted.at)}


def _profile(profile: Profile) -> dict[str, Any]:
    shown = _fields(asdict(profile))
    return {**shown.pop("habits"), **shown}


def _circle(state: CircleState) -> dict[str, Any]:
    """Show the tier that was told and why, then the facts. The dimensions are reckoned as their weights find them."""
    facts, standing = state.facts, state.standing
    # No setting changes a dimension; their weights change the score, which the state has.
    health = health_of(facts, DEFAULT_LIMITS)
    findings = explain.findings_of(facts, health, DEFAULT_LIMITS)
    paid = paid_by_round(facts)
    return {
        "tier": TIERS[standing.tier],
        "tier_since": "from the start" if standing.since_at is None else iso(standing.since_at),
        "score": standing.score,
        "dimensions": {name: round(value, 3) for name, value in asdict(health).items()},
        "why": [finding.reason for finding in findings],
        "contributions_known": sum(each.told for each in paid),
        "evidence_truncated": facts.evidence_truncated,
        "known_since": None if facts.since_at is None else iso(facts.since_at),
        "completed_at": None if facts.completed_at is None else iso(facts.completed_at),
        "failed_at": None if facts.failed_at is None else iso(facts.failed_at),
        "founding": readable(facts.founding),
        "members": [_member_of_circle(member, facts) for member in facts.members],
        "rounds": [
            {
                "round": each.number,
                "due_at": None if each.due_at is None else iso(each.due_at),
                **asdict(counts),
                "received": [money(minor, currency) for currency, minor in each.received],
            }
            for each, counts in zip(facts.rounds, paid, strict=True)
        ],
        "pots": [readable(payout) for payout in facts.payouts],
        "moved_since": [readable(moved) for moved in standing.moved],
        "seen": readable(state.seen),
    }


def _member_of_circle(member: Member, facts: Facts) -> dict[str, Any]:
    told = member.told.translate(STATUS)
    return {
        "member": member.user,
        "joined_at": None if member.joined_at is None else iso(member.joined_at),
        "left_at": iso(member.dropped_at) if member.dropped_at is not None and member.has_left else None,
        "position": member.position,
        "in_time": told.count(WAS_IN_TIME),
        "late": told.count(WAS_LATE),
        "missed": told.count(WAS_MISSED),
        "pots": sum(payout.user == member.user for payout in facts.payouts),
    }


def _founding(founding: Founding) -> dict[str, Any]:
    return {
        "at": iso(founding.at),
        "organizer": founding.organizer,
        "contribution": money(founding.amount_minor, founding.currency),
        "frequency": founding.frequency,
        "members": founding.members,
        "rounds": founding.rounds,
    }


def _payout(payout: Payout) -> dict[str, Any]:
    return {
        "round": payout.number,
        "at": iso(payout.at),
        "member": payout.user,
        "amount": money(payout.amount_minor, payout.currency),
        # Hashes: two that are equal are one account or device.
        "account": payout.account.hex() or None,
        "device": payout.device.hex() or None,
    }


def _member(state: MemberState) -> dict[str, Any]:
    """Show how reliable the member is, on how many contributions that rests, and since when it is known."""
    reliability = reliability_of(state)
    return {
        "reliability": reliability.score,
        "contributions": reliability.contributions,
        "of_recent_weight": reliability.recent,
        "since": None if state.since_at is None else iso(state.since_at),
        "last_at": None if state.last_at is None else iso(state.last_at),
        "in_all": asdict(total_of(state)),
        "months": [{"month": f"{month // 12}-{month % 12 + 1:02d}", **asdict(tally)} for month, tally in state.months],
        "before": asdict(state.before),
        "seen": readable(state.seen),
    }


VIEWS: dict[type, Callable[[Any], dict[str, Any]]] = {
    UserState: _user,
    SlidingLog: _sliding_log,
    Recent: _recent,
    Known: _known,
    Habits: _habits,
    Profile: _profile,
    Session: _session,
    Alerted: _alerted,
    CircleState: _circle,
    Founding: _founding,
    Payout: _payout,
    MemberState: _member,
}
"""How a slice is shown that a walk by names would not explain."""
