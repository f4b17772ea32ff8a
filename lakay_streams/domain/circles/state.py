"""A circle's running totals: how often each event happened, and how much came in and went out.

Amounts are minor units of the circle's currency, times event times in ms UTC. The caller drops duplicates (`dedup`).
"""

from __future__ import annotations

from typing import NamedTuple

from lakay_streams.domain.events import CircleEvent


class CircleState(NamedTuple):
    """One circle. `counts` holds (event type, count) in order of first appearance."""

    seen: bytes = b""
    counts: tuple[tuple[str, int], ...] = ()
    last_event_at: int | None = None
    contributed_minor: int = 0
    paid_out_minor: int = 0


NEW_CIRCLE = CircleState()
"""The state of a circle before its first event."""


def observe(state: CircleState, event: CircleEvent, seen: bytes | None = None) -> CircleState:
    """Return the totals with one more event; `seen` is the ring of event ids the result carries."""
    amount = event.amount_minor or 0
    kind, at = event.event_type, event.occurred_at
    return CircleState(
        state.seen if seen is None else seen,
        counted(state.counts, kind),
        at if state.last_event_at is None else max(at, state.last_event_at),
        state.contributed_minor + (amount if kind == "circle-contribution-received" else 0),
        state.paid_out_minor + (amount if kind == "circle-payout-executed" else 0),
    )


def counted(counts: tuple[tuple[str, int], ...], name: str) -> tuple[tuple[str, int], ...]:
    """Return the counts with one more of `name`."""
    if all(each != name for each, _ in counts):
        return (*counts, (name, 1))
    return tuple((each, count + 1 if each == name else count) for each, count in counts)
