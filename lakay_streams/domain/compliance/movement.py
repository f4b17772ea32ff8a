"""A money movement: what a customer has moved, once it is completed, whatever topic told of it.

Amounts are minor units of their own currency, and US dollars at the last exchange rate before the movement that was
known when it was counted; that rate and its time are kept as evidence. Times are event times in ms UTC. A movement
happens when it is completed: only then has money changed hands for certain.
"""

from __future__ import annotations

from lakay_streams.domain.frozen import Frozen
from lakay_streams.domain.money import Dollars

IN, OUT = "in", "out"

TRANSFER = "transfer"
REMITTANCE = "remittance"
CONTRIBUTION = "circle_contribution"
PAYOUT = "circle_payout"
DEPOSIT = "deposit"
WITHDRAWAL = "withdrawal"
PAYMENT = "payment"

TRANSACTION, OF_REMITTANCE, OF_CIRCLE, BOTH, COUNTERPART = "transaction", "remittance", "circle", "both", "counterpart"

STATED, ASSUMED = "stated", "assumed"

CASH, MONEY_ORDER = "cash", "money_order"
OUTSIDE_METHODS = frozenset({CASH, MONEY_ORDER, "card", "bank"})
"""Money handed over for the occasion: what is sent with it does not come from what the customer received before."""


class Movement(Frozen):
    """One completed movement of one customer's money.

    `direction` is seen from the customer's account: money sent, paid or withdrawn is out. `channel` says what it was:
    transfer, deposit, withdrawal, payment, circle_contribution, circle_payout, remittance, or Trebanx's own word.
    `usd_minor` is None for a currency without a rate; it and `usd_short` are `money.Dollars`. `rate` is US dollars for
    one unit as decimal text, since `rate_at` (ISO 8601); both empty for US dollars. `rate_is_old` where that is an
    earlier business day than the movement's. `payment_method` is empty where nobody said it.

    `cash` is in where the customer handed over currency (31 CFR 1010.100(m): coin and paper money), also to send it on
    at once; out where the customer was handed some; else empty. `basis` is how that is known: stated by the payment
    method, or assumed. `counterparty` is the other user, the circle, or empty.

    `received`: what was handed in for it is a receipt of its own, on the day on which that happened, so its cash is no
    part of this movement, and `cash` is empty. `direction` is empty where the type of a transaction is an unknown word.

    `source` is which topic told of it: transaction, remittance, circle, both (what is told as a transaction, too, is
    one movement; `twin` is then the other's id), or counterpart for the recipient's side.
    """

    id: str
    at: int
    day: int
    direction: str
    channel: str
    amount_minor: int
    currency: str
    usd_minor: int | None
    rate: str = ""
    rate_at: str = ""
    payment_method: str = ""
    cash: str = ""
    basis: str = STATED
    counterparty: str = ""
    device: str = ""
    country: str = ""
    source: str = TRANSACTION
    twin: str = ""
    usd_short: int = 0
    rate_is_old: bool = False
    received: bool = False

    @property
    def dollars(self) -> int:
        """US cents, halves to even; 0 where there was no rate."""
        return self.usd_minor or 0

    @property
    def worth(self) -> Dollars:
        """US dollars as they are compared with a threshold."""
        return Dollars(self.dollars, self.usd_short)

    @property
    def from_balance(self) -> bool:
        """Whether it left with what the customer had at Trebanx, not with money brought for it."""
        return self.direction == OUT and (self.channel == WITHDRAWAL or self.payment_method not in OUTSIDE_METHODS)

    @property
    def handed(self) -> str:
        """In or out where currency or a money order changed hands, which is what structuring splits; else empty."""
        if self.cash:
            return self.cash
        if self.payment_method != MONEY_ORDER or self.received or not self.direction:
            return ""
        return OUT if self.channel == WITHDRAWAL else IN
