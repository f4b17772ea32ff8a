"""Money sent to Haiti, and the exchange rates it is paid out at."""

from __future__ import annotations

from random import Random

from lakay_streams.simulator.labels import Episode
from lakay_streams.simulator.people import Person
from lakay_streams.simulator.places import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, UNITS_PER_USD, Access
from lakay_streams.simulator.world import Process, World

PAIRS = (("USD", "HTG"), ("CAD", "HTG"), ("USD", "CAD"))
_FAILED = 0.02
_DAILY_STEP = 0.003


def publish_rates(world: World) -> Process:
    """Tell the rates every morning at 6 UTC from the history's first day on: small random steps, drawn back to par."""
    rng = world.rng("rates")
    rates = {pair: UNITS_PER_USD[pair[1]] / UNITS_PER_USD[pair[0]] for pair in PAIRS}
    par = dict(rates)
    at = world.start - (world.options.history_days + 1) * DAY_MS
    at += 6 * HOUR_MS - at % DAY_MS
    while True:
        yield at
        for pair in PAIRS:
            drawn = rng.gauss(0.05 * (par[pair] / rates[pair] - 1), _DAILY_STEP)
            rates[pair] *= 1 + drawn
            base, quote = pair
            name, rate = f"{base}/{quote}", round(rates[pair], 4)
            world.rates[name] = rate
            payload = {"base_currency": base, "quote_currency": quote, "rate": rate}
            world.trebanx.tell(at, "exchange-rate-updated", name, payload)
        at += DAY_MS


def remit(
    world: World,
    rng: Random,
    at: int,
    sender: Person,
    amount_minor: int,
    *,
    access: Access,
    recipient_id: str,
    method: str = "wallet",
    episode: Episode | None = None,
) -> int:
    """Tell one remittance to Haiti from first to last event; return when it ended (ms UTC). Amounts are text."""
    tell, currency, user_id = world.trebanx.tell, sender.home.currency, sender.user_id
    remittance_id = world.trebanx.new_id()
    rate = world.rates.get(f"{currency}/HTG", UNITS_PER_USD["HTG"])
    told = {
        "remittance_id": remittance_id,
        "sender_id": user_id,
        "recipient_id": recipient_id,
        "amount": decimal_text(amount_minor),
        "currency": currency,
        "receive_amount": decimal_text(round(amount_minor * rate)),
        "receive_currency": "HTG",
        "origin_country": sender.home.country,
        "destination_country": "HT",
    }
    initiated = {
        **told,
        "exchange_rate": rate,
        "payment_method": method,
        "device_id": access.device_id,
        "ip_address": access.ip_address,
        "geo_location": access.geo,
    }
    tell(at, "remittance-initiated", user_id, initiated, episode, remittance_id)
    at += 20 * SECOND_MS + int(rng.random() * 5 * MINUTE_MS)
    tell(at, "remittance-processing", user_id, dict(told), episode, remittance_id)
    at += 5 * MINUTE_MS + int(rng.random() * 4 * HOUR_MS)
    if rng.random() < _FAILED:
        failed = {"remittance_id": remittance_id, "sender_id": user_id, "reason": "payout_agent_closed"}
        failed |= {"amount": told["amount"], "currency": currency}
        tell(at, "remittance-failed", user_id, failed, episode, remittance_id)
    else:
        tell(at, "remittance-completed", user_id, dict(told), episode, remittance_id)
    return at


def decimal_text(minor: int) -> str:
    """Return minor units as an exact decimal string: 12550 is "125.50"."""
    return f"{minor // 100}.{minor % 100:02d}"
