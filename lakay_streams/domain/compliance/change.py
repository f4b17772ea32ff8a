"""What an event changed of what counts of a customer's money, and what could not be counted."""

from __future__ import annotations

from lakay_streams.domain.compliance.movement import Movement
from lakay_streams.domain.frozen import Frozen


class Change(Frozen):
    """What an event changed of one movement: how it counted before, and how it counts now; None for not at all."""

    movement_before: Movement | None = None
    movement: Movement | None = None
    receipt_before: Movement | None = None
    receipt: Movement | None = None
    attempt: Movement | None = None


class Lost(Frozen):
    """Money that could not be counted: which movement, when, why, and how much, where that is known."""

    id: str
    at: int
    why: str
    amount_minor: int | None = None
    currency: str = ""
