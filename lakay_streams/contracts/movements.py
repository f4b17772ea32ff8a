"""Records that workers send each other: `lakay.internal.movements`, and `lakay.internal.corridors` with what is usual.

Their ids follow from what they tell, so that a replay sends the same ones and whoever reads them counts them once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from lakay_streams.contracts.internal import record
from lakay_streams.contracts.money import to_text as money_text
from lakay_streams.contracts.timestamps import to_text as time_text
from lakay_streams.domain.compliance.change import Change
from lakay_streams.domain.compliance.corridors import Peers, corridor_of
from lakay_streams.domain.compliance.decide import onward
from lakay_streams.domain.compliance.movement import CONTRIBUTION, IN, OUT, PAYOUT, Movement
from lakay_streams.domain.events import CircleEvent
from lakay_streams.domain.frozen import asdict

ACCOUNT_METHOD = "wallet"


def counterpart_moved(user_id: str, sender_id: str, movement: Movement) -> bytes:
    """Return what `user_id` learns of a movement that `sender_id` sent them."""
    payload = {
        "user_id": user_id,
        "movement_id": movement.id,
        "direction": IN,
        "channel": movement.channel,
        "amount": money_text(movement.amount_minor, movement.currency),
        "currency": movement.currency,
        "counterparty_id": sender_id,
        "device_id": movement.device or None,
        "payment_method": None,
        "moved_at": time_text(movement.at),
    }
    return record("money-moved", f"{movement.id}/{user_id}/{movement.at}", payload["moved_at"], payload)


def counterpart_returned(user_id: str, movement: Movement, at: int) -> bytes:
    """Return what `user_id` learns when a movement to them failed at `at` (ms UTC)."""
    moment = time_text(at)
    payload = {"user_id": user_id, "movement_id": movement.id, "returned_at": moment}
    return record("money-returned", f"{movement.id}/{user_id}/{at}", moment, payload)


def circle_moved(event: CircleEvent) -> tuple[str, bytes] | None:
    """Return the member whose money a circle's event moved, and what they learn of it; None for any other event.

    An event that names the account was paid from or to it, so no cash was handed over; without it nobody said how.
    """
    paid_out = event.event_type == "circle-payout-executed"
    if not paid_out and event.event_type != "circle-contribution-received":
        return None
    if event.user_id is None or event.amount_minor is None or event.currency is None:
        return None
    moment = time_text(event.occurred_at)
    payload = {
        "user_id": event.user_id,
        "movement_id": event.event_id,
        "direction": IN if paid_out else OUT,
        "channel": PAYOUT if paid_out else CONTRIBUTION,
        "amount": money_text(event.amount_minor, event.currency),
        "currency": event.currency,
        "counterparty_id": event.circle_id,
        "device_id": event.device_id,
        "payment_method": ACCOUNT_METHOD if event.account_id else None,
        "moved_at": moment,
    }
    return event.user_id, record("money-moved", f"{event.event_id}/{event.user_id}", moment, payload)


def passed_on(user_id: str, changes: Iterable[Change], at: int) -> Iterator[tuple[str, bytes]]:
    """Yield what others learn of what an event at `at` (ms UTC) changed for a customer, with its key.

    The other user of a transfer learns that money came, or that it went back; the corridor, of a remittance.
    """
    for change in changes:
        movement, before = change.movement, change.movement_before
        if movement is None and before is None:
            continue
        other = onward(user_id, movement) if movement is not None else None
        earlier = onward(user_id, before) if before is not None else None
        if before is not None and earlier is not None and earlier != other:
            yield earlier, counterpart_returned(earlier, before, at)
        if movement is not None and other is not None and other != earlier:
            yield other, counterpart_moved(other, user_id, movement)
        corridor = corridor_of(movement) if movement is not None and movement.dollars else ""
        if movement is not None and corridor and (before is None or corridor_of(before) != corridor):
            yield corridor, corridor_remittance(corridor, movement)


def corridor_remittance(corridor: str, movement: Movement) -> bytes:
    """Return what a corridor learns of a completed remittance."""
    moment = time_text(movement.at)
    payload = {
        "corridor": corridor,
        "amount": money_text(movement.dollars, "USD"),
        "currency": "USD",
        "completed_at": moment,
    }
    return record("corridor-remittance", f"{movement.id}/{movement.at}", moment, payload)


class PeersRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What remittances of a corridor usually are: mean and spread of the log of US cents, and of how many."""

    corridor: str
    history: int
    mean: float
    spread: float


def encode_peers(corridor: str, peers: Peers) -> bytes:
    """Return the record's value for `lakay.internal.corridors`; its key is the corridor."""
    return msgspec.json.encode(PeersRecord(corridor=corridor, **asdict(peers)))


def fold_peers(known: Mapping[str, Peers], raw: bytes | None) -> Mapping[str, Peers]:
    """Return what is usual in each corridor after one more record."""
    if raw is None:
        return known
    told = msgspec.json.decode(raw, type=PeersRecord)
    return {**known, told.corridor: Peers(told.history, told.mean, told.spread)}
