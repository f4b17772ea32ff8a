"""The totals of one business day of a customer: what is added to them with a movement or a receipt, and taken away.

Amounts are US cents, days business days since 1970-01-01.
"""

from __future__ import annotations

from lakay_streams.domain.compliance.limits import ComplianceLimits
from lakay_streams.domain.compliance.movement import IN, PAYOUT, Movement
from lakay_streams.domain.frozen import Frozen, replace
from lakay_streams.domain.money import Dollars


class Day(Frozen):
    """One business day: how many movements and how much, in and out, never netted.

    `cash` counts those in which currency changed hands. `handed_in` and `handed_out` count currency and money orders in
    amounts up to the reporting threshold. `explained_minor` are a circle's payouts, which a plan foretold.
    `unconverted` counts movements in currencies without a rate, `unsorted` those of an unknown type, which are in no
    sum. Cash counts on the day on which it was handed over, a movement on the day of its completion. What is `short` of
    a sum is as in `money.Dollars`: only once all is added is it rounded, to be compared.
    """

    day: int
    movements: int = 0
    in_minor: int = 0
    out_minor: int = 0
    cash: int = 0
    cash_in_minor: int = 0
    cash_out_minor: int = 0
    handed_in: int = 0
    handed_in_minor: int = 0
    handed_out: int = 0
    handed_out_minor: int = 0
    explained_minor: int = 0
    unconverted: int = 0
    cash_in_short: int = 0
    cash_out_short: int = 0
    handed_in_short: int = 0
    handed_out_short: int = 0
    unsorted: int = 0

    @property
    def cash_in(self) -> Dollars:
        """Currency handed in."""
        return Dollars(self.cash_in_minor, self.cash_in_short)

    @property
    def cash_out(self) -> Dollars:
        """Currency handed out."""
        return Dollars(self.cash_out_minor, self.cash_out_short)

    def handed_over(self, way: str) -> tuple[int, Dollars]:
        """Return what was handed over that way in amounts up to the reporting threshold: how many, how much."""
        if way == IN:
            return self.handed_in, Dollars(self.handed_in_minor, self.handed_in_short)
        return self.handed_out, Dollars(self.handed_out_minor, self.handed_out_short)


def totalled(day: Day, movement: Movement, sign: int, limits: ComplianceLimits, *, receipt: bool = False) -> Day:
    """Return a day's totals with a movement or receipt more (`sign` 1) or less (-1)."""
    if receipt:
        return _with_handed(day, movement, sign, limits)
    direction, amount = movement.direction, sign * (movement.usd_minor or 0)
    if not direction:
        return replace(day, movements=day.movements + sign, unsorted=day.unsorted + sign)
    if direction == IN:
        day = replace(day, movements=day.movements + sign, in_minor=day.in_minor + amount)
    else:
        day = replace(day, movements=day.movements + sign, out_minor=day.out_minor + amount)
    if movement.channel == PAYOUT:
        day = replace(day, explained_minor=day.explained_minor + amount)
    return day if movement.received else _with_handed(day, movement, sign, limits)


def _with_handed(day: Day, movement: Movement, sign: int, limits: ComplianceLimits) -> Day:
    """Return the totals with what changed hands, and with what could not be converted."""
    if movement.usd_minor is None:
        day = replace(day, unconverted=day.unconverted + sign)
    handed = movement.handed
    if not handed:
        return day
    amount, short = sign * movement.dollars, sign * movement.usd_short
    if movement.cash == IN:
        day = replace(
            day,
            cash=day.cash + sign,
            cash_in_minor=day.cash_in_minor + amount,
            cash_in_short=day.cash_in_short + short,
        )
    elif movement.cash:
        day = replace(
            day,
            cash=day.cash + sign,
            cash_out_minor=day.cash_out_minor + amount,
            cash_out_short=day.cash_out_short + short,
        )
    if movement.worth.rounded_up > limits.ctr_threshold_minor:
        return day
    if handed == IN:
        return replace(
            day,
            handed_in=day.handed_in + sign,
            handed_in_minor=day.handed_in_minor + amount,
            handed_in_short=day.handed_in_short + short,
        )
    return replace(
        day,
        handed_out=day.handed_out + sign,
        handed_out_minor=day.handed_out_minor + amount,
        handed_out_short=day.handed_out_short + short,
    )
