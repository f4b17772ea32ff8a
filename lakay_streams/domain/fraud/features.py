"""What a model is given about a transaction: plain numbers by name, the same live, in replay and in training."""

from __future__ import annotations

from lakay_streams.domain.fraud.facts import Facts
from lakay_streams.domain.fraud.limits import DAY_MS


def of_facts(facts: Facts) -> dict[str, float]:
    """Return the features: amounts in US dollars, flags as 0 or 1; `amount_spreads` is 0 while the profile is cold."""
    state, change = facts.state, facts.state.profile_change
    return {
        "amount_usd": facts.amount / 100,
        "amount_spreads": facts.spreads or 0.0,
        "hour_oddness": facts.oddness,
        "amount_24h_usd": facts.amount_24h / 100,
        "amount_day_usd": facts.amount_day / 100,
        "transactions_1h": float(facts.count_1h),
        "failed_1h": float(facts.failed_1h),
        "logins_recent": float(facts.logins),
        "new_device": float(facts.new_device),
        "new_country": float(facts.new_country),
        "new_network": float(facts.new_network),
        "new_region": float(facts.new_region),
        "speed_kmh": 0.0 if facts.jump is None else facts.jump.km_per_hour,
        "profile_changed": float(change is not None and 0 <= facts.event.occurred_at - change.at <= DAY_MS),
        "known_devices": float(len(state.devices.entries)),
        "history": float(state.amounts.history),
    }
