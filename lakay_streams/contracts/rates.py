"""Records of `lakay.internal.rates`: the newest exchange rate of each pair, which every worker reads whole."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from lakay_streams.contracts.timestamps import to_text
from lakay_streams.domain.events import ExchangeRateUpdated
from lakay_streams.domain.money import Rates


class RateRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of `base_currency` buys `rate` (a decimal string) of `quote_currency` since `effective_at`."""

    base_currency: str
    quote_currency: str
    rate: str
    effective_at: str


def encode(event: ExchangeRateUpdated) -> bytes:
    """Return the record's value; its key is the event's `entity_id`."""
    return msgspec.json.encode(
        RateRecord(
            base_currency=event.base_currency,
            quote_currency=event.quote_currency,
            rate=str(event.rate),
            effective_at=to_text(event.occurred_at),
        )
    )


def fold(rates: Rates, raw: bytes | None) -> Rates:
    """Return the rates after one more record; a tombstone changes nothing, since a pair that traded has a rate."""
    if raw is None:
        return rates
    record = msgspec.json.decode(raw, type=RateRecord)
    return rates.updated(record.base_currency, record.quote_currency, Decimal(record.rate), record.effective_at)
