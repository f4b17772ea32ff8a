"""First in, first out: which money that came in is the money that left.

The oldest money still there leaves first (the accounting convention that examiners and courts use to trace funds);
money that came in longer than the window before is not traced any more. Amounts are US cents.
"""

from __future__ import annotations

from collections.abc import Iterable

from lakay_streams.domain.compliance.alert import Pair
from lakay_streams.domain.compliance.movement import IN, Movement


def match(movements: Iterable[Movement], window_ms: int) -> list[tuple[Movement, Movement, int]]:
    """Return (what came in, what left, cents of it), in the order of leaving; `movements` are in order of time.

    What left counts within `window_ms` after what came in, a movement exactly as old as the window included. Money that
    was only brought to be sent on (`Movement.from_balance` is False) leaves what came in before untouched.
    """
    pairs: list[tuple[Movement, Movement, int]] = []
    waiting: list[tuple[Movement, int]] = []
    for movement in movements:
        if movement.direction == IN:
            if movement.dollars:
                waiting.append((movement, movement.dollars))
            continue
        if not movement.from_balance:
            continue
        left, oldest = movement.dollars, movement.at - window_ms
        while waiting and left:
            came, rest = waiting[0]
            if came.at < oldest:
                del waiting[0]
                continue
            taken = min(rest, left)
            pairs.append((came, movement, taken))
            left -= taken
            if taken == rest:
                del waiting[0]
            else:
                waiting[0] = (came, rest - taken)
    return pairs


def as_evidence(pairs: Iterable[tuple[Movement, Movement, int]]) -> tuple[Pair, ...]:
    """Return the pairs by the movements' ids."""
    return tuple([Pair(came.id, went.id, cents) for came, went, cents in pairs])
