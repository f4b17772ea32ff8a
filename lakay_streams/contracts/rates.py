"""Records of `lakay.internal.rates`: the newest exchange rates of each pair, which every worker reads whole."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from lakay_streams.contracts.timestamps import to_text
from lakay_streams.domain.events import ExchangeRateUpdated
from lakay_streams.domain.money import Rates


class RateRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One unit of `base_currency` buys `rate` (a decimal string) of `quote_currency` since `effective_at`: the newest.

    `history` has what it bought since when, oldest first: the topic is compacted, and keeps the last record of a pair.
    """

    base_currency: str
    quote_currency: str
    rate: str
    effective_at: str
    history: tuple[tuple[str, str], ...] = ()


def encode(event: ExchangeRateUpdated, history: Sequence[tuple[int, str]]) -> bytes:
    """Return the record's value after an event; its key is the event's `entity_id`.

    `history` are the pair's rates with their times (ms UTC), ascending in time.
    """
    told = tuple([(to_text(at), rate) for at, rate in history])
    return msgspec.json.encode(
        RateRecord(
            base_currency=event.base_currency,
            quote_currency=event.quote_currency,
            rate=told[-1][1],
            effective_at=told[-1][0],
            history=told,
        )
    )


def fold(rates: Rates, raw: bytes | None) -> Rates:
    """Return the rates after one more record; a tombstone changes nothing, since a pair that traded has a rate."""
    if raw is None:
        return rates
    record = msgspec.json.decode(raw, type=RateRecord)
    history = record.history or ((record.effective_at, record.rate),)
    told = {since: Decimal(rate) for since, rate in history}
    return rates.updated(record.base_currency, record.quote_currency, told, whole=bool(record.history))
