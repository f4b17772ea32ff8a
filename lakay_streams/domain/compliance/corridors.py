"""What remittances of a corridor usually are: the peers that one remittance is judged against.

A corridor is the currency sent and the country reached, such as `USD>HT`. Its state is kept where its key belongs; what
every worker needs of it travels as a `Peers`. Log amounts let one scale serve a 50 and a 2,000 dollar corridor; they
judge how unusual something is and are in no total.
"""

from __future__ import annotations

from math import log, sqrt

from lakay_streams.domain.compliance.movement import COUNTERPART, REMITTANCE, Movement
from lakay_streams.domain.ema import Ema, learn
from lakay_streams.domain.frozen import Frozen

DECAY = 0.01
"""Share of the newest remittance: the last few hundred say what is usual."""

SPREAD_MIN = 0.25
"""Least spread of log amounts: with two of it, 1.6 times the usual is within the ordinary."""

TOLD_FROM = 50
GROWTH = 1.25
"""A corridor is told when it has fifty remittances, and again whenever it has a quarter more."""


class Peers(Frozen):
    """How many remittances were seen, and mean and spread of the log of US cents."""

    history: int
    mean: float
    spread: float


class CorridorState(Frozen):
    """One corridor. `seen`: hashes of the event ids already counted. `told`: the history when it was told last."""

    seen: bytes = b""
    amounts: Ema = Ema()
    told: int = 0


def corridor_of(movement: Movement) -> str:
    """Return the corridor of a movement; empty for one that is no remittance sent."""
    if movement.channel != REMITTANCE or movement.source == COUNTERPART or not movement.country:
        return ""
    return f"{movement.currency}>{movement.country}"


def observe(state: CorridorState, usd_minor: int, seen: bytes) -> tuple[CorridorState, Peers | None]:
    """Return the corridor's next state, and its peers where they are to be told."""
    amounts = learn(state.amounts, log(usd_minor), DECAY) if usd_minor > 0 else state.amounts
    due = amounts.history >= max(TOLD_FROM, round(state.told * GROWTH)) and amounts.history > state.told
    if not due:
        return CorridorState(seen, amounts, state.told), None
    told = Peers(amounts.history, round(amounts.mean, 6), round(max(SPREAD_MIN, sqrt(amounts.variance)), 6))
    return CorridorState(seen, amounts, amounts.history), told
