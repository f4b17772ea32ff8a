"""Which of a currency pair's rates are taken, and which are held until an operator has looked.

A feed that tells a pair upside down (131 US dollars for a gourde) would make a currency transaction report of 500
gourdes, and hide 50,000 dollars of another currency. So a rate that differs from the one before it by more than a
factor is held: nothing is converted with it. The one before it is the last that was taken, and before the first one
told, what the currency is worth by default.

Only an operator confirms: a feed that is wrong repeats itself, so that any number of agreeing updates proves nothing.
What an operator confirms is a rate of its own, from a time on: it is taken as it is, and those after it are compared
with it, also those that were held already. A currency that did lose half of its worth is judged until then by its old
rate, which is on the safe side, and evidence says that the rate is old.

What is taken follows from what was told and confirmed, whatever the order of telling: rates are gone through by the
time from which they hold. A rate told late can so release a later one that was held, or hold one that was taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from lakay_streams.domain.frozen import Frozen
from lakay_streams.domain.money import QUOTES_KEPT, Rates

HELD_KEPT = 16
"""Of a pair, so many of the newest held rates are known; an older one was told when it came, and is not released."""

Told = tuple[int, str]
"""From when a rate holds (ms UTC), and the rate as decimal text."""


class Sifted(Frozen):
    """A pair's rates, ascending in time. `before` is the rate that the oldest of them is compared with; "" for none.

    `confirmed` are times at which an operator's rate stands: it is taken whatever was before it.
    """

    taken: tuple[Told, ...] = ()
    held: tuple[Told, ...] = ()
    confirmed: tuple[int, ...] = ()
    before: str = ""


def add(pair: Sifted, at: int, rate: str, factor_max: Decimal, *, confirmed: bool = False) -> Sifted:
    """Return the pair's rates with one more; of two that hold from one instant the one told later stands.

    One that an operator confirmed gives way only to another confirmed one.
    """
    if at in pair.confirmed and not confirmed:
        return pair
    if len(pair.taken) == QUOTES_KEPT and at < pair.taken[0][0]:
        return pair  # older than all that is known
    told = [each for each in (*pair.taken, *pair.held) if each[0] != at]
    marks = (*pair.confirmed, at) if confirmed and at not in pair.confirmed else pair.confirmed
    return _sifted(sorted([*told, (at, rate)]), marks, pair.before, factor_max)


def _sifted(told: Sequence[Told], confirmed: tuple[int, ...], before: str, factor_max: Decimal) -> Sifted:
    taken: list[Told] = []
    held: list[Told] = []
    last = Decimal(before) if before else None
    for at, text in told:
        rate = Decimal(text)
        if last is None or at in confirmed or is_near(rate, last, factor_max):
            taken.append((at, text))
            last = rate
        else:
            held.append((at, text))
    dropped = taken[:-QUOTES_KEPT]
    kept = tuple(taken[-QUOTES_KEPT:])
    return Sifted(
        kept,
        tuple(held[-HELD_KEPT:]),
        tuple(sorted(mark for mark in confirmed if mark >= kept[0][0])) if kept else confirmed,
        dropped[-1][1] if dropped else before,
    )


def is_near(rate: Decimal, last: Decimal, factor_max: Decimal) -> bool:
    """Whether two rates differ by at most the factor, up or down."""
    return rate <= last * factor_max and last <= rate * factor_max


def by_default(rates: Rates, base: str, quote: str) -> str:
    """Return how many of `quote` one `base` buys by the default rates, as text; "" where one of them has none."""
    ours, theirs = rates.defaults.get(base), rates.defaults.get(quote)
    return "" if ours is None or theirs is None else str(ours / theirs)
