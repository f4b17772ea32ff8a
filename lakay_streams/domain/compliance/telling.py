"""What one event tells of its movement: an entry with that alone, to be joined with what is known (`entry.joined`)."""

from __future__ import annotations

from lakay_streams.domain.compliance.entry import Asked, Done, Entry
from lakay_streams.domain.compliance.limits import PROCESSING, ComplianceLimits
from lakay_streams.domain.compliance.movement import (
    CONTRIBUTION,
    COUNTERPART,
    OF_CIRCLE,
    OF_REMITTANCE,
    PAYOUT,
    REMITTANCE,
    TRANSACTION,
)
from lakay_streams.domain.compliance.remittances import OUTCOMES
from lakay_streams.domain.compliance.words import channel_of
from lakay_streams.domain.events import MoneyMoved, RemittanceEvent, TransactionInitiated, TransactionUpdated
from lakay_streams.domain.known import kept_value

MoneyEvent = TransactionInitiated | TransactionUpdated | RemittanceEvent | MoneyMoved

COMPLETED = frozenset({"transaction-completed", "remittance-completed"})
FAILED = frozenset({"transaction-failed", "remittance-failed", "money-returned"})
"""The event types that tell what became of a movement."""


def told_by(event: MoneyEvent, limits: ComplianceLimits) -> Entry | None:
    """Return what one event tells; None for one that tells nothing of a movement."""
    at, kind = event.occurred_at, event.event_type
    if isinstance(event, TransactionUpdated):
        return _outcome(kept_value(event.transaction_id), at, kind, event.amount_minor, event.currency)
    if isinstance(event, TransactionInitiated):
        asked = Asked(
            origin=TRANSACTION,
            at=at,
            channel=channel_of(event.type, limits.synonyms),
            amount_minor=event.amount_minor,
            currency=event.currency,
            counterparty=_kept(event.recipient_id),
            device=_kept(event.device_id),
            payment_method=event.payment_method or "",
            names=_kept(event.original_transaction_id),
        )
        return Entry(kept_value(event.transaction_id), at, (asked,))
    if isinstance(event, MoneyMoved):
        movement_id = kept_value(event.movement_id)
        if kind == "money-moved":
            return Entry(movement_id, at, (_moved(event),), None, at, at)
        return _outcome(movement_id, at, kind)
    movement_id = kept_value(event.remittance_id)
    if kind == "remittance-initiated":
        return Entry(movement_id, at, (_remitted(event),), outcomes=OUTCOMES[kind])
    if kind == "remittance-processing":
        return Entry(movement_id, at, processing_at=at) if limits.receipt == PROCESSING else None
    return _outcome(movement_id, at, kind, event.amount_minor, event.currency)


def _outcome(
    movement_id: str, at: int, kind: str, amount_minor: int | None = None, currency: str | None = None
) -> Entry | None:
    """Return what became of a movement, by an event type that tells it."""
    if kind in COMPLETED:
        done = Done(at, amount_minor, currency) if amount_minor is not None and currency else None
        return Entry(movement_id, at, (), done, at, at, outcomes=OUTCOMES.get(kind, 0))
    if kind in FAILED:
        return Entry(movement_id, at, failed_at=at, outcomes=OUTCOMES.get(kind, 0))
    return None


def _moved(event: MoneyMoved) -> Asked:
    return Asked(
        origin=OF_CIRCLE if event.channel in {CONTRIBUTION, PAYOUT} else COUNTERPART,
        at=event.occurred_at,
        channel=event.channel or "",
        amount_minor=event.amount_minor or 0,
        currency=event.currency or "",
        counterparty=_kept(event.counterparty_id),
        device=_kept(event.device_id),
        payment_method=event.payment_method or "",
    )


def _remitted(event: RemittanceEvent) -> Asked:
    return Asked(
        origin=OF_REMITTANCE,
        at=event.occurred_at,
        channel=REMITTANCE,
        amount_minor=event.amount_minor or 0,
        currency=event.currency or "",
        counterparty=_kept(event.recipient_id),
        device=_kept(event.device_id),
        payment_method=event.payment_method or "",
        country=event.destination_country or "",
    )


def _kept(value: str | None) -> str:
    return kept_value(value) if value else ""
