"""Money that moves at Trebanx: a transaction is initiated, and a little later completed or declined."""

from __future__ import annotations

from random import Random

from lakay_streams.simulator.labels import Episode
from lakay_streams.simulator.places import SECOND_MS, Access
from lakay_streams.simulator.trebanx import Trebanx

DECLINED = 0.02
"""The share of ordinary transactions that fail."""

_FLAGGED = 0.004
_REASONS = ("insufficient_funds", "card_declined", "recipient_unavailable", "network_error")


def transact(
    trebanx: Trebanx,
    rng: Random,
    at: int,
    user_id: str,
    amount_minor: int,
    currency: str,
    *,
    access: Access | None,
    recipient_id: str | None = None,
    type: str = "transfer",  # noqa: A002 - the payload's own word
    method: str = "wallet",
    declined: float = DECLINED,
    episode: Episode | None = None,
) -> int:
    """Tell one transaction from first to last event; return when it ended (ms UTC).

    `access` is None for a standing order, which nobody starts by hand. `declined` is the chance that it fails.
    """
    transaction_id = trebanx.new_id()
    amount = amount_minor / 100
    payload = {
        "transaction_id": transaction_id,
        "user_id": user_id,
        "amount": amount,
        "currency": currency,
        "type": type,
        "recipient_id": recipient_id,
        "payment_method": method,
    }
    if access is not None:
        payload["device_id"] = access.device_id
        payload["ip_address"] = access.ip_address
        payload["geo_location"] = access.geo
    trebanx.tell(at, "transaction-initiated", user_id, payload, episode, transaction_id)
    if rng.random() < _FLAGGED:
        flag = {"transaction_id": transaction_id, "user_id": user_id, "reason": "manual_review", "flagged_by": "desk"}
        trebanx.tell(at + 5 * SECOND_MS, "transaction-flagged", user_id, flag, episode, transaction_id)
    ended = at + 6 * SECOND_MS + int(rng.random() * 60 * SECOND_MS)
    outcome = {"transaction_id": transaction_id, "user_id": user_id, "amount": amount, "currency": currency}
    if rng.random() < declined:
        outcome["reason"] = rng.choice(_REASONS)
        trebanx.tell(ended, "transaction-failed", user_id, outcome, episode, transaction_id)
    else:
        outcome["recipient_id"] = recipient_id
        outcome["type"] = type
        trebanx.tell(ended, "transaction-completed", user_id, outcome, episode, transaction_id)
    return ended
