"""A state as a person reads it: every field by its name, times in ISO 8601, amounts in units with their currency.

States are NamedTuples of NamedTuples, so one walk shows any of them. It goes by the conventions of the domain's names:

    at, ..._at                  ms UTC                         -> "2026-02-27T14:30:00.000Z"
    ..._minor                   minor units                    -> {"amount": "1240.00", "currency": "USD"}
    seen and other bytes        hashes                         -> {"hashes": 12}

A slice that is kept in columns or plain tuples, for speed, has a view of its own in `VIEWS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from lakay_streams.domain.amount_profile import AmountProfile
from lakay_streams.domain.business_day import iso_day
from lakay_streams.domain.dedup import HASH_BYTES
from lakay_streams.domain.known import Known
from lakay_streams.domain.money import minor_digits
from lakay_streams.domain.recent import Recent
from lakay_streams.domain.sliding_log import MINUTE_MS, SlidingLog
from lakay_streams.domain.user_state import UserState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def readable(value: Any) -> Any:
    """Return a state as JSON can hold it."""
    view = VIEWS.get(type(value))
    if view is not None:
        return view(value)
    if hasattr(value, "_asdict"):
        return _fields(value._asdict())
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
    shown = _fields(state._asdict())
    shown["regions"] = [
        {"latitude": latitude, "longitude": longitude, "first_seen": _first_seen(first), "last_seen": iso(last)}
        for latitude, longitude, first, last in state.regions
    ]
    shown["days"] = [
        {"business_day": iso_day(day), "transactions": count, "amount": money(total, "USD")}
        for day, count, total in state.days
    ]
    return shown


def _sliding_log(log: SlidingLog) -> dict[str, Any]:
    unnamed = len(log.times) - len(log.ids)
    step, starts, counts, amounts = log.folded
    return {
        "last_24_h": len(log.times) + sum(counts),
        "amount": money(sum(log.amounts) + sum(amounts), "USD"),
        "entries": [
            {"at": iso(at), "amount": money(amount, "USD"), "event_id": event_id or None}
            for at, amount, event_id in zip(log.times, log.amounts, [""] * unnamed + list(log.ids), strict=True)
        ],
        "older_by_minutes": step if starts else None,
        "older": [
            {"from": iso(start * MINUTE_MS), "transactions": count, "amount": money(amount, "USD")}
            for start, count, amount in zip(starts, counts, amounts, strict=True)
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
            {"value": value, "first_seen": _first_seen(first), "last_seen": iso(last)}
            for value, first, last in known.entries
        ],
        "dropped": known.dropped,
    }


def _amounts(profile: AmountProfile) -> dict[str, Any]:
    if not profile.history:
        return {"history": 0}
    return {
        "history": profile.history,
        "usual": money(profile.usual_minor, "USD"),
        "log_mean": round(profile.mean, 4),
        "log_variance": round(profile.variance, 4),
    }


VIEWS: dict[type, Callable[[Any], dict[str, Any]]] = {
    UserState: _user,
    SlidingLog: _sliding_log,
    Recent: _recent,
    Known: _known,
    AmountProfile: _amounts,
}
"""How a slice is shown that a walk by names would not explain."""
