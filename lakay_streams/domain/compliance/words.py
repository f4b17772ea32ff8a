"""What a transaction's `type` means: an open word, told in any case and with any separators.

A word that is not known is told (`rules/unknown_type.py`) and never guessed: money of an unknown kind came neither in
nor went out, and no cash was handed over with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from lakay_streams.domain.compliance.movement import (
    CONTRIBUTION,
    DEPOSIT,
    PAYMENT,
    PAYOUT,
    REMITTANCE,
    TRANSFER,
    WITHDRAWAL,
)

REFUND, REVERSAL, CHARGEBACK = "refund", "reversal", "chargeback"

GIVEN_BACK = frozenset({REFUND, REVERSAL, CHARGEBACK})
"""Channels that give money back: they undo the movement that they name, else they bring money of their own."""

INCOMING = frozenset({DEPOSIT, PAYOUT}) | GIVEN_BACK
"""Channels that bring money to the customer."""

OUTGOING = frozenset({TRANSFER, REMITTANCE, CONTRIBUTION, WITHDRAWAL, PAYMENT})
"""Channels that take money away."""

HANDED_OUT = frozenset({WITHDRAWAL, PAYOUT}) | GIVEN_BACK
"""Channels in which it is the customer who is handed cash."""

CHANNELS = INCOMING | OUTGOING

DEFAULT_SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("top_up", "topup", "cash_in", "cashin", "load", "add_funds", "add_money", "funding"), DEPOSIT),
        **dict.fromkeys(("cash_out", "cashout", "withdraw", "payout", "atm_withdrawal"), WITHDRAWAL),
        **dict.fromkeys(("p2p", "p2p_transfer", "send", "send_money", "peer_transfer"), TRANSFER),
        **dict.fromkeys(("remit", "international_transfer", "money_transfer_abroad"), REMITTANCE),
        **dict.fromkeys(("pay", "purchase", "bill_payment", "merchant_payment"), PAYMENT),
        **dict.fromkeys(("contribution", "sol_contribution"), CONTRIBUTION),
        "circle_pay_out": PAYOUT,
        "reverse": REVERSAL,
        "charge_back": CHARGEBACK,
    }
)
"""Words that mean a channel, unless COMPLIANCE_TYPE_SYNONYMS says otherwise."""

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS = re.compile(r"[^a-z0-9]+")


def folded(word: str) -> str:
    """Return a word in lower case with underscores: "Top-Up", "topUp" and "TOP UP" are "top_up"."""
    if word in CHANNELS:
        return word
    word = word if word.isupper() else _CAMEL.sub("_", word)
    return _SEPARATORS.sub("_", word.casefold()).strip("_")


def channel_of(word: str, synonyms: Mapping[str, str]) -> str:
    """Return the channel that a transaction's type means; the folded word itself where that is not known."""
    if word in CHANNELS:
        return word
    plain = folded(word)
    return synonyms.get(plain, plain) or "unknown"
